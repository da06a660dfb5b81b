import { UsageError } from '../../../runtime/cli/command.ts'
import type { Machine, MachineSpec } from '../../contract/machines.ts'
import type { Context } from '../context.ts'
import { findSameMachine } from '../machine/same-machine.ts'
import { countText, namesText } from '../words/amounts.ts'

export type HostsSource = { readonly text: string; readonly keyFiles: readonly string[] | undefined }

/**
 * The machines of a list of hosts, in its order; those that are on no list yet are put on it. `undo` takes these off again.
 * @throws UsageError when a line cannot be read: a cluster without a machine that was meant is not what was asked for
 */
export async function machinesOfHosts(
  { panel, terminal }: Context,
  { text, keyFiles }: HostsSource,
): Promise<{ machines: Machine[]; undo: () => Promise<void> }> {
  const { machines: specs, problems } = await panel.call('machines.parse', { format: 'auto', text })
  if (problems.length > 0) throw new UsageError(`--hosts: ${problems.map(({ line, message }) => `line ${line}: ${message}`).join('; ')}`)
  if (specs.length === 0) throw new UsageError('--hosts names no machine; write one user@host:port a line')
  const known = await panel.call('machines.list', {})
  const fresh = distinct(specs.filter((spec) => findSameMachine(known, spec) === undefined))
  const withKeys = fresh.map((spec) => (keyFiles === undefined ? spec : { ...spec, keyFiles: [...keyFiles] }))
  const added = withKeys.length === 0 ? [] : await panel.call('machines.add', { machines: withKeys })
  if (added.length > 0 && !terminal.isJson)
    terminal.print(`Put on the list: ${countText(added.length, 'machine')}, ${namesText(added.map(({ name }) => name))}.`)
  const all = [...added, ...known]
  const machines = specs.flatMap((spec) => findSameMachine(all, spec) ?? [])
  return {
    machines: machines.filter((machine, index) => machines.indexOf(machine) === index),
    undo: async () => {
      if (added.length > 0) await panel.call('machines.remove', { machines: added.map(({ id }) => id) })
    },
  }
}

/** A host that stands twice is one machine. */
function distinct(specs: readonly MachineSpec[]): MachineSpec[] {
  const seen = new Set<string>()
  return specs.filter(({ host, port, user }) => {
    const key = `${user ?? ''} ${host.toLowerCase()} ${port ?? 22}`
    return seen.has(key) ? false : seen.add(key)
  })
}
