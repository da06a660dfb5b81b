import type { DatabaseSync } from 'node:sqlite'
import type * as z from 'zod'
import { type Alert, type ClusterEvent, EventKind, type EventPage, type EventsQuery } from '../../../runtime/api/events.ts'
import type { Row } from './core/rows.ts'

/** Events newest first, as the head pages them. Changes of tasks are in the list of tasks, not here: there may be thousands in a second. */
export function eventsFromRecord(database: DatabaseSync, query: z.infer<typeof EventsQuery>): EventPage {
  const kinds = query.kinds ?? EventKind.options
  const marks = kinds.map(() => '?').join(', ')
  const tests = [`kind IN (${marks})`]
  const values: (string | number)[] = [...kinds]
  if (query.job !== undefined) {
    tests.push("(row ->> '$.job_id' = ? OR row ->> '$.submission_id' = ? OR (kind = 'job' AND id = ?))")
    values.push(query.job, query.job, query.job)
  }
  if (query.node !== undefined) {
    tests.push("row ->> '$.node_id' = ?")
    values.push(query.node)
  }
  const where = tests.join(' AND ')
  const ends = database.prepare(`SELECT min(seq) AS oldest, max(seq) AS newest FROM events WHERE ${where}`).get(...values)
  const rows = database
    .prepare(`SELECT * FROM events WHERE ${where} AND seq < ? ORDER BY seq DESC LIMIT ?`)
    .all(...values, query.before ?? Number.MAX_SAFE_INTEGER, query.limit + 1)
  const events = rows.slice(0, query.limit).map(eventFrom)
  const last = events.at(-1)
  return {
    events,
    next: rows.length > events.length && last ? String(last.seq) : null,
    oldest: Number(ends?.['oldest'] ?? 0),
    newest: Number(ends?.['newest'] ?? 0),
  }
}

const eventFrom = (row: Record<string, unknown>): ClusterEvent => ({
  seq: Number(row['seq']),
  kind: EventKind.parse(row['kind']),
  id: String(row['id']),
  type: String(row['type']),
  atMs: Number(row['at_ms']),
  row: JSON.parse(String(row['row'])) as Row, // written by the record alone
})

/** Alerts that stood when the cluster was last heard of. */
export function alertsFromRecord(database: DatabaseSync): { alerts: Alert[] } {
  const last = database.prepare("SELECT max(seq), type, row FROM events WHERE kind = 'alert' GROUP BY id").all()
  const standing = last.filter((row) => row['type'] === 'raised').map((row) => JSON.parse(String(row['row'])) as Row) // written by the record alone
  const text = (value: unknown): string => (typeof value === 'string' ? value : '')
  return {
    alerts: standing.map((row) => ({
      id: text(row['alert_id']),
      kind: text(row['alert_kind']),
      severity: row['severity'] === 'ERROR' ? 'ERROR' : row['severity'] === 'INFO' ? 'INFO' : 'WARNING',
      message: text(row['message']),
      sinceMs: Number(row['since_ms'] ?? 0),
      nodeId: typeof row['node_id'] === 'string' ? row['node_id'] : null,
    })),
  }
}
