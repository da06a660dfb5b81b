import { join } from 'node:path'
import { hostname } from 'node:os'
import type { EventKind } from '../../api/events.ts'
import type { LegacyEvent } from '../../api/events-legacy.ts'
import type { ClusterEventStateRow } from '../../api/state/cluster-events.ts'
import type { TaskChange } from '../history/messages.ts'
import type { HeardMetrics, MetricsService } from '../metrics/metrics-service.ts'
import type { ServiceParts } from '../services.ts'
import { AlertBook, alertEvent, findAlerts } from './alerts.ts'
import { clusterEventRow, legacyEvent } from './cluster-event-rows.ts'
import { EventBus } from './event-bus.ts'
import { EventStore } from './event-store.ts'
import { EventStreams, type Snapshot, type SnapshotRow } from './event-streams.ts'
import type { NewEvent } from './new-event.ts'
import { eventsOfChanges } from './state-events.ts'
import { snapshotRows } from './state-rows.ts'

export type EventFeedOptions = ServiceParts & {
  readonly metrics: MetricsService
}

const lookEveryMs = 2_000
/** A node's object store is worth an event when its level moved by this share of its size. */
const storeStep = 0.05
const toldKinds: ReadonlySet<EventKind> = new Set(['node', 'job', 'placement_group', 'alert'])
const toldEvents = 10_000

/** Joins everything that knows of happenings to the bus, and looks now and then for what is wrong. */
export class EventFeed {
  readonly bus: EventBus
  readonly streams: EventStreams
  readonly alerts = new AlertBook()
  readonly #options: EventFeedOptions
  readonly #timer: NodeJS.Timeout
  readonly #storeLevels = new Map<string, { used: number; spilled: number }>()
  readonly #outOfMemory = new Map<string, number>()
  #fresh: HeardMetrics[] = []

