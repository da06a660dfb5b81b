import { createHash } from 'node:crypto'
import type { ClusterEvent } from '../../api/events.ts'
import type { LegacyEvent } from '../../api/events-legacy.ts'
import type { ClusterEventStateRow } from '../../api/state/cluster-events.ts'

const shortIdLength = 12

/** What an event tells people in one line; undefined for those that are only for programs. */
export function tellEvent(event: ClusterEvent): { severity: 'INFO' | 'WARNING' | 'ERROR'; source: string; message: string } | undefined {
  const { kind, id, type, row } = event
  const text = (name: string) => (typeof row[name] === 'string' ? row[name] : '')
  const node = `node ${text('node_name')} (${id.slice(0, shortIdLength)})`
  switch (kind) {
    case 'node':
      if (type === 'dead') return { severity: 'ERROR', source: 'NODES', message: `${node} is dead: ${text('state_message')}` }
      if (type === 'draining')
        return {
          severity: 'INFO',
          source: 'NODES',
          message: `${node} takes no new work: ${text('state_message')}`,
        }
      return { severity: 'INFO', source: 'NODES', message: `${node} is alive` }
    case 'job': {
      const failed = type === 'failed'
      const why = failed && text('message') !== '' ? `: ${text('message')}` : ''
      return { severity: failed ? 'ERROR' : 'INFO', source: 'JOBS', message: `job ${id} is ${type.toUpperCase()}${why}`.slice(0, 4_096) }
    }
    case 'placement_group':
      if (type !== 'removed' && type !== 'rescheduling') return undefined
      return {
        severity: type === 'removed' ? 'INFO' : 'WARNING',
        source: 'PLACEMENT_GROUPS',
        message: `placement group ${id} is ${type.toUpperCase()}`,
      }
    case 'alert': {
      const severity = type === 'cleared' ? 'INFO' : row['severity'] === 'ERROR' ? 'ERROR' : row['severity'] === 'INFO' ? 'INFO' : 'WARNING'
      return { severity, source: 'ALERTS', message: type === 'cleared' ? `it is fine again: ${text('message')}` : text('message') }
    }
    case 'task':
    case 'actor':
    case 'log':
    case 'object_store':
      return undefined
  }
}

/** 36 hex digits, always the same for one event of one cluster; in the order in which they came. */
const eventIdOf = (clusterId: string, seq: number): string =>
  seq.toString(16).padStart(14, '0') + createHash('sha256').update(`${clusterId} ${seq}`).digest('hex').slice(0, 22)

export function clusterEventRow(event: ClusterEvent, clusterId: string): ClusterEventStateRow | undefined {
  const told = tellEvent(event)
  if (told === undefined) return undefined
  return {
    severity: told.severity,
    time: localTime(event.atMs),
    source_type: told.source,
    message: told.message,
    event_id: eventIdOf(clusterId, event.seq),
    custom_fields: { seq: event.seq, kind: event.kind, id: event.id, type: event.type },
  }
}

export function legacyEvent(
  event: ClusterEvent,
  host: { clusterId: string; hostname: string; pid: number },
): (LegacyEvent & { readonly jobId: string }) | undefined {
  const told = tellEvent(event)
  if (told === undefined) return undefined
  const jobId = event.kind === 'job' ? event.id : event.row['job_id']
  return {
    eventId: eventIdOf(host.clusterId, event.seq),
    sourceType: told.source,
    sourceHostname: host.hostname,
    sourcePid: host.pid,
    message: told.message,
    timestamp: String(Math.floor(event.atMs / 1_000)),
    severity: told.severity,
    label: event.type,
    customFields: { seq: event.seq, kind: event.kind, id: event.id },
    jobId: typeof jobId === 'string' ? jobId : '',
  }
}

/** `YYYY-MM-DD HH:MM:SS` by this machine's clock. */
function localTime(atMs: number): string {
  const date = new Date(atMs)
  const two = (value: number) => String(value).padStart(2, '0')
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
}
