import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'vitest'
import type { MachineRun, Operation, Step } from '#src-main/contract/operations.ts'
import type { PanelHost } from '#src-main/host/panel-host.ts'
import type { Bed } from '#test/support/bed/bed.ts'
import { ended, storyOf } from '#test/support/panel.ts'

/** Waits for the operation, whose end must be this. */
export async function endsAs(panel: PanelHost, operationId: string, state: Operation['state']): Promise<Operation> {
  const operation = await ended(panel, operationId)
  expect(operation.state, storyOf(operation)).toBe(state)
  return operation
}

export function runOf(operation: Operation, name: string): MachineRun {
  const run = operation.machines.find((machine) => machine.name === name)
  if (!run) throw new Error(`${name} has no part in this: ${storyOf(operation)}`)
  return run
}

export const stepOf = (operation: Operation, name: string, id: string): Step | undefined =>
  operation.machines.find((machine) => machine.name === name)?.steps.find((step) => step.id === id)

/** Does something to a machine as soon as a step of it is so far; a step that was past that when we looked is an error. */
export async function during(
  { panel, operationId }: { panel: PanelHost; operationId: string },
  { name, id, bytes = 0 }: { name: string; id: string; bytes?: number },
  act: () => Promise<void> | void,
): Promise<void> {
  for (;;) {
    const step = stepOf(await panel.call('operations.get', { operationId }), name, id)
    if (step?.state === 'running' && (step.progress?.done ?? 0) >= bytes) return act()
    if (step?.state !== 'waiting' && step?.state !== 'running') throw new Error(`${id} on ${name} was ${step?.state} before anybody looked`)
    await delay(5)
  }
}

/** When its last step ended. */
export const endOf = ({ steps }: MachineRun): number => Math.max(...steps.map(({ endedAtMs }) => endedAtMs ?? 0))

/** Names of the nodes that the head lists as alive, in order. */
export async function alive(panel: PanelHost, cluster: string): Promise<string[]> {
  const { body, source } = await panel.call('api.read', { cluster, route: 'pageNodes', query: { detail: true } })
  const { rows } = body as { rows: { node_name: string; state: string }[] } // as runtime/api has it
  return source === 'record' ? [] : rows.flatMap(({ node_name: name, state }) => (state === 'ALIVE' ? [name] : [])).toSorted()
}

/** Sessions of a link that was cut end some time after it is whole again. */
export async function expectNothingLeft(bed: Bed): Promise<void> {
  for (const host of bed.hosts) {
    await expect
      .poll(() => ({ host: host.name, left: host.listChanges(), runs: host.processes() }), { timeout: 30_000 })
      .toEqual({
        host: host.name,
        left: [],
        runs: [],
      })
  }
}
