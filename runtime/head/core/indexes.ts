import type { HeadState, Owner, Resend } from './state.ts'

export function addTo(index: Map<string, Set<string>>, key: string, value: string): void {
  const values = index.get(key)
  if (values) values.add(value)
  else index.set(key, new Set([value]))
}

export function removeFrom(index: Map<string, Set<string>>, key: string, value: string): void {
  const values = index.get(key)
  if (values?.delete(value) && values.size === 0) index.delete(key)
}

export function ownerOf(state: HeadState, workerId: string, nodeId: string): Owner {
  const known = state.owners.get(workerId)
  if (known) return known
  const owner: Owner = { nodeId, actors: new Set(), groups: new Set() }
  state.owners.set(workerId, owner)
  return owner
}

export function dropOwnerIfEmpty(state: HeadState, workerId: string): void {
  const owner = state.owners.get(workerId)
  if (owner && owner.actors.size === 0 && owner.groups.size === 0) state.owners.delete(workerId)
}

/** Adds to a set kept in order of arrival; returns what has to go so that it holds at most `limit`. */
export function addBounded(set: Set<string>, value: string, limit: number): string[] {
  set.add(value)
  const evicted: string[] = []
  for (const oldest of set) {
    if (set.size <= limit) break
    set.delete(oldest)
    evicted.push(oldest)
  }
  return evicted
}

/** Is an order that is still unanswered due again? Waits double up to the configured end. */
export function isResendDue(state: HeadState, sent: Resend, nowMs: number): boolean {
  const { resendMs, resendMaxMs } = state.config
  return nowMs - sent.sentAtMs >= Math.min(resendMaxMs, resendMs * 2 ** Math.min(sent.sends - 1, 20))
}
export const sentNow = (nowMs: number, before?: Resend | null): Resend => ({ sentAtMs: nowMs, sends: (before?.sends ?? 0) + 1 })
