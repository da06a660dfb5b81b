import { createHash } from 'node:crypto'
import { chmodSync, cpSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ensureInstalled } from './install.mjs'
import { repository } from './repository.mjs'
import { secondsSince } from './run-command.mjs'
import { swapFolder } from './swap-folder.mjs'

/** What each folder of dist/ holds, and what that is made of. What several of its files share becomes a chunk beside them. */
const outputs = {
  /** What machines of a cluster get, all of it. */
  runtime: {
    shoal: 'runtime/sdk/index.ts',
    'resolve-shoal': 'runtime/sdk/resolve-shoal.ts',
    head: 'runtime/head/main.ts',
    history: 'runtime/head/history/thread.ts',
    agent: 'runtime/node/main.ts',
    worker: 'runtime/worker/main.ts',
    'ray-worker': 'runtime/worker/ray/main.ts',
    cli: 'runtime/cli/main.ts',
  },
  /** What runs on the user's own computer. */
  panel: { cli: 'src-main/cli/main.ts' },
  /** What runs inside Electron. */
  desktop: { main: 'src-main/electron/main.ts', preload: 'src-main/electron/preload.ts' },
}
const folderOf = (name) => join(repository, 'dist', name)
const recordOf = (name) => join(folderOf(name), 'build.json')
/** The Python side of programs on Ray: it lies beside the bundles as it is. */
const rayBridge = join(repository, 'runtime', 'ray-bridge')
/** Not what Python leaves behind when it runs from the source. */
const isSource = (path) => !path.includes('__pycache__')
/** Not bundled: they bring native parts, which they find beside themselves. */
export const outsideOfBundles = ['koffi', 'ssh2', '@napi-rs/keyring']

/** Bundled CommonJS packages ask for `require`; the odd name keeps clear of any import of ours. */
const requireForBundledPackages =
  "import { createRequire as createRequireForBundle } from 'node:module'\nconst require = (id) => createRequireForBundle(import.meta.url)(id)"

const formOfNode = {
  outExtension: { '.js': '.mjs' },
  chunkNames: 'chunk-[name]-[hash]',
  splitting: true,
  format: 'esm',
  banner: { js: requireForBundledPackages },
}
/** A preload script in a sandbox is one file, and no module. */
const formOfElectron = { outExtension: { '.js': '.cjs' }, format: 'cjs' }

/** The largest package inside. Only a process that ships functions needs it: its code runs at the first `parse`, not at the start. */
const lazyAcorn = {
  name: 'lazy-acorn',
  setup(build) {
    build.onResolve({ filter: /^acorn$/ }, ({ namespace }) =>
      namespace === 'lazy-acorn' ? undefined : { path: 'acorn', namespace: 'lazy-acorn' },
    )
    build.onLoad({ filter: /^/, namespace: 'lazy-acorn' }, () => ({
      contents: "export const parse = (...args) => require('acorn').parse(...args)",
      resolveDir: repository,
    }))
  },
}

/**
 * Makes folders of dist/ be what the sources say. Does nothing when no source changed since the last time.
 *
 * @param {{ quiet?: boolean, parts?: readonly (keyof typeof outputs)[] }} [options] quiet: no line when it went well; parts: what the desktop
 * app alone needs is built where it is asked for
 * @throws when esbuild refuses a source; dist/ then stays as it was
 */
export async function ensureBuilt({ quiet = false, parts = ['runtime', 'panel'] } = {}) {
  const startedMs = performance.now()
  const digest = digestOfSources()
  const stale = parts.filter((name) => !existsSync(recordOf(name)) || JSON.parse(readFileSync(recordOf(name), 'utf8')).digest !== digest)
  for (const name of stale) {
    const packages = await bundle(name, digest)
    if (!quiet) console.log(`build: dist/${name} in ${secondsSince(startedMs)}, with ${packages.length} packages inside`)
  }
}

/** Bundles beside the old folder and swaps, so that a build that fails or is broken off leaves the old one whole. */
async function bundle(name, digest) {
  const { build } = await import('esbuild')
  const fresh = join(repository, 'dist', `${name}.${process.pid}`)
  rmSync(fresh, { recursive: true, force: true })
  try {
    const { metafile } = await build({
      absWorkingDir: repository,
      entryPoints: Object.entries(outputs[name]).map(([out, source]) => ({ in: source, out })),
      outdir: fresh,
      ...(name === 'desktop' ? formOfElectron : formOfNode),
      bundle: true,
      platform: 'node',
      target: 'node20.19',
      sourcemap: 'linked',
      legalComments: 'none',
      external: [...outsideOfBundles, 'electron'],
      plugins: [lazyAcorn],
      minifySyntax: true, // takes out code that cannot run
      minifyWhitespace: true, // every process parses its bundle when it starts
      metafile: true,
      logLevel: 'error',
    })
    const packages = packagesIn(metafile)
    if (name === 'desktop') cpSync(join(repository, 'src-main', 'electron', 'icons'), join(fresh, 'icons'), { recursive: true })
    else makeExecutable(join(fresh, 'cli.mjs'))
    if (name === 'runtime') cpSync(rayBridge, join(fresh, 'ray-bridge'), { recursive: true, filter: isSource })
    writeFileSync(join(fresh, 'build.json'), `${JSON.stringify({ digest, packages })}\n`)
    swapFolder(fresh, folderOf(name))
    return packages
  } finally {
    rmSync(fresh, { recursive: true, force: true })
  }
}

/** Names of the npm packages whose code went into the bundles, for the notices and the bill of materials. */
function packagesIn(metafile) {
  const inputs = Object.values(metafile.outputs).flatMap((output) => Object.entries(output.inputs))
  const names = inputs.map(([path, { bytesInOutput }]) =>
    bytesInOutput === 0 ? undefined : /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1],
  )
  return [...new Set(names.filter((name) => name !== undefined))].sort()
}

/** Puts the shebang before the bundle, and moves its source map down by that line. */
function makeExecutable(file) {
  const code = readFileSync(file, 'utf8')
  if (!code.startsWith('#!')) {
    writeFileSync(file, `#!/usr/bin/env node\n${code}`)
    const map = JSON.parse(readFileSync(`${file}.map`, 'utf8'))
    writeFileSync(`${file}.map`, JSON.stringify({ ...map, mappings: `;${map.mappings}` }))
  }
  chmodSync(file, 0o755)
}

/** Changes when a source is edited, added or removed, when a package changes, and when this script does. */
function digestOfSources() {
  const hash = createHash('sha256')
  const files = ['runtime', 'src-main']
    .flatMap((tree) => readdirSync(join(repository, tree), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .filter(isSource)
    .sort((one, other) => (one < other ? -1 : 1))
  for (const file of [...files, join(repository, 'package-lock.json'), fileURLToPath(import.meta.url)]) {
    const { size, mtimeMs } = statSync(file)
    hash.update(`${file} ${size} ${mtimeMs}\n`)
  }
  return hash.digest('hex')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  // `npm run build -- desktop` makes that part alone.
  const parts = process.argv.slice(2).filter((word) => word in outputs)
  ensureInstalled()
  await ensureBuilt(parts.length === 0 ? {} : { parts })
}
