import { parseArgs } from 'node:util'
import type { ApiQuery } from '../../client/api-client.ts'
import { apiFlags } from '../http/api-target.ts'
import { type Command, commonFlags, type Flags, FlagValues, type Run, UsageError } from '../command.ts'
import { commandHelp } from '../help.ts'
import { nearMissHint } from '../near-miss.ts'
import { parseCount } from '../values.ts'

/** Lists as they are typed, with the words of `ray list`, and as the paths have them. */
export const resourceWords: Readonly<Record<string, string>> = {
  tasks: 'tasks',
  actors: 'actors',
  objects: 'objects',
  workers: 'workers',
  nodes: 'nodes',
  jobs: 'jobs',
  'placement-groups': 'placement_groups',
  'runtime-envs': 'runtime_envs',
  'cluster-events': 'cluster_events',
}

const filter = { value: 'KEY=VALUE', help: 'only rows that fit; also KEY!=VALUE; -f for short. May be repeated: all hold' }
const askFlags = {
  timeout: { value: 'SECONDS', help: 'for the head and the nodes that it asks, from 1 to 3600. Default: 30' },
  ...apiFlags,
  ...commonFlags,
} as const satisfies Flags

export const stateFlags = {
  filter,
  limit: { value: 'N', help: 'rows at most. Default: 100' },
  detail: { help: 'every column' },
  format: { value: 'FORMAT', help: 'table, yaml or json. Default: table, and yaml with --detail' },
  ...askFlags,
} as const satisfies Flags

/** Of `get`, which shows every column of one. */
export const getFlags = { format: { value: 'FORMAT', help: 'table, yaml or json. Default: yaml' }, ...askFlags } as const satisfies Flags

/** Of `summary`, which counts what there is. */
export const summaryFlags = {
  filter,
  format: { value: 'FORMAT', help: 'table or json. Default: table' },
  ...askFlags,
} as const satisfies Flags

/** Prints the help where it is asked for behind the first word, which is left to the command. */
export function findHelp(command: Command, args: readonly string[]): Run | undefined {
  if (!args.includes('--help') && !args.includes('-h')) return undefined
  return (terminal) => {
    terminal.print(commandHelp(command))
    return Promise.resolve(0)
  }
}

export type StateFormat = 'table' | 'yaml' | 'json'

export type StateWords = {
  /** As the path has it. */
  readonly resource: string
  readonly words: readonly string[]
  readonly values: FlagValues
  readonly format: StateFormat
  readonly isDetailed: boolean
  readonly query: ApiQuery
}

/**
 * What was typed behind `list`, `get` or `summary`. Flags may stand anywhere and `--filter` may come more than once.
 * @throws UsageError naming the word that is wrong.
 */
export function readStateWords(command: Pick<Command, 'name' | 'flags'>, args: readonly string[], known: readonly string[]): StateWords {
  const options = Object.fromEntries(
    Object.entries(stateFlags).map(([name, flag]) => [
      name,
      { type: 'value' in flag ? ('string' as const) : ('boolean' as const), multiple: true, ...(name === 'filter' ? { short: 'f' } : {}) },
    ]),
  )
  const parsed = parseArgs({ args: [...args], options, strict: false, allowPositionals: true, tokens: true })
  const values = new Map<string, string>()
  const filters: string[] = []
  for (const token of parsed.tokens) {
    if (token.kind !== 'option') continue
    const value = checkedValue(command, token)
    values.set(token.name, value)
    if (token.name === 'filter') filters.push(value)
  }
  const [word, ...words] = parsed.positionals
  const resource = word === undefined ? undefined : resourceWords[word]
  if (word === undefined || resource === undefined || !known.includes(word)) {
    const hint = word === undefined ? '' : nearMissHint(word, known)
    throw new UsageError(
      `${command.name} needs one of ${known.join(', ')}${word === undefined ? '' : `, got ${JSON.stringify(word.slice(0, 60))}`}${hint}`,
    )
  }
  const flags = new FlagValues(stateFlags, values)
  return { resource, words, values: flags, isDetailed: flags.has('detail'), format: formatOf(flags), query: queryOf(flags, filters) }
}

type OptionToken = { readonly name: string; readonly rawName: string; readonly value?: string | undefined }

function checkedValue(command: Pick<Command, 'name' | 'flags'>, { name, rawName, value }: OptionToken): string {
  const flag = Object.hasOwn(command.flags, name) ? command.flags[name] : undefined
  if (flag === undefined)
    throw new UsageError(
      `${command.name} has no flag ${rawName}${nearMissHint(name, Object.keys(command.flags), '--') || `; see shoal ${command.name} --help`}`,
    )
  if (flag.value === undefined) return ''
  if (value === undefined) throw new UsageError(`--${name} needs a value: --${name} ${flag.value}`)
  return value
}

const longestSeconds = 3_600

function parseTimeout(text: string): number {
  const seconds = parseCount('--timeout', text)
  if (seconds >= 1 && seconds <= longestSeconds) return seconds
  throw new UsageError(`--timeout must be from 1 to ${longestSeconds} seconds, got ${JSON.stringify(text)}`)
}

function formatOf(values: FlagValues): StateFormat {
  if (values.has('json')) return 'json'
  const format = values.find('format') ?? (values.has('detail') ? 'yaml' : 'table')
  if (format === 'table' || format === 'yaml' || format === 'json') return format
  throw new UsageError(`--format must be table, yaml or json, got ${JSON.stringify(format.slice(0, 60))}`)
}

function queryOf(values: FlagValues, filters: readonly string[]): ApiQuery {
  const parts = filters.map((filter) => {
    const match = /^([A-Za-z_]+)(!=|=)([\s\S]*)$/.exec(filter)
    if (match === null) throw new UsageError(`--filter must be KEY=VALUE or KEY!=VALUE, got ${JSON.stringify(filter.slice(0, 100))}`)
    return { key: match[1] ?? '', predicate: match[2] ?? '', value: match[3] ?? '' }
  })
  return {
    limit: parseCount('--limit', values.find('limit') ?? '100'),
    timeout: parseTimeout(values.find('timeout') ?? '30'),
    detail: values.has('detail') ? 'True' : 'False',
    filter_keys: parts.map(({ key }) => key),
    filter_predicates: parts.map(({ predicate }) => predicate),
    filter_values: parts.map(({ value }) => value),
  }
}
