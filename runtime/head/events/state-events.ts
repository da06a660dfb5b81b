import type { HeadState } from '../core/state.ts'
import type { RowChange } from '../store.ts'
import type { NewEvent } from './new-event.ts'
import { actorRow, type EventRow, groupRow, jobRow, nodeRow, submissionRow } from './state-rows.ts'

/** What was written as events: each thing as it is now. What was only forgotten, for its age, is none. */
export function eventsOfChanges(state: HeadState, changes: readonly RowChange[], nowMs: number): NewEvent[] {
  const events: NewEvent[] = []
  for (const change of changes) {
    const event = change.type === 'save' ? eventOfRow(state, change, nowMs) : eventOfDelete(state, change, nowMs)
    if (event) events.push(event)
  }
  return events
}

type Save = Extract<RowChange, { type: 'save' }>
type Delete = Extract<RowChange, { type: 'delete' }>

function eventOfRow(state: HeadState, { row: { table, key } }: Save, atMs: number): NewEvent | undefined {
  switch (table) {
    case 'nodes': {
      const node = state.nodes.get(key)
      if (node === undefined) return undefined
      const isDraining = node.draining !== null && node.phase.kind !== 'dead'
      return eventOf('node', key, { row: nodeRow(node), atMs, ...(isDraining ? { type: 'draining' } : {}) })
    }
    case 'jobs': {
      const job = state.jobs.get(key)
      return job && eventOf('job', key, { row: jobRow(job), atMs })
    }
    case 'submissions': {
      const submission = state.submissions.all.get(key)
      return submission && eventOf('job', key, { row: submissionRow(submission), atMs })
    }
    case 'actors': {
      const actor = state.actors.get(key)
      return actor && eventOf('actor', key, { row: actorRow(actor), atMs })
    }
    case 'groups': {
      const group = state.groups.get(key)
      return group && eventOf('placement_group', key, { row: groupRow(group), atMs })
    }
    case 'actor-specs':
      return undefined
  }
}

/** Only submitted jobs are deleted by people. */
function eventOfDelete(state: HeadState, { table, key }: Delete, atMs: number): NewEvent | undefined {
  if (table !== 'submissions' || state.submissions.all.has(key)) return undefined
  return { kind: 'job', id: key, type: 'deleted', atMs, row: { submission_id: key } }
}

/** Its type is the state that it is in, in small letters. */
function eventOf(kind: NewEvent['kind'], id: string, { row, atMs, type }: { row: EventRow; atMs: number; type?: string }): NewEvent {
  return { kind, id, type: type ?? String(row['state'] ?? row['status']).toLowerCase(), atMs, row }
}
