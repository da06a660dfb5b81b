import { parseArgs } from 'node:util'
import { type Command, type FlagValues, type Run, UsageError } from './command.ts'
import { commandHelp } from './help.ts'
import { nearMissHint } from './near-miss.ts'
import { parseCommand } from './parse-command.ts'
import { reportError } from './report-error.ts'

/** One of the commands behind a noun, as `submit` in `shoal job submit`. */
export type Subcommand = Pick<Command, 'name' | 'summary' | 'usage' | 'flags' | 'notes' | 'examples'> & {
  /** `words`: what is no flag; `command`: what stands behind `--`, or begins with the first word that is no flag. */
  readonly prepare: (values: FlagValues, words: readonly string[]) => Run
  /** Everything from the first word on is a command line of the user. */
  readonly takesCommandLine?: true
}

/** `shoal <noun> …`: finds the subcommand, gives its help, reads its flags. Its entry needs `takesProgram`, as its words are its own. */
export function commandOf(noun: { name: string; summary: string; subcommands: readonly Subcommand[] }): Command {
  const { name: group, summary, subcommands } = noun
  const known = subcommands.map((each) => each.name)
  return {
    name: group,
    summary,
    usage: [`shoal ${group} <command> …`],
    flags: {},
    subcommands,
    notes: [`shoal ${group} <command> --help shows how one is called, and its flags.`],
    prepare(_values, [name, ...args]) {
      if (name === undefined) throw new UsageError(`${group} needs one of ${known.join(', ')}`)
      const own = args.slice(0, args.includes('--') ? args.indexOf('--') : args.length)
      const command = subcommands.find((each) => each.name === name)
      if (!command) {
        const error = new UsageError(
          `there is no ${group} command ${name}${nearMissHint(name, known) || `; there are ${known.join(', ')}`}`,
        )
        return own.includes('--json') ? asJson(() => Promise.reject(error)) : refuse(error)
      }
      if (own.includes('--help') || own.includes('-h')) return showHelp(command)
      const isAskedForJson = 'json' in command.flags && own.includes('--json') && (!command.takesCommandLine || args.includes('--'))
      try {
        const { values, words } = parseWords(group, command, args)
        const run = command.prepare(values, words)
        return values.has('json') ? asJson(run) : run
      } catch (error) {
        return isAskedForJson ? asJson(() => Promise.reject(error)) : refuse(error)
      }
    },
  }
}

/** What goes wrong is told as JSON too. */
const asJson =
  (run: Run): Run =>
  (terminal) =>
    run(terminal).catch((thrown: unknown) => reportError(thrown, { ...terminal, isJson: true }))

function refuse(error: unknown): never {
  throw error
}

const showHelp =
  (command: Subcommand): Run =>
  (terminal) => {
    const summary = `${command.summary.slice(0, 1).toUpperCase()}${command.summary.slice(1)}.`
    terminal.print(commandHelp({ ...command, summary, prepare: () => () => Promise.resolve(0) }))
    return Promise.resolve(0)
  }

/** Splits what was typed behind the subcommand into its flags and its words. @throws UsageError naming what is wrong. */
export function parseWords(group: string, command: Subcommand, args: readonly string[]): { values: FlagValues; words: readonly string[] } {
  const dashes = args.indexOf('--')
  const typed = dashes < 0 ? args : args.slice(0, dashes)
  const own = 'follow' in command.flags ? typed.map((word) => (word === '-f' ? '--follow' : word)) : typed // the one short flag, as Ray's
  const behind = dashes < 0 ? [] : args.slice(dashes + 1)
  const options = Object.fromEntries(
    Object.entries(command.flags).map(([name, { value }]) => [name, { type: value === undefined ? 'boolean' : 'string' } as const]),
  )
  const { tokens } = parseArgs({ args: [...own], options, strict: false, tokens: true })
  const at = tokens.flatMap((token) => (token.kind === 'positional' ? [token.index] : []))
  const [first] = at
  const parseFlags = (flags: readonly string[]): FlagValues =>
    parseCommand({ ...command, name: `${group} ${command.name}`, prepare: () => () => Promise.resolve(0) }, flags)
  if (command.takesCommandLine && first !== undefined) {
    return { values: parseFlags(own.slice(0, first)), words: [...own.slice(first), ...behind] }
  }
  const flags = own.filter((_word, index) => !at.includes(index))
  return { values: parseFlags(flags), words: [...at.map((index) => own[index] ?? ''), ...behind] }
}
