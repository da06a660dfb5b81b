import { execFile } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { buildSync, transformSync } from 'esbuild'

const root = resolve(import.meta.dirname, '../../../..')
export const fixtures = join(root, 'test/fixtures/closure')
const bundledNode = join(root, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin/node')
/** What daemons and workers run on. */
export const node24 = existsSync(bundledNode) ? bundledNode : process.execPath
/** What a user's driver may run on: whichever Node runs these tests, 20 or newer. */
export const ownNode = process.execPath

export type Workshop = { folder: string; library: string; dispose(): void }

/** A scratch folder inside the repository, so that packages are found from it, with capture and rebuild as one file. */
export function openWorkshop(): Workshop {
  mkdirSync(join(root, '.cache'), { recursive: true })
  const folder = mkdtempSync(join(root, '.cache', 'closure-'))
  const library = join(folder, 'library.mjs')
  const banner = "import{createRequire as $createRequire}from'node:module';const require=$createRequire(import.meta.url);"
  buildSync({
    stdin: {
      contents: "export * from './capture.ts'; export * from './rebuild.ts'",
      resolveDir: join(root, 'runtime/sdk/closure'),
      loader: 'ts',
    },
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    banner: { js: banner },
    outfile: library,
  })
  return { folder, library, dispose: () => rmSync(folder, { recursive: true, force: true }) }
}

export type Way = { node: string; flags: readonly string[]; prepare(folder: string, entry: string): string }

/** The fixture program, file by file, as `extension` modules of another format. */
function perFile(folder: string, entry: string, { format, extension }: { format: 'esm' | 'cjs'; extension: string }): string {
  for (const name of readdirSync(fixtures).filter((one) => one.endsWith('.ts'))) {
    const { code } = transformSync(readFileSync(join(fixtures, name), 'utf8'), {
      loader: 'ts',
      format,
      platform: 'node',
      target: 'node20',
      sourcemap: 'inline',
      sourcefile: name,
    })
    writeFileSync(join(folder, name.replace(/ts$/, extension)), code.replace(/(["']\.\/[\w-]+)\.ts(["'])/g, `$1.${extension}$2`))
  }
  return join(folder, `${entry}.${extension}`)
}

/** As TypeScript, copied so that the folder can say which kind of module it holds. */
function copied(folder: string, entry: string, type: 'module' | 'commonjs'): string {
  for (const name of readdirSync(fixtures).filter((one) => one.endsWith('.ts'))) cpSync(join(fixtures, name), join(folder, name))
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type }))
  return join(folder, `${entry}.ts`)
}

function bundled(folder: string, entry: string, { format, minify }: { format: 'esm' | 'cjs'; minify: boolean }): string {
  const outfile = join(folder, format === 'esm' ? 'bundle.mjs' : 'bundle.cjs')
  buildSync({
    entryPoints: [join(fixtures, `${entry}.ts`)],
    outfile,
    bundle: true,
    platform: 'node',
    packages: 'external',
    format,
    minify,
    keepNames: minify,
    target: 'node20',
    sourcemap: 'inline',
  })
  return outfile
}

const tsx = ['--import', 'tsx']
export const ways: Record<string, Way> = {
  'TypeScript that Node 24 strips': { node: node24, flags: [], prepare: (folder, entry) => copied(folder, entry, 'module') },
  "tsx with ES modules on the driver's Node": { node: ownNode, flags: tsx, prepare: (folder, entry) => copied(folder, entry, 'module') },
  'tsx with ES modules on Node 24': { node: node24, flags: tsx, prepare: (folder, entry) => copied(folder, entry, 'module') },
  "tsx with CommonJS on the driver's Node": { node: ownNode, flags: tsx, prepare: (folder, entry) => copied(folder, entry, 'commonjs') },
  "plain .mjs on the driver's Node": {
    node: ownNode,
    flags: [],
    prepare: (folder, entry) => perFile(folder, entry, { format: 'esm', extension: 'mjs' }),
  },
  "plain .cjs on the driver's Node": {
    node: ownNode,
    flags: [],
    prepare: (folder, entry) => perFile(folder, entry, { format: 'cjs', extension: 'cjs' }),
  },
  'plain .cjs on Node 24': {
    node: node24,
    flags: [],
    prepare: (folder, entry) => perFile(folder, entry, { format: 'cjs', extension: 'cjs' }),
  },
  "an esbuild bundle on the driver's Node": {
    node: ownNode,
    flags: [],
    prepare: (folder, entry) => bundled(folder, entry, { format: 'esm', minify: false }),
  },
  'a minified esbuild bundle on Node 24': {
    node: node24,
    flags: [],
    prepare: (folder, entry) => bundled(folder, entry, { format: 'esm', minify: true }),
  },
  "a minified CommonJS bundle on the driver's Node": {
    node: ownNode,
    flags: [],
    prepare: (folder, entry) => bundled(folder, entry, { format: 'cjs', minify: true }),
  },
}

const run = promisify(execFile)

/** What the process printed on standard output. Rejects with its errors where it fails. */
export async function runProgram(node: string, args: readonly string[]): Promise<string> {
  const { stdout, stderr } = await run(node, [...args], { cwd: root, timeout: 50_000, maxBuffer: 64 * 1024 * 1024 })
  if (stderr.includes('Warning')) throw new Error(`the program printed a warning: ${stderr}`)
  return stdout
}
