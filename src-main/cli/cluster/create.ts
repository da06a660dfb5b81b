import { type FlagValues, UsageError } from '../../../runtime/cli/command.ts'
import { parsePort } from '../../../runtime/cli/values.ts'
import { Engine } from '../../contract/clusters.ts'
import type { Machine } from '../../contract/machines.ts'
import type { GivenInput } from '../../contract/panel.ts'
import type { Context } from '../context.ts'
import { exitCodes } from '../exit-codes.ts'
import { getMachine, selectMachines } from '../machine/select-machines.ts'
import type { PanelSubcommand } from '../noun.ts'
import { countText } from '../words/amounts.ts'
import { listFrom, wordFrom } from '../words/lists.ts'
import { readText } from '../words/text-files.ts'
import { parseClusterName } from './cluster-name.ts'
import { type HostsSource, machinesOfHosts } from './hosts-of-file.ts'
import { rayFlags, raySettings } from './ray-flags.ts'
import { plannedFlags, showAndRun } from './show-and-run.ts'

type Spec = GivenInput<'clusters.create'>['spec']
type Settings = Omit<Spec, 'name' | 'head' | 'workers'>
type Chosen = { readonly head: string; readonly workers: readonly string[] }

const services = ['none', 'auto', 'systemd', 'cron'] as const

export const createCluster: PanelSubcommand = {
  name: 'create',
  summary: 'makes a cluster out of machines',
  usage: ['shoal cluster create NAME --head MACHINE [--workers MACHINE,…] [flags]', 'shoal cluster create NAME --hosts hosts.txt [flags]'],
  flags: {
    head: { value: 'MACHINE', help: 'that the others join' },
    workers: { value: 'NAMES', help: 'machines of the list with commas between them, or patterns such as gpu*' },
    hosts: { value: 'FILE', help: 'one user@host:port a line, the head first; unknown ones are put on the list. - for standard input' },
    service: { value: 'KIND', help: `what brings nodes back after a reboot: ${services.join(', ')}. Default: none` },
    engine: { value: 'NAME', help: `${Engine.options.join(' or ')}. Default: shoal` },
    ...rayFlags,
    port: { value: 'N', help: 'where the head listens for nodes and programs. Default: 6379' },
    'agent-port': { value: 'N', help: 'where each node listens for the others. Default: 6380' },
    'api-port': { value: 'N', help: `of the HTTP API, on the head's loopback; 0 for a free one. Default: 8265` },
    key: { value: 'FILE', help: 'private key for machines that --hosts puts on the list; several with commas' },
    'without-blocked': { help: 'go on without the workers that a blocker keeps out' },
    ...plannedFlags,
  },
  notes: [
    'Every machine is looked at first, and nothing is done before the plan was shown.',
    'Ctrl-C once cancels; shoal cluster retry goes on from there.',
  ],
  examples: [
    'shoal cluster create lab --hosts hosts.txt',
    'shoal cluster create lab --head gpu1 --workers gpu2,gpu3 --plan',
    'shoal cluster create rays --hosts hosts.txt --engine ray',
  ],
  prepare({ values, words }) {
    const name = clusterNameFrom(words)
    const settings = settingsFrom(values)
    const chosen = chosenFrom(values)
    return async (context) => {
      if (chosen.kind === 'hosts') {
        const { machines, undo } = await machinesOfHosts(context, chosen.source)
        const code = await create(context, { name, settings, machines })
        if (values.has('plan')) await undo()
        return code
      }
      return create(context, { name, settings, machines: await machinesOfFlags(context, chosen.machines) })
    }
  },
}

type Wanted = { readonly name: string; readonly settings: Settings; readonly machines: readonly Machine[] }

async function create(context: Context, { name, settings, machines: [head, ...workers] }: Wanted): Promise<number> {
  const { panel, terminal, values } = context
  if (!head) throw new UsageError('--hosts names no machine')
  const spec: Spec = { name, ...settings, head: head.id, workers: workers.map(({ id }) => id) }
  const withoutBlocked = values.has('without-blocked')
  const code = await showAndRun(context, {
    plan: async (signal) => (await panel.call('clusters.planCreate', { spec, probe: true }, { signal })).plan,
    start: () => panel.call('clusters.create', { spec, withoutBlocked }),
    ask: { effect: `${name} will be made of ${countText(workers.length + 1, 'machine')}: ${head.name} is the head.`, isOptional: true },
    refuseBlocked: withoutBlocked ? undefined : 'To go on without: --without-blocked',
  })
  if (code === exitCodes.ok && !values.has('plan') && !terminal.isJson)
    terminal.print(`Next: shoal cluster status ${name}, and shoal cluster job ${name} -- COMMAND`)
  return code
}

async function machinesOfFlags({ panel }: Context, { head, workers }: Chosen): Promise<Machine[]> {
  const known = await panel.call('machines.list', {})
  const first = getMachine(known, head)
  const others = workers.length === 0 ? [] : selectMachines(known, { names: workers, groups: [], tags: [], isAll: false })
  return [first, ...others.filter(({ id }) => id !== first.id)] // a pattern may stand for the head too
}

function clusterNameFrom(words: readonly string[]): string {
  const [name, more] = words
  if (name === undefined) throw new UsageError('cluster create needs a name: shoal cluster create NAME --head MACHINE')
  if (more !== undefined)
    throw new UsageError(`cluster create takes one name, got ${JSON.stringify(more)} too; machines stand in --head and --workers`)
  return parseClusterName(name)
}

function settingsFrom(values: FlagValues): Settings {
  const port = (flag: string) => {
    const text = values.find(flag)
    return text === undefined ? undefined : parsePort(`--${flag}`, text)
  }
  const ports = { head: port('port'), agent: port('agent-port'), api: port('api-port') }
  return {
    engine: wordFrom('--engine', values.find('engine') ?? 'shoal', Engine.options),
    service: wordFrom('--service', values.find('service') ?? 'none', services),
    ...raySettings(values),
    ports: Object.fromEntries(Object.entries(ports).filter(([, value]) => value !== undefined)),
  }
}

type ChosenFrom = { readonly kind: 'hosts'; readonly source: HostsSource } | { readonly kind: 'flags'; readonly machines: Chosen }

function chosenFrom(values: FlagValues): ChosenFrom {
  const hosts = values.find('hosts')
  const head = values.find('head')
  const workers = listFrom('--workers', values.find('workers')) ?? []
  if (hosts !== undefined) {
    if (head !== undefined || workers.length > 0)
      throw new UsageError('--hosts names the head and the workers; leave out --head and --workers')
    return { kind: 'hosts', source: { text: readText('--hosts', hosts), keyFiles: listFrom('--key', values.find('key')) } }
  }
  if (values.has('key')) throw new UsageError('--key is for --hosts; a machine of the list has its own: shoal machine set NAME --key FILE')
  if (head === undefined) throw new UsageError('cluster create needs --head MACHINE, or --hosts FILE whose first line is the head')
  return { kind: 'flags', machines: { head, workers } }
}
