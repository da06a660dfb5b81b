import { spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runtimeNode } from '#runtime/session/daemon.ts'
import { outcomeOf } from '../runtime/cli/support.ts'
import { repository } from '../tidy/repository-files.ts'
import type { Block } from './pages.ts'

/** A block of the documentation as a file. `line`: of the page, for a line of the file. */
export type Program = { readonly block: Block; readonly file: string; readonly hasOwnCluster: boolean }

export type Printed = { readonly file: string; readonly line: number; readonly text: string }
export type Run = { readonly printed: readonly Printed[] /** By file: what it threw. */; readonly failures: ReadonlyMap<string, string> }

export const isProgram = ({ language }: Block): boolean => ['ts', 'typescript', 'js', 'javascript'].includes(language)

const recorder = join(repository, 'test/docs/record-output.ts')
const shoal = join(repository, 'dist/runtime/cli.mjs')

/**
 * Writes each block into a file of its own whose lines are those of the block. One that neither imports the SDK nor joins a cluster gets
 * both from us, as the guide promises.
 */
export function writePrograms(blocks: readonly Block[], folder: string): Program[] {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  return blocks.map((block) => {
    const code = block.lines.join('\n')
    const hasOwnCluster = code.includes('shoal.init(')
    const file = `${block.at.replaceAll('/', '.').replace(':', '.')}.${block.language.startsWith('j') ? 'js' : 'ts'}`
    const first = `import ${JSON.stringify(recorder)}; ${/from 'shoal'/.test(code) ? '' : "import * as shoal from 'shoal'; "}`
    writeFileSync(join(folder, file), `${first}${code}\nexport {}\n`)
    return { block, file, hasOwnCluster }
  })
}

/** Runs one program as a user does: `shoal run FILE`. */
export async function runAlone({ file }: Program, folder: string): Promise<Run> {
  const { printed, code, output } = await runFile(file, folder)
  return { printed, failures: new Map(code === 0 ? [] : [[file, `it ended with ${code}:\n${output}`]]) }
}

/** Runs programs one after the other in one process, on one cluster. */
export async function runTogether(programs: readonly Program[], folder: string): Promise<Run> {
  const main = `import * as shoal from 'shoal'
const tell = (line) => process.stdout.write('\\u001e' + JSON.stringify(line) + '\\n')
await shoal.init({ numCpus: 2, onWarning: () => {} })
for (const file of ${JSON.stringify(programs.map(({ file }) => file))}) {
  tell({ begun: file })
  try {
    await import('./' + file)
  } catch (error) {
    tell({ failed: file, text: String(error?.stack ?? error) })
  }
}
tell({ begun: 'the end' })
await shoal.shutdown()
`
  writeFileSync(join(folder, 'main.js'), main)
  const { printed, notes, code, output } = await runFile('main.js', folder)
  const failures = new Map(notes.flatMap(({ failed, text }) => (failed === undefined ? [] : [[failed, text ?? ''] as const])))
  const last = notes.findLast(({ begun }) => begun !== undefined)?.begun
  if (last !== 'the end') failures.set(last ?? 'main.js', `it did not end, or ended the process with ${code}:\n${output}`)
  return { printed, failures }
}

type Note = { readonly begun?: string; readonly failed?: string; readonly text?: string }

async function runFile(file: string, folder: string): Promise<{ printed: Printed[]; notes: Note[]; code: number | null; output: string }> {
  const { SHOAL_ADDRESS: _address, SHOAL_TEMP_DIR: _tempDir, SHOAL_ENGINE: _engine, ...env } = process.env
  const child = spawn(runtimeNode(), [shoal, 'run', file], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] })
  const timer = setTimeout(() => child.kill('SIGKILL'), 180_000)
  const { code, stdout, stderr } = await outcomeOf(child)
  clearTimeout(timer)
  const lines = stdout.split('\n')
  const told = lines.flatMap((line) => (line.startsWith('\u001e') ? [JSON.parse(line.slice(1)) as Partial<Printed> & Note] : [])) // written by record-output.ts and main.js
  const printed = told.flatMap(({ file: where, line, text }) =>
    where === undefined || line === undefined ? [] : [{ file: where, line, text: text ?? '' }],
  )
  const others = lines.filter((line) => !line.startsWith('\u001e')).join('\n')
  return { printed, notes: told, code, output: (others + stderr).slice(-2_000) }
}

const stated = /\bconsole\.log\(.*\)\s*\/\/\s*(.*?)\s*$/

/** What comments behind `console.log` say and the program did not print, each with its place. `…` stands for anything. */
export function findUntrueResults({ block, file }: Program, printed: readonly Printed[]): string[] {
  return block.lines.flatMap((line, index) => {
    const [, wanted] = stated.exec(line) ?? []
    if (wanted === undefined) return []
    const at = `${block.page}:${block.line + index}`
    const seen = printed.filter((each) => each.file === file && each.line === index + 1).map(({ text }) => plain(text))
    if (seen.length === 0) return [`${at} says that it prints ${wanted}, and it printed nothing`]
    const text = seen.join(', ')
    return matches(plain(wanted), text) ? [] : [`${at} says that it prints ${wanted}, and it printed ${text}`]
  })
}

const plain = (text: string): string => text.replace(/\s+/g, ' ').trim()

function matches(wanted: string, text: string): boolean {
  const parts = wanted.split('…').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`))
  return new RegExp(`^${parts.join('.*')}$`).test(text)
}
