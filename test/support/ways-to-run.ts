import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build, transform } from 'esbuild'
import { runtimeNode } from '#runtime/session/daemon.ts'
import { userNode } from './run-program.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const source = readFileSync(join(root, 'test/fixtures/programs/portable.ts'), 'utf8')
/** As `npx tsx` runs it. */
const tsx = [join(root, 'node_modules/tsx/dist/cli.mjs')]

/** A folder as a user has it, where the package is installed. */
export function makeUserFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-closures-'))
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(root, join(folder, 'node_modules', 'shoal'))
  return folder
}

const toScript = async (format: 'esm' | 'cjs'): Promise<string> =>
  (await transform(source, { loader: 'ts', format, target: 'node20' })).code

async function bundled(folder: string, minify: boolean): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: source, loader: 'ts', resolveDir: folder },
    ...{ bundle: true, platform: 'node', format: 'esm', external: ['shoal'], target: 'node20', write: false, minify, keepNames: minify },
  })
  return outputFiles[0]?.text ?? ''
}

/** A way to run a program, JavaScript made of it first where it needs that. */
export type Way = {
  readonly name: string
  readonly node: () => string
  readonly args?: readonly string[]
  readonly file: string
  readonly text: (folder: string) => string | Promise<string>
}

/** Those that closures have to travel with. */
export const ways: readonly Way[] = [
  { name: 'ES modules on the Node of the user', node: userNode, file: 'esm.mjs', text: () => toScript('esm') },
  { name: 'require in CommonJS on the Node of the user', node: userNode, file: 'common.cjs', text: () => toScript('cjs') },
  { name: 'tsx, as an ES module', node: userNode, args: tsx, file: 'tsx-module.mts', text: () => source },
  { name: 'tsx, as CommonJS', node: userNode, args: tsx, file: 'tsx-common.ts', text: () => source },
  // The command `tsx x.cts` goes through loader hooks in which Node 20 cannot require an ES module; its require hook can.
  {
    name: 'tsx, as a .cts file',
    node: userNode,
    args: ['--require', join(root, 'node_modules/tsx/dist/cjs/index.cjs')],
    file: 'tsx-common.cts',
    text: () => source,
  },
  { name: 'type stripping of Node 24', node: runtimeNode, file: 'stripped.mts', text: () => source },
  { name: 'a bundle of esbuild', node: userNode, file: 'bundle.mjs', text: (folder) => bundled(folder, false) },
  { name: 'a minified bundle of esbuild', node: userNode, file: 'minified.mjs', text: (folder) => bundled(folder, true) },
]

/** Runs `test/fixtures/programs/portable.ts` in that way; resolves with what it printed. @throws Error with its output when it fails */
export async function runInWay(
  { node, args = [], file, text }: Way,
  folder: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<string> {
  const path = join(folder, file)
  writeFileSync(path, await text(folder))
  const { stdout } = await promisify(execFile)(node(), ['--no-warnings', ...args, path], { cwd: folder, env })
  return stdout
}
