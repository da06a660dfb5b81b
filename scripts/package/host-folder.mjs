import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { outsideOfBundles } from '../build.mjs'
import { architectures } from '../payload.mjs'
import { noticesOf } from '../payload/notices.mjs'
import { packageFolder } from '../payload/npm-package.mjs'
import { strippedBinary } from '../payload/strip-binary.mjs'
import { readRecord } from '../renderer.mjs'
import { repository } from '../repository.mjs'

const host = join(repository, 'dist', 'host')

const byName = (one, other) => (one < other ? -1 : 1)

/**
 * Makes dist/host: an installation of the panel that no checkout is needed for, as plain files, as nothing but Electron reads Electron's archive. What it
 * is made of must be built already.
 * @returns {string} the folder
 */
export function stageHost() {
  rmSync(host, { recursive: true, force: true })
  const { version } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'))
  const manifest = { name: 'shoal', version, private: true, type: 'module' }
  write('package.json', `${JSON.stringify(manifest)}\n`)
  copy('dist/panel', (path) => !/\.map$|build\.json$/.test(path)) // the record of the build names times and folders
  copyPayloads(version)
  copy('dist/renderer') // for a browser that is sent to the same host
  copy('examples/samples')
  copy('LICENSE')
  const packages = withDependencies(outsideOfBundles)
  for (const name of packages) copyPackage(name)
  write('THIRD-PARTY-NOTICES', noticesOf([...new Set([...packages, ...bundledPackages()])].sort(byName).map((name) => ({ name }))))
  stageNode()
  return host
}

/** Names of the npm packages inside of what is bundled: the runtime, the panel and its page, and the desktop app where it is built. */
export function bundledPackages() {
  const records = ['runtime', 'panel', 'desktop']
    .map((part) => join(repository, 'dist', part, 'build.json'))
    .filter((path) => existsSync(path))
  const names = records.flatMap((path) => JSON.parse(readFileSync(path, 'utf8')).packages)
  return [...new Set([...names, ...readRecord().packages])].sort(byName)
}

/** Those of this version, with as much of their records as the panel reads. */
function copyPayloads(version) {
  for (const arch of architectures) {
    const name = `shoal-${version}-linux-${arch}`
    const record = join(repository, 'dist', 'payload', `${name}.json`)
    if (!existsSync(record)) continue
    copy(`dist/payload/${name}.tar.gz`)
    write(`dist/payload/${name}.json`, payloadRecord(JSON.parse(readFileSync(record, 'utf8'))))
  }
}

/** What the panel reads of the record beside an archive; the rest of it depends on when and where the archive was made. */
export const payloadRecord = ({ sha256, sizeBytes }) => `${JSON.stringify({ sha256, sizeBytes })}\n`

function stageNode() {
  const folder = packageFolder(`node-${process.platform}-${process.arch}`)
  const name = process.platform === 'win32' ? 'node.exe' : 'node'
  const binary = join(folder, 'bin', name)
  const content = process.platform === 'linux' ? strippedBinary(binary, process.arch) : readFileSync(binary)
  write(join('bin', name), content)
  chmodSync(join(host, 'bin', name), 0o755)
}

function copy(path, filter = () => true) {
  const from = join(repository, path)
  if (existsSync(from)) cpSync(from, join(host, path), { recursive: true, filter })
}

/** Of koffi's parts for all systems, those that are installed here. */
function copyPackage(name) {
  const folder = join(repository, 'node_modules', name)
  cpSync(folder, join(host, 'node_modules', name), {
    recursive: true,
    filter: (path) => !/\.(md|map|ts|cc|c|h|hpp|gyp)$|\/(test|examples|doc|vendor|node_modules)$/.test(path.slice(folder.length)),
  })
}

/** Packages, what they need, and their native parts for this system. Without its own native part ssh2 does the same in JavaScript. */
function withDependencies(names) {
  const all = new Set(names)
  for (const name of all) {
    const { dependencies = {}, optionalDependencies = {} } = JSON.parse(
      readFileSync(join(repository, 'node_modules', name, 'package.json'), 'utf8'),
    )
    for (const next of Object.keys(dependencies)) all.add(next) // grows as it goes
    const native = Object.keys(optionalDependencies).filter((next) => next.startsWith('@'))
    for (const next of native) if (existsSync(join(repository, 'node_modules', next, 'package.json'))) all.add(next)
  }
  return [...all].sort(byName)
}

function write(path, content) {
  const file = join(host, path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, content)
}
