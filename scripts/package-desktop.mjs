import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ensureBuilt } from './build.mjs'
import { ensureInstalled } from './install.mjs'
import { ensurePayloads } from './payload.mjs'
import { noticesOf } from './payload/notices.mjs'
import { packageFolder } from './payload/npm-package.mjs'
import { strippedBinary } from './payload/strip-binary.mjs'
import { ensureRenderer } from './renderer.mjs'
import { repository } from './repository.mjs'
import { runOnThisTerminal } from './run-command.mjs'

// `npm run package`: installers of the desktop app for this computer's system and processor, in dist/packages. `-- --dir` makes the app alone,
// without an installer; further words are electron-builder's.
const words = process.argv.slice(2)
const host = join(repository, 'dist', 'host')
const { version } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'))
/** What the bundle of the host leaves to node_modules: it brings native parts. */
const outside = ['koffi', 'ssh2', '@napi-rs/keyring']

const byName = (one, other) => (one < other ? -1 : 1)

ensureInstalled()
await ensureBuilt({ parts: ['runtime', 'panel', 'desktop'] })
await ensureRenderer()
ensurePayloads()
stageHost()
const builder = join(repository, 'node_modules', 'electron-builder', 'cli.js')
process.exitCode = await runOnThisTerminal(process.execPath, [builder, '--publish', 'never', ...words], { cwd: repository })

/** An installation of the panel that no checkout is needed for, as plain files: nothing but Electron reads Electron's archive. */
function stageHost() {
  rmSync(host, { recursive: true, force: true })
  const manifest = { name: 'shoal', version, private: true, type: 'module' }
  write('package.json', `${JSON.stringify(manifest)}\n`)
  copy('dist/panel', (path) => !path.endsWith('.map'))
  copy('dist/payload')
  copy('dist/renderer') // for a browser that is sent to the same host
  copy('examples/samples')
  copy('LICENSE')
  const packages = withDependencies(outside)
  for (const name of packages) copyPackage(name)
  const { packages: bundled } = JSON.parse(readFileSync(join(repository, 'dist', 'panel', 'build.json'), 'utf8'))
  write('THIRD-PARTY-NOTICES', noticesOf([...new Set([...packages, ...bundled])].sort(byName).map((name) => ({ name }))))
  stageNode()
}

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
