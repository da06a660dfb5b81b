import type { GivenInput } from '../../../src-main/contract/panel.ts'

export type CreateSpec = GivenInput<'clusters.create'>['spec']

const usual = { head: 6_379, agent: 6_380, api: 8_265 } as const

/** What does the same on the command line. Machines stand there by name. */
export function createCommand(
  { name, engine, ray = {}, head, workers = [], service = 'none', ports = {} }: CreateSpec,
  nameOf: (id: string) => string,
): string {
  const flag = (word: string, value: string | undefined) => (value === undefined ? [] : [`--${word}`, quoted(value)])
  const port = (kind: keyof typeof usual) => (ports[kind] === undefined || ports[kind] === usual[kind] ? undefined : String(ports[kind]))
  return [
    'shoal cluster create',
    quoted(name),
    ...flag('head', nameOf(head)),
    ...flag('workers', workers.length === 0 ? undefined : workers.map(nameOf).join(',')),
    ...flag('engine', engine === 'ray' ? 'ray' : undefined),
    ...flag('ray-version', ray.version),
    ...flag('python', ray.python),
    ...flag('wheels', ray.wheels ?? undefined),
    ...flag('packages', ray.packages?.join(',')),
    ...flag('service', service === 'none' ? undefined : service),
    ...flag('port', port('head')),
    ...flag('agent-port', port('agent')),
    ...flag('api-port', port('api')),
  ].join(' ')
}

const quoted = (word: string): string => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'"'"'`)}'`)
