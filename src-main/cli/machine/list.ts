import type { Cluster } from '../../contract/clusters.ts'
import type { Machine } from '../../contract/machines.ts'
import { exitCodes } from '../exit-codes.ts'
import type { PanelSubcommand } from '../noun.ts'
import { jsonFlag } from '../panel-flags.ts'
import { durationText, sizeText } from '../words/amounts.ts'
import { wordFrom } from '../words/lists.ts'
import { alignedTable, printJson } from '../words/print.ts'
import { fitText, gpuText, placeText, systemText } from './machine-words.ts'
import { isEmpty, selectionFlags, selectionFrom, selectMachines } from './select-machines.ts'

const states = ['never-tried', 'connected', 'reachable', 'unreachable'] as const
const { all: _, ...flags } = selectionFlags

export const listMachines: PanelSubcommand = {
  name: 'list',
  summary: 'the machines on the list, with what was last known of them',
  usage: ['shoal machine list [NAME …] [--group NAME] [--tag NAME] [--state STATE] [--long]'],
  flags: {
    ...flags,
    state: { value: 'STATE', help: `only those that are ${states.join(', ')}` },
    long: { help: 'with system, disk, tags and notes' },
    ...jsonFlag,
  },
  prepare({ values, words }) {
    const state = values.find('state')
    const wanted = state === undefined ? undefined : wordFrom('--state', state, states)
    const selection = selectionFrom(values, words, false)
    return async ({ panel, terminal }) => {
      const machines = await panel.call('machines.list', {})
      const chosen = isEmpty(selection) ? machines : selectMachines(machines, selection)
      const shown = chosen.filter(({ reach }) => wanted === undefined || reach.state === wanted)
      if (terminal.isJson) printJson(terminal, shown)
      else if (machines.length === 0) terminal.print('No machines yet. Add some: shoal machine add user@host')
      else if (shown.length === 0) terminal.print(`None of the ${machines.length} machines is ${wanted}.`)
      else
        terminal.print(
          machineTable(shown, { clusters: await panel.call('clusters.list', {}), nowMs: Date.now(), isLong: values.has('long') }),
        )
      return exitCodes.ok
    }
  },
}

type Shown = { readonly clusters: readonly Pick<Cluster, 'id' | 'name'>[]; readonly nowMs: number; readonly isLong: boolean }

/** Pure: one line a machine. */
export function machineTable(machines: readonly Machine[], { clusters, nowMs, isLong }: Shown): string {
  const nameOf = (id: string | null) => clusters.find((cluster) => cluster.id === id)?.name ?? id ?? ''
  const long = ['SYSTEM', 'DISK FREE', 'JUMP', 'TAGS', 'NOTES']
  const titles = ['NAME', 'WHERE', 'STATE', 'FIT', 'CPUS', 'MEMORY', 'GPUS', 'CLUSTER', 'GROUPS', ...(isLong ? long : [])]
  return alignedTable(
    titles,
    machines.map((machine) => {
      const { facts, reach } = machine
      return [
        machine.name,
        placeText(machine),
        `${reach.state}${reach.state === 'unreachable' ? ` for ${durationText(nowMs - reach.sinceMs)}` : ''}`,
        fitText(machine),
        facts ? String(facts.cpus) : '',
        facts ? sizeText(facts.memoryBytes) : '',
        facts ? gpuText(facts) : '',
        nameOf(machine.clusterId),
        machine.groups.join(', '),
        ...(isLong ? longCells(machine) : []),
      ]
    }),
  )
}

const longCells = ({ facts, jump, tags, notes }: Machine): string[] => [
  facts ? systemText(facts) : '',
  facts ? sizeText(facts.folder.freeBytes) : '',
  (jump ?? []).join(' → '),
  tags.join(', '),
  notes.replaceAll('\n', ' ').slice(0, 60),
]
