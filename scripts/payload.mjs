import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { ensureBuilt } from './build.mjs'
import { ensureInstalled } from './install.mjs'
import { noticesOf } from './payload/notices.mjs'
import { packageFolder } from './payload/npm-package.mjs'
import { strippedBinary } from './payload/strip-binary.mjs'
import { sha256, sha256SumsOf, tarOf } from './payload/tar-archive.mjs'
import { repository } from './repository.mjs'
import { secondsSince } from './run-command.mjs'

// `npm run payload`: the archives that a machine needs to be part of a cluster. `-- --arch x64` makes the one.
export const architectures = ['x64', 'arm64']
/** What an upload over SSH should not exceed; a bigger archive fails the build. */
const limitBytes = 45 * 1024 * 1024

const bundleFolder = join(repository, 'dist', 'runtime')
const payloadFolder = join(repository, 'dist', 'payload')
const { version } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'))

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const wanted = process.argv[2] === '--arch' ? process.argv[3] : undefined
  if (process.argv.length > 2 && !architectures.includes(wanted)) {
    console.error(`usage: npm run payload [-- --arch ${architectures.join('|')}]`)
    process.exit(2)
  }
  ensureInstalled()
  await ensureBuilt()
  for (const arch of wanted === undefined ? architectures : [wanted]) writeArchive(arch)
}

/**
 * Makes the archives that machines get be what the sources say; does nothing (2 ms) where they are. That for arm64 takes a download, so it is kept
 * up only where `npm run payload` has made it once. One that cannot be made is left out with a line.
 */
export function ensurePayloads() {
  for (const arch of architectures) {
    const record = recordOf(arch)
    if (arch !== 'x64' && record === undefined) continue
    if (record?.builtFrom === builtFrom() && existsSync(join(payloadFolder, `${nameOf(arch)}.tar.gz`))) continue
    try {
      writeArchive(arch)
    } catch (error) {
      console.error(`payload: none for linux-${arch}, so machines with that processor are left out: ${error.message}`)
    }
  }
}

/** The build, the packages and this script: all that an archive is made of. */
function builtFrom() {
  const { digest } = JSON.parse(readFileSync(join(bundleFolder, 'build.json'), 'utf8'))
  return `${digest} ${sha256(readFileSync(join(repository, 'package-lock.json')))} ${sha256(readFileSync(fileURLToPath(import.meta.url)))}`
}

function nameOf(arch) {
  return `shoal-${version}-linux-${arch}`
}

function recordOf(arch) {
  const file = join(payloadFolder, `${nameOf(arch)}.json`)
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined
}

/**
 * Makes the archive of one platform, whatever was made before.
 * @param {'x64' | 'arm64'} arch
 * @returns {{ path: string, record: { sha256: string, sizeBytes: number }, packages: { name: string, version: string }[],
 *   files: import('./payload/tar-archive.mjs').ArchiveFile[] }} packages: of others, inside
 * @throws when its Node cannot be had, or the archive is too large
 */
export function makePayload(arch) {
  writeArchive(arch)
  const { sha256: hash, sizeBytes } = recordOf(arch)
  const packages = packagesInside(packageFolder(`node-linux-${arch}`), arch).map(({ name, folder }) => ({
    name,
    version: versionOf(name, folder),
  }))
  return { path: join(payloadFolder, `${nameOf(arch)}.tar.gz`), record: { sha256: hash, sizeBytes }, packages, files: listFiles(arch) }
}

/** Compresses (3 s; the highest level takes 8 s for 0.1 MiB less) only when the files changed since the last time: the record beside the archive holds what it was made of. */
function writeArchive(arch) {
  const startedMs = performance.now()
  const name = nameOf(arch)
  const archive = join(payloadFolder, `${name}.tar.gz`)
  const tar = tarOf(listFiles(arch).map((file) => ({ ...file, path: `shoal-${version}/${file.path}` })))
  const madeOf = sha256(tar)
  const before = recordOf(arch)
  const isSame = before?.madeOf === madeOf && existsSync(archive)
  const compressed = isSame ? undefined : gzipSync(tar, { level: 6 })
  mkdirSync(payloadFolder, { recursive: true })
  if (compressed !== undefined) {
    writeFileSync(`${archive}.${process.pid}`, compressed)
    renameSync(`${archive}.${process.pid}`, archive)
  }
  const { sha256: hash, sizeBytes } = compressed === undefined ? before : { sha256: sha256(compressed), sizeBytes: compressed.length }
  writeFileSync(join(payloadFolder, `${name}.json`), `${JSON.stringify({ madeOf, builtFrom: builtFrom(), sha256: hash, sizeBytes })}\n`)
  console.error(
    `payload: dist/payload/${name}.tar.gz, ${(sizeBytes / 1024 / 1024).toFixed(1)} MiB, sha256 ${hash} (${secondsSince(startedMs)})`,
  )
  if (sizeBytes > limitBytes) throw new Error(`${name}.tar.gz is larger than the ${limitBytes / 1024 / 1024} MiB that a payload may have`)
}

