import { parseArgs } from 'node:util'
import { type Command, type FlagValues, type Run, UsageError } from '../command.ts'
import { parseCommand } from '../parse-command.ts'

/** One of `shoal job …`. */
export type JobCommand = Pick<Command, 'name' | 'summary' | 'usage' | 'flags' | 'notes'> & {
  /** `words`: what is no flag; `command`: what stands behind `--`, or begins with the first word that is no flag. */
  readonly prepare: (values: FlagValues, words: readonly string[]) => Run
  /** Everything from the first word on is the command of the job. */
  readonly takesCommandLine?: true
}

/** Splits what was typed behind the subcommand into its flags and its words. @throws UsageError naming what is wrong. */
export function parseJobWords(command: JobCommand, args: readonly string[]): { values: FlagValues; words: readonly string[] } {
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
  if (command.takesCommandLine && first !== undefined) {
    return { values: parseFlags(command, own.slice(0, first)), words: [...own.slice(first), ...behind] }
  }
  const flags = own.filter((_word, index) => !at.includes(index))
  return { values: parseFlags(command, flags), words: [...at.map((index) => own[index] ?? ''), ...behind] }
}

const parseFlags = (command: JobCommand, args: readonly string[]): FlagValues =>
  parseCommand({ ...command, name: `job ${command.name}`, prepare: () => () => Promise.resolve(0) }, args)

/** The one job that a subcommand is about. @throws UsageError */
export function onlyId(name: string, words: readonly string[]): string {
  const [id, more] = words
  if (id === undefined) throw new UsageError(`job ${name} needs the id of a job: shoal job ${name} SUBMISSION_ID`)
  if (more !== undefined) throw new UsageError(`job ${name} takes one id, got ${JSON.stringify(more)} too`)
  return id
}
