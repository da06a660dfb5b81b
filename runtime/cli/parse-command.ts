import { parseArgs } from 'node:util'
import { type Command, FlagValues, UsageError } from './command.ts'
import { nearMissHint } from './near-miss.ts'

/**
 * Reads the words after a command's name.
 * @throws UsageError naming the word that is wrong, with what may have been meant.
 */
export function parseCommand(command: Command, args: readonly string[]): FlagValues {
  const options = Object.fromEntries(
    Object.entries(command.flags).map(([name, { value }]) => [name, { type: value === undefined ? 'boolean' : 'string' } as const]),
  )
  const { tokens } = parseArgs({ args: [...args], options, strict: false, tokens: true }) // not strict: its errors know no near misses
  const values = new Map<string, string>()
  for (const token of tokens) {
    if (token.kind === 'option') values.set(token.name, valueOf(command, token))
    if (token.kind === 'positional')
      throw new UsageError(`${command.name} takes no argument ${JSON.stringify(token.value)}; see shoal ${command.name} --help`)
  }
  return new FlagValues(command.flags, values)
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