function listFiles(arch) {
  const node = packageFolder(`node-linux-${arch}`)
  const files = [
    { path: 'bin/node', content: strippedBinary(join(node, 'bin', 'node'), arch), isExecutable: true },
    { path: 'bin/shoal', content: readFileSync(join(repository, 'scripts', 'payload', 'launcher.sh')), isExecutable: true },
    { path: 'LICENSE', content: readFileSync(join(repository, 'LICENSE')) },
    { path: 'THIRD-PARTY-NOTICES', content: Buffer.from(noticesFor(node, arch)) },
    ...listBundle(),
    ...listKoffi(arch),
  ]
  return [...files, { path: 'SHA256SUMS', content: Buffer.from(sha256SumsOf(files)) }]
}

function noticesFor(node, arch) {
  return noticesOf(packagesInside(node, arch))
}

/** What others wrote of what is in an archive. */
function packagesInside(node, arch) {
  const { packages } = JSON.parse(readFileSync(join(bundleFolder, 'build.json'), 'utf8'))
  const native = `@koromix/koffi-linux-${arch}`
  return [
    ...withTheirOwn(packages).map((name) => ({ name })),
    { name: 'koffi' },
    { name: native, folder: packageFolder(native) },
    { name: 'Node.js', folder: node },
  ]
}

const versionOf = (name, folder = join(repository, 'node_modules', name)) =>
  JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).version

/** Packages and what they depend on: some bring that inside a bundle of their own. */
function withTheirOwn(names) {
  const all = new Set(names)
  for (const name of all) {
    // grows as it goes
    const { dependencies = {} } = JSON.parse(readFileSync(join(repository, 'node_modules', name, 'package.json'), 'utf8'))
    for (const dependency of Object.keys(dependencies)) all.add(dependency)
  }
  return [...all].sort((one, other) => one.localeCompare(other))
}

/** Our code. A program finds `shoal` through lib/resolve-shoal.mjs, wherever it lies. */
function listBundle() {
  const scripts = readdirSync(bundleFolder).filter((name) => name.endsWith('.mjs'))
  const missing = [
    'shoal.mjs',
    'resolve-shoal.mjs',
    'head.mjs',
    'history.mjs',
    'agent.mjs',
    'worker.mjs',
    'ray-worker.mjs',
    'cli.mjs',
  ].filter((name) => !scripts.includes(name))
  if (missing.length > 0) throw new Error(`dist/runtime has no ${missing.join(', ')}: a payload without it starts nothing`)
  const json = (value) => Buffer.from(`${JSON.stringify(value)}\n`)
  return [
    ...scripts.map((name) => ({ path: `lib/${name}`, content: readFileSync(join(bundleFolder, name)) })),
    ...listRayBridge(),
    { path: 'lib/package.json', content: json({ name: 'shoal-payload', version, private: true, type: 'module' }) },
  ]
}

/** The Python side of programs on Ray, beside the bundles that start it. */
function listRayBridge() {
  const folder = join(bundleFolder, 'ray-bridge')
  const names = ['driver.py', ...readdirSync(join(folder, 'shoal_ray')).map((name) => `shoal_ray/${name}`)]
  return names.map((name) => ({ path: `lib/ray-bridge/${name}`, content: readFileSync(join(folder, name)) }))
}

/** koffi as import finds it, with the native part for glibc on this processor alone: 1.2 of 4 MB. */
function listKoffi(arch) {
  const native = `@koromix/koffi-linux-${arch}`
  const take = (name, files) =>
    files.map((file) => ({ path: `lib/node_modules/${name}/${file}`, content: readFileSync(join(packageFolder(name), file)) }))
  return [
    ...take('koffi', ['package.json', 'index.js', 'index.cjs', 'src/koffi/index.js', 'src/koffi/index.cjs', 'src/koffi/src/static.js']),
    ...take(
      'koffi',
      ['src/koffi/src/static.cjs'].filter((file) => existsSync(join(packageFolder('koffi'), file))),
    ),
    ...take(native, ['package.json', 'index.js', `linux_${arch}/koffi.node`]),
  ]
}
