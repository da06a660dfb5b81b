import type { Plan } from '../../../src-main/contract/clusters.ts'
import { panel } from '../../api/panel.ts'
import type { MemberChange } from './change-rules.ts'

export type ChangeOptions = {
  /** Of a drain; null: no limit. */
  readonly withinMs: number | null
}

type Chosen = { readonly cluster: string; readonly machines: string[]; readonly force: boolean; readonly rayVersion?: string }

/** What it would do, before it does. @throws PanelError */
export async function planChange(
  change: MemberChange,
  { cluster, machines, force, rayVersion }: Chosen,
  signal: AbortSignal,
): Promise<Plan> {
  switch (change) {
    case 'drain':
      return (await panel.call('clusters.planDrain', { cluster, machines }, signal)).plan
    case 'restart':
      return (await panel.call('clusters.planRestart', { cluster, machines }, signal)).plan
    case 'upgrade':
      return (await panel.call('clusters.planUpgrade', { cluster, machines, ...(rayVersion !== undefined && { rayVersion }) }, signal)).plan
    case 'remove':
      return (await panel.call('clusters.planRemove', { cluster, machines, force }, signal)).plan
    case 'down':
      return (await panel.call('clusters.planDown', { cluster, force }, signal)).plan
  }
}

/** Begins it; resolves with the id of the operation. @throws PanelError */
export async function startChange(
  change: MemberChange,
  { cluster, machines, force, rayVersion }: Chosen,
  { withinMs }: ChangeOptions,
): Promise<string> {
  switch (change) {
    case 'drain':
      return (await panel.call('clusters.drain', { cluster, machines, ...(withinMs !== null && { withinMs }) })).operationId
    case 'restart':
      return (await panel.call('clusters.restart', { cluster, machines })).operationId
    case 'upgrade':
      return (await panel.call('clusters.upgrade', { cluster, machines, ...(rayVersion !== undefined && { rayVersion }) })).operationId
    case 'remove':
      return (await panel.call('clusters.remove', { cluster, machines, force })).operationId
    case 'down':
      return (await panel.call('clusters.down', { cluster, force })).operationId
  }
}
