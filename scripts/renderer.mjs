import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ensureInstalled } from './install.mjs'
import { repository } from './repository.mjs'
import { secondsSince } from './run-command.mjs'

const folder = join(repository, 'dist', 'renderer')
/** Beside the folder: nothing but the page is served from inside. */
const recordFile = join(repository, 'dist', 'renderer.json')

/**
 * Makes dist/renderer, the panel's page, be what the sources say. Does nothing when no source changed since the last time.
 *
 * @param {{ quiet?: boolean }} [options] quiet: no line when it went well
 * @throws when Vite refuses a source; dist/renderer then stays as it was
 */
export async function ensureRenderer({ quiet = false } = {}) {
  const startedMs = performance.now()
  const digest = digestOfSources()
  if (existsSync(join(folder, 'index.html')) && readRecord().digest === digest) return
  process.env.NODE_ENV = 'production' // Vite keeps what it finds, and with another word React's slow half is built in
  const { build } = await import('vite')
  const fresh = `${folder}.${process.pid}`
  try {
    const packages = new Set()
    await build({
      configFile: join(repository, 'vite.config.ts'),
      logLevel: 'warn',
      build: { outDir: fresh, emptyOutDir: true },
      plugins: [whichNotes(packages)],
      worker: { plugins: () => [whichNotes(packages)] },
    })
    rmSync(recordFile, { force: true })
    rmSync(folder, { recursive: true, force: true })
    renameSync(fresh, folder)
    writeFileSync(recordFile, `${JSON.stringify({ digest, packages: [...packages].sort((one, other) => (one < other ? -1 : 1)) })}\n`)
  } finally {
    rmSync(fresh, { recursive: true, force: true })
  }
  if (!quiet) console.log(`build: dist/renderer in ${secondsSince(startedMs)}`)
}

/** `packages` are the names of those whose code went into the page. */
export function readRecord() {
  try {
    return JSON.parse(readFileSync(recordFile, 'utf8'))
  } catch {
    return { digest: undefined, packages: [] } // not built yet, or by an older script
  }
}

/** A plugin that notes the packages of which something is left in what is written. */
function whichNotes(packages) {
  return {
    name: 'which-packages',
    generateBundle(_options, bundle) {
      for (const { modules = {} } of Object.values(bundle)) {
        for (const id of Object.keys(modules)) {
          const name = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(id)?.[1]
          if (name !== undefined) packages.add(name)
        }
      }
    },
  }
}

function digestOfSources() {
  const hash = createHash('sha256')
  const files = ['src-renderer', 'src-main/contract', 'runtime/api', 'runtime/base']
    .flatMap((tree) => readdirSync(join(repository, tree), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort((one, other) => (one < other ? -1 : 1))
  for (const file of [
    ...files,
    ...['vite.config.ts', 'package-lock.json'].map((name) => join(repository, name)),
    fileURLToPath(import.meta.url),
  ]) {
    const { size, mtimeMs } = statSync(file)
    hash.update(`${file} ${size} ${mtimeMs}\n`)
  }
  return hash.digest('hex')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  ensureInstalled()
  await ensureRenderer()
}
