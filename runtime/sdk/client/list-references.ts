import type { stateCodes, TaskState } from '../../base/task-states.ts'
import type { ReferenceKind, ReferenceRow, ReferencesListed } from '../../protocol/inspect.ts'
import { madeElsewhere } from '../../protocol/inspect.ts'
import { callSiteOf, recordsCallSites } from './call-sites.ts'
import type { Client } from './client.ts'
import type { PendingTask } from './pending-task.ts'
import type { RefState } from './ref-state.ts'

/**
 * What this process refers to, for the list of objects: all that it borrows or lends, all of its own that lie in stores, and the results
 * of its unfinished tasks. Small results that nobody else knows are values like any other here, and are not counted one by one.
 */
export function listReferences(client: Client, { limit }: { limit: number }): ReferencesListed {
  const pendingOf = new Map<RefState, PendingTask>()
  const used = new Set<RefState>()
  const captured = new Set<RefState>()
  for (const pending of client.owner.pendingTasks()) {
    for (const state of pending.returns) pendingOf.set(state, pending)
    for (const state of pending.refArgs) used.add(state)
  }
  const states = new Set([...client.references.listed(), ...pendingOf.keys()])
  for (const state of states) for (const inner of state.nested) captured.add(inner)
  const rows: ReferenceRow[] = []
  for (const state of states) {
    if (state.status === 'freed') continue
    if (rows.length >= limit) break
    const pending = pendingOf.get(state) ?? state.producer ?? undefined
    rows.push({
      objectId: state.objectId,
      sizeBytes: sizeOf(state),
      kind: kindOf(state, { isUsed: used.has(state), isCaptured: captured.has(state) }),
      ownerId: state.owner?.workerId ?? null,
      taskStatus: statusOf(state, pendingOf.get(state)),
      attempt: (pending?.task.attempt ?? 0) + 1,
      callSite: siteOf(state, pending),
      createdAtMs: client.references.storedSinceMs(state),
      nodeIds: state.place?.kind === 'stored' ? state.place.copies.map(({ nodeId }) => nodeId).slice(0, 64) : [],
    })
  }
  return { rows, total: states.size }
}

/** The line that made it where lines are recorded, else the task. */
function siteOf(state: RefState, pending: PendingTask | undefined): string {
  const site = callSiteOf(state) ?? callSiteOf(pending) ?? pending?.task.kind.template.name
  return site?.slice(0, 1_024) ?? (recordsCallSites() ? madeElsewhere : '')
}

function sizeOf({ place }: RefState): number {
  if (place === null) return -1
  return place.kind === 'inline' ? place.bytes.byteLength : place.sizeBytes
}

/** The strongest reason to keep it, in Ray's order. */
function kindOf(state: RefState, { isUsed, isCaptured }: { isUsed: boolean; isCaptured: boolean }): ReferenceKind {
  if (state.tail?.actorId) return 'ACTOR_HANDLE'
  if (state.owner === null && state.place?.kind === 'stored') return 'PINNED_IN_MEMORY'
  if (isUsed) return 'USED_BY_PENDING_TASK'
  return isCaptured ? 'CAPTURED_IN_OBJECT' : 'LOCAL_REFERENCE'
}

function statusOf({ status }: RefState, pending: PendingTask | undefined): TaskState {
  if (status === 'ready') return 'FINISHED'
  if (status === 'failed') return 'FAILED'
  if (pending === undefined) return 'NIL'
  const { phase, waitingFor } = pending.task
  if (phase === 'pushed') return names.pushed
  return waitingFor > 0 ? names.waiting : names.ready
}

const names = { pushed: 'SUBMITTED_TO_WORKER', waiting: 'PENDING_ARGS_AVAIL', ready: 'PENDING_NODE_ASSIGNMENT' } as const satisfies Record<
  string,
  keyof typeof stateCodes
>
