import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
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
const architectures = ['x64', 'arm64']
/** What an upload over SSH should not exceed; a bigger archive fails the build. */
const limitBytes = 45 * 1024 * 1024

const bundleFolder = join(repository, 'dist', 'runtime')
const payloadFolder = join(repository, 'dist', 'payload')
const { version } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'))

const wanted = process.argv[2] === '--arch' ? process.argv[3] : undefined
if (process.argv.length > 2 && !architectures.includes(wanted)) {
  console.error(`usage: npm run payload [-- --arch ${architectures.join('|')}]`)
  process.exit(2)
}
ensureInstalled()
await ensureBuilt()
for (const arch of wanted === undefined ? architectures : [wanted]) writeArchive(arch)

/** Compresses (8 s) only when the files changed since the last time: the record beside the archive holds what it was made of. */
function writeArchive(arch) {
  const startedMs = performance.now()
  const name = `shoal-${version}-linux-${arch}`
  const archive = join(payloadFolder, `${name}.tar.gz`)
  const recordFile = join(payloadFolder, `${name}.json`)
  const tar = tarOf(listFiles(arch).map((file) => ({ ...file, path: `shoal-${version}/${file.path}` })))
  const madeOf = sha256(tar)
  const record = existsSync(archive) && existsSync(recordFile) ? JSON.parse(readFileSync(recordFile, 'utf8')) : undefined
  if (record?.madeOf !== madeOf) {
    mkdirSync(payloadFolder, { recursive: true })
    const compressed = gzipSync(tar, { level: 9 })
    writeFileSync(`${archive}.${process.pid}`, compressed)
    renameSync(`${archive}.${process.pid}`, archive)
    writeFileSync(recordFile, `${JSON.stringify({ madeOf, sha256: sha256(compressed), sizeBytes: compressed.length })}\n`)
  }
  const { sha256: hash, sizeBytes } = JSON.parse(readFileSync(recordFile, 'utf8'))
  console.log(
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
  const { packages } = JSON.parse(readFileSync(join(bundleFolder, 'build.json'), 'utf8'))
  const native = `@koromix/koffi-linux-${arch}`
  return noticesOf([
    ...withTheirOwn(packages).map((name) => ({ name })),
    { name: 'koffi' },
    { name: native, folder: packageFolder(native) },
    { name: 'Node.js', folder: node },
  ])
}

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
  const missing = ['shoal.mjs', 'resolve-shoal.mjs', 'head.mjs', 'history.mjs', 'agent.mjs', 'worker.mjs', 'cli.mjs'].filter(
    (name) => !scripts.includes(name),
  )
  if (missing.length > 0) throw new Error(`dist/runtime has no ${missing.join(', ')}: a payload without it starts nothing`)
  const json = (value) => Buffer.from(`${JSON.stringify(value)}\n`)
  return [
    ...scripts.map((name) => ({ path: `lib/${name}`, content: readFileSync(join(bundleFolder, name)) })),
    { path: 'lib/package.json', content: json({ name: 'shoal-payload', version, private: true, type: 'module' }) },
  ]
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
