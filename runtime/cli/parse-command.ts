import { parseArgs } from 'node:util'
import { type Command, FlagValues, UsageError } from './command.ts'
import { nearMissHint } from './near-miss.ts'

/**
 * Reads the words after a command's name.
 * @throws UsageError naming the word that is wrong, with what may have been meant.
 */
export function parseCommand(command: Command, args: readonly string[]): FlagValues {
  const tokens = tokensOf(command, args)
  const values = new Map<string, string>()
  for (const token of tokens) {
    if (token.kind === 'option') values.set(token.name, valueOf(command, token))
    if (token.kind === 'positional' && !command.takesWords)
      throw new UsageError(`${command.name} takes no argument ${JSON.stringify(token.value)}; see shoal ${command.name} --help`)
  }
  return new FlagValues(command.flags, values)
}

/** The words that are no flags and no values of flags. */
export const wordsOf = (command: Command, args: readonly string[]): string[] =>
  tokensOf(command, args).flatMap((token) => (token.kind === 'positional' ? [token.value] : []))

function tokensOf(command: Command, args: readonly string[]) {
  const options = Object.fromEntries(
    Object.entries(command.flags).map(([name, { value }]) => [name, { type: value === undefined ? 'boolean' : 'string' } as const]),
  )
  const long = command.takesWords && 'follow' in command.flags ? args.map((word) => (word === '-f' ? '--follow' : word)) : args // as Ray has it
  return parseArgs({ args: [...long], options, strict: false, tokens: true }).tokens // not strict: its errors know no near misses
}

function valueOf(command: Command, { name, rawName, value }: { name: string; rawName: string; value?: string | undefined }): string {
  const flag = command.flags[name]
  if (!flag) {
    const hint = nearMissHint(name, Object.keys(command.flags), '--') || `; see shoal ${command.name} --help`
    throw new UsageError(`${command.name} has no flag ${rawName}${hint}`)
  }
  if (flag.value === undefined) {
    if (value !== undefined) throw new UsageError(`--${name} takes no value, got ${JSON.stringify(value)}`)
    return ''
  }
  if (value === undefined || value.startsWith('--')) throw new UsageError(`--${name} needs a value: --${name} ${flag.value}`)
  return value
}