  constructor(options: EventFeedOptions) {
    const { head, logger, clock, layout, metrics, history } = options
    this.#options = options
    const store = new EventStore({ path: join(layout.headDir, 'bus.sqlite'), logger })
    this.bus = new EventBus({ store, clock, logger })
    this.streams = new EventStreams({ bus: this.bus, logger, snapshot: (kinds) => this.#snapshot(kinds) })
    head.onSaved((changes) => this.bus.publish(eventsOfChanges(head.state, changes, clock.nowMs())))
    head.onNote = (event, fields) => this.#onNote(event, fields)
    history.onChanges((changes, skipped) => this.#onTasks(changes, skipped))
    metrics.onHeard((heard) => this.#onMetrics(heard))
    this.#timer = setInterval(() => this.#look(), lookEveryMs).unref()
  }

  /** Rows of Ray's `cluster_events`, newest first. */
  clusterEventRows(limit = toldEvents): ClusterEventStateRow[] {
    return this.#told(limit).flatMap((event) => clusterEventRow(event, this.#options.clusterId) ?? [])
  }

  /** Rows of Ray's `/events`, oldest first. */
  legacyEvents({ jobId }: { readonly jobId: string | undefined }): (LegacyEvent & { readonly jobId: string })[] {
    const host = { clusterId: this.#options.clusterId, hostname: hostname(), pid: process.pid }
    const events = this.#told(toldEvents).flatMap((event) => legacyEvent(event, host) ?? [])
    return events.filter((event) => jobId === undefined || event.jobId === jobId).reverse()
  }

  close(): void {
    clearInterval(this.#timer)
    this.bus.flush()
    this.streams.close()
    this.bus.close()
  }

  #told(limit: number) {
    return this.bus.readPage({ kinds: toldKinds }, { limit }).events
  }

  #onNote(event: string, fields: Readonly<Record<string, string | number>>): void {
    const nodeId = String(fields['nodeId'] ?? '')
    if (event === 'node.died' && fields['reason'] !== 'it left') {
      this.#noteAlert('node-lost', {
        severity: 'ERROR',
        nodeId,
        message: `node ${nodeId} is lost: ${fields['reason']}; what ran there runs again elsewhere where it may`,
      })
    }
    if (event === 'node.returned') this.#noteAlert('node-back', { severity: 'INFO', nodeId, message: `node ${nodeId} is back` })
  }

  #noteAlert(
    kind: string,
    { severity, nodeId, message }: { severity: 'INFO' | 'WARNING' | 'ERROR'; nodeId: string; message: string },
  ): void {
    const atMs = this.#options.clock.nowMs()
    this.bus.publish([alertEvent('noted', { id: `${kind}:${nodeId}`, kind, severity, message, sinceMs: atMs, nodeId }, atMs)])
  }

  #onTasks(changes: readonly TaskChange[], skipped: number): void {
    const events = changes.map(taskEvent)
    if (skipped > 0) {
      const row = { count: skipped, message: `${skipped} changes of tasks came too fast to be told one by one; lists have them` }
      events.push({ kind: 'task', id: '', type: 'skipped', atMs: this.#options.clock.nowMs(), row })
    }
    this.bus.publish(events)
  }

  #onMetrics(heard: HeardMetrics): void {
    const { metrics, heardAtMs } = heard
    if (this.streams.wantsMetrics) this.#fresh.push(heard)
    const { nodeId, store, outOfMemoryEnds } = metrics
    const endsBefore = this.#outOfMemory.get(nodeId) ?? outOfMemoryEnds
    this.#outOfMemory.set(nodeId, outOfMemoryEnds)
    if (outOfMemoryEnds > endsBefore) {
      const count = outOfMemoryEnds - endsBefore
      this.#noteAlert('out-of-memory', {
        severity: 'ERROR',
        nodeId,
        message: `node ${nodeId} ran short of memory and ended ${count} of its workers`,
      })
    }
    const level = this.#storeLevels.get(nodeId)
    const step = Math.max(1, store.capacityBytes * storeStep)
    const hasMoved =
      level === undefined || Math.abs(level.used - store.usedBytes) >= step || Math.abs(level.spilled - store.spilledBytes) >= step
    if (!hasMoved) return
    this.#storeLevels.set(nodeId, { used: store.usedBytes, spilled: store.spilledBytes })
    const row = {
      node_id: nodeId,
      used_bytes: store.usedBytes,
      capacity_bytes: store.capacityBytes,
      spilled_bytes: store.spilledBytes,
      objects: store.objects,
    }
    this.bus.publish([{ kind: 'object_store', id: nodeId, type: 'level', atMs: heardAtMs, row }])
  }

  #look(): void {
    const { head, metrics, clock } = this.#options
    const nowMs = clock.nowMs()
    this.bus.publish(this.alerts.update(findAlerts({ state: head.state, metrics: metrics.all(), nowMs }, this.alerts.ids), nowMs))
    for (const nodeId of [...this.#storeLevels.keys()]) {
      if (head.state.nodes.get(nodeId)?.phase.kind !== 'dead' && head.state.nodes.has(nodeId)) continue
      this.#storeLevels.delete(nodeId)
      this.#outOfMemory.delete(nodeId)
    }
    const fresh = new Map(this.#fresh.map(({ metrics: figures }) => [figures.nodeId, figures]))
    this.#fresh = []
    if (fresh.size > 0) this.streams.sendMetrics([...fresh.values()])
  }

  #snapshot(kinds: ReadonlySet<EventKind>): Snapshot {
    const { head } = this.#options
    const rows: SnapshotRow[] = []
    const totals: Record<string, number> = {}
    for (const kind of ['node', 'job', 'actor', 'placement_group'] as const) {
      if (!kinds.has(kind)) continue
      const found = snapshotRows(head.state, kind)
      for (const row of found.rows) rows.push({ kind, id: String(row[idColumn[kind]] ?? row['job_id']), row: { ...row } })
      if (found.total > found.rows.length) totals[kind] = found.total
    }
    if (kinds.has('alert'))
      for (const alert of this.alerts.list())
        rows.push({ kind: 'alert', id: alert.id, row: { ...alertEvent('raised', alert, alert.sinceMs).row } })
    return { rows, totals }
  }
}

const idColumn = { node: 'node_id', job: 'submission_id', actor: 'actor_id', placement_group: 'placement_group_id' } as const

function taskEvent(change: TaskChange): NewEvent {
  const { taskId, attempt, name, state, type, jobId, actorId, nodeId, workerId, errorType, atMs } = change
  return {
    kind: 'task',
    id: taskId,
    type: state.toLowerCase(),
    atMs,
    row: {
      ...{ task_id: taskId, attempt_number: attempt, name, state, type },
      ...{ job_id: jobId, actor_id: actorId, node_id: nodeId, worker_id: workerId, error_type: errorType },
    },
  }
}
