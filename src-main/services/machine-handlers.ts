import { homedir } from 'node:os'
import { join } from 'node:path'
import { ClusterError } from '../../runtime/base/errors.ts'
import type { Machine } from '../contract/machines.ts'
import type { InventoryFormat, ParsedMachines } from '../contract/panel.ts'
import { exportInventory } from '../machines/export-inventory.ts'
import type { ParsedInventory } from '../machines/inventory-draft.ts'
import { detectInventoryFormat, parseInventory } from '../machines/parse-inventory.ts'
import { readSshConfigInventory } from '../machines/ssh-config-inventory.ts'
import type { Clusters } from './clusters.ts'
import type { PanelHandlers } from './panel-handlers.ts'
import type { MachineChecks } from './machine-checks.ts'
import type { MachineConnections } from './machine-connections.ts'
import type { Machines } from './machines.ts'

type Parts = {
  readonly machines: Machines
  readonly clusters: Pick<Clusters, 'list'>
  readonly checks: MachineChecks
  readonly connections: MachineConnections
}

export function machineHandlers({ machines, clusters, checks, connections }: Parts): PanelHandlers<'machines'> {
  return {
    'machines.list': () => machines.list(),
    'machines.get': ({ machine }) => machines.get(machine),
    'machines.parse': ({ format, text }) => parseMachines(format, text),
    'machines.add': ({ machines: specs }) => machines.add(specs),
    'machines.update': ({ machine, changes, unset }) => machines.update(machine, changes, unset),
    'machines.remove': async ({ machines: refs }) => {
      refuseWays(clusters, machines.getAll(refs))
      await machines.remove(refs)
      return {}
    },
    // on another computer, "this computer" is another one
    'machines.export': ({ format }) => ({
      text: exportInventory(
        machines.list().filter(({ via }) => via !== 'local'),
        format,
      ),
    }),
    'machines.check': ({ machines: refs, role }, { signal }) => checks.check(machines.getAll(refs), { role }, signal),
    'machines.reachability': ({ machines: refs, port }, { signal }) => {
      const chosen = machines.getAll(refs)
      if (chosen.length < 2) throw new ClusterError('bad-argument', 'reachability is between machines: name two or more')
      return checks.reachability(chosen, port, signal)
    },
    'machines.exec': ({ machines: refs, command, timeoutMs }, { signal }) =>
      checks.exec(machines.getAll(refs), command, { timeoutMs, signal }),
    'machines.leftovers': ({ machine }) => checks.leftovers(machines.get(machine)),
    'machines.clean': ({ machine, leftovers }) => checks.clean(machines.get(machine), leftovers),
    'machines.disconnect': async ({ machine }) => {
      await connections.disconnect(machines.get(machine).id)
      return {}
    },
  }
}

/** @throws ClusterError `wrong-state` for a machine over which a Ray cluster is reached: nothing else leads there */
function refuseWays(clusters: Parts['clusters'], machines: readonly Machine[]): void {
  for (const { id, name } of machines) {
    const reached = clusters.list().filter(({ rayHead }) => rayHead?.via === id)
    if (reached.length === 0) continue
    const names = reached.map((cluster) => cluster.name).join(', ')
    const what = reached.length === 1 ? `the Ray cluster ${names}` : `the Ray clusters ${names}`
    throw new ClusterError(
      'wrong-state',
      `machine ${name} is the way to ${what}. Forget ${reached.length === 1 ? 'it' : 'them'} first, or connect there another way.`,
      {
        details: { machine: name, clusters: names },
      },
    )
  }
}

async function parseMachines(format: InventoryFormat, text: string): Promise<ParsedMachines> {
  const { machines, problems } = await parsedAs(format, text)
  return {
    machines: [...machines],
    problems: problems.slice(0, 4_096).map((problem) => ({ ...problem, text: problem.text.slice(0, 512) })),
  }
}

async function parsedAs(format: InventoryFormat, text: string): Promise<ParsedInventory> {
  switch (format) {
    case 'auto':
      return parseInventory(text)
    case 'ansible':
      return parseInventory(text, detectInventoryFormat(text).startsWith('ansible-yaml') ? 'ansible-yaml' : 'ansible-ini')
    case 'ssh-config':
      if (text !== '')
        throw new ClusterError('bad-argument', 'ssh-config takes no text: aliases mean something only in ~/.ssh/config, which is read')
      return readSshConfigInventory(join(homedir(), '.ssh', 'config'))
    case 'paste':
    case 'csv':
    case 'json':
      return parseInventory(text, format)
  }
}
