import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { commands as runtimeCommands } from '#runtime/cli/commands.ts'
import type { Terminal } from '#runtime/cli/command.ts'
import { prepareCommandLine } from '#runtime/cli/run-command-line.ts'
import { panelCommands } from '#src-main/cli/panel-commands.ts'
import { readText, repository } from '../tidy/repository-files.ts'

const commands = [...panelCommands, ...runtimeCommands]
const { scripts } = JSON.parse(readText('package.json')) as { scripts: Record<string, string> } // our own file

/** The words behind `shoal`, however it is called; undefined where something else is. */
export function wordsOfShoal(words: readonly string[]): string[] | undefined {
  const [program = '', ...rest] = words
  if (program === 'shoal' || program.endsWith('/bin/shoal')) return rest
  const isScript = program === 'npm' && rest[0] === 'run' && rest.includes('shoal') && rest.includes('--')
  return isScript ? rest.slice(rest.indexOf('--') + 1) : undefined
}

/** What is wrong with a command line of ours, in the words that a user would see; undefined when it can be carried out. Nothing is done. */
export async function findUsageFault(words: readonly string[]): Promise<string | undefined> {
  try {
    await prepareCommandLine(commands, words)
    return undefined
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return message.includes('needs a terminal') ? undefined : message // a user has one
  }
}

/**
 * The same for a command that is only mentioned, where values may be left out: its names and flags exist.
 * `…` and words in capitals stand for others.
 */
export async function findUnknownName(words: readonly string[]): Promise<string | undefined> {
  const own = words.slice(0, words.includes('--') ? words.indexOf('--') : words.length)
  const [command, ...rest] = own.filter((word) => word !== '…')
  if (command === undefined || /^[A-Z]/.test(command)) return undefined
  const first = rest[0] !== undefined && /^[a-z][a-z-]*$/.test(rest[0]) ? rest[0] : undefined
  const isNoun = ['job', 'machine', 'cluster'].includes(command)
  if (command === '--help' || command === '--version') return undefined
  try {
    const help =
      isNoun && first === undefined ? await helpOf(command) : await helpOf(command, ...(isNoun && first !== undefined ? [first] : []))
    const flags = new Set(help.match(/(?<![\w-])--[a-z][\w-]*/g) ?? [])
    const unknown = own
      .map((word) => word.split('=')[0] ?? '')
      .filter((word) => word.startsWith('--') && word !== '--help' && !flags.has(word))
    return unknown.length === 0 || (isNoun && first === undefined)
      ? undefined
      : `shoal ${command} ${first ?? ''} has no flag ${unknown.join(', ')}`
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** What `--help` of a command prints. @throws UsageError when there is none of that name */
async function helpOf(...words: readonly string[]): Promise<string> {
  let text = ''
  const terminal: Terminal = {
    print: (line) => void (text += `${line}\n`),
    warn: () => {},
    isJson: false,
    isInteractive: false,
    onInterrupt: () => {},
  }
  const run = await prepareCommandLine(commands, [...words, '--help'])
  await run(terminal)
  return text
}

/** What is wrong with a command that is no `shoal`: scripts, programs and folders of ours that do not exist. `null` where we know nothing of it. */
export function findScriptFault(words: readonly string[]): string | null | undefined {
  const [program = '', ...rest] = words
  const missing = rest.filter((word) => /^(scripts|test|examples|docs|runtime)\//.test(word) && !existsSync(join(repository, word)))
  if (missing.length > 0) return `${missing.join(', ')} does not exist`
  if (program === 'npm') return findNpmFault(rest)
  if (program === 'npx') return rest[0] === 'vitest' ? undefined : null
  return ['cd', 'node', 'export', 'git'].includes(program) ? undefined : null
}

function findNpmFault([verb = '', ...rest]: readonly string[]): string | undefined {
  const script = verb === 'run' ? rest.find((word) => !word.startsWith('-')) : ['start', 'test'].includes(verb) ? verb : undefined
  if (script === '…') return undefined
  if (script !== undefined) return script in scripts ? undefined : `package.json has no script ${script}`
  return ['ci', 'install', 'run'].includes(verb) ? undefined : `npm ${verb} is not known here`
}
