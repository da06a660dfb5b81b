import type { Turn } from './events.ts'
import { abandonRound, decideCommit, returnKey, settleGroup } from './group-moves.ts'
import { amountsFrom, addAmounts, type Amounts } from '../../base/fixed-point.ts'
import { settle } from './node-amounts.ts'
import { saveGroup } from './rows.ts'
import type { Group } from './state.ts'

type BundleReport = { readonly groupId: string; readonly round: number }

export function onPrepared(turn: Turn, nodeId: string, { groupId, round }: BundleReport): void {
  const group = turn.state.groups.get(groupId)
  if (group?.phase.kind !== 'preparing' || group.round !== round || !group.phase.unanswered.delete(nodeId)) return
  const node = turn.state.nodes.get(nodeId)
  if (node) settle(turn, node, `group:${groupId}`, plannedAmounts(group, nodeId))
  if (group.phase.unanswered.size === 0) decideCommit(turn, group)
}

function plannedAmounts(group: Group, nodeId: string): Amounts {
  const sum: Amounts = {}
  if (group.phase.kind !== 'preparing') return sum
  for (const [index, planned] of group.phase.plan) {
    if (planned === nodeId) addAmounts(sum, amountsFrom(group.spec.bundles[index]?.resources ?? {}))
  }
  return sum
}

export function onRefused(turn: Turn, nodeId: string, { groupId, round }: BundleReport): void {
  const group = turn.state.groups.get(groupId)
  if (group?.phase.kind !== 'preparing' || group.round !== round || !group.phase.unanswered.has(nodeId)) return
  abandonRound(turn, group, `node ${nodeId} had no room for its bundles after all`)
}

export function onCommitted(turn: Turn, nodeId: string, { groupId, round }: BundleReport): void {
  const group = turn.state.groups.get(groupId)
  if (group === undefined || !markCommitted(group, nodeId, round)) return
  saveGroup(turn, group)
  settleGroup(turn, group)
}

/** Returns whether that was news. */
export function markCommitted(group: Group, nodeId: string, round: number): boolean {
  let isNews = false
  for (const bundle of group.placed.values()) {
    if (bundle.nodeId !== nodeId || bundle.round !== round || bundle.committed) continue
    bundle.committed = true
    isNews = true
  }
  return isNews
}

export function onReturned(turn: Turn, nodeId: string, { groupId, round }: BundleReport): void {
  turn.state.returns.delete(returnKey({ nodeId, groupId, round }))
}
