import type { Alert } from '../../api/events.ts'
import { describeAmounts } from '../../protocol/placement/explain-misfit.ts'
import { amountsFrom } from '../../base/fixed-point.ts'
import type { NodeMetrics } from '../../protocol/metrics.ts'
import type { HeadState } from '../core/state.ts'
import type { NewEvent } from './new-event.ts'

export type AlertInput = {
  readonly state: Pick<HeadState, 'livingNodes' | 'queues' | 'waitingGroups' | 'groups'>
  readonly metrics: Iterable<{ readonly metrics: NodeMetrics; readonly heardAtMs: number }>
  readonly nowMs: number
}

/** An alert is raised above the first share, and stands until below the second. */
const fullAbove = 0.9
const fullUntil = 0.85
const skewAboveMs = 5_000
const skewUntilMs = 3_000
/** Work that no node can hold is worth a word once it has waited so long: a node may be on its way. */
const infeasibleAfterMs = 5_000
const mostAlerts = 1_000

type Found = Omit<Alert, 'sinceMs'>

/** What is wrong now. `standing` are the ids of alerts that were raised before: those go away a little later than they came. */
export function findAlerts({ state, metrics, nowMs }: AlertInput, standing: ReadonlySet<string>): Found[] {
  const living = new Map(state.livingNodes.map((node) => [node.nodeId, node]))
  const found: Found[] = []
  for (const { metrics: figures, heardAtMs } of metrics) {
    const node = living.get(figures.nodeId)
    if (node !== undefined) found.push(...machineAlerts(figures, { heardAtMs, name: node.nodeName, standing }))
  }
  for (const node of state.livingNodes) {
    for (const { shape, count, infeasible } of node.demand) {
      if (!infeasible || count === 0) continue
      const asked = describeAmounts(amountsFrom(shape.resources))
      found.push({
        id: `infeasible:tasks:${asked}:${JSON.stringify(shape.labels)}`.slice(0, 256),
        kind: 'infeasible',
        severity: 'WARNING',
        message: `${count} ${count === 1 ? 'task asks' : 'tasks ask'} for ${asked}, which no node of the cluster can ever hold; add such a node, or ask for less`,
        nodeId: null,
      })
    }
  }
  for (const queue of state.queues.values()) {
    if (queue.infeasibleSinceMs === null || nowMs - queue.infeasibleSinceMs < infeasibleAfterMs) continue
    found.push({
      id: `infeasible:actors:${queue.key}`.slice(0, 256),
      kind: 'infeasible',
      severity: 'WARNING',
      message: `${queue.actorIds.size} actors cannot be placed: ${queue.why}`.slice(0, 4_096),
      nodeId: null,
    })
  }
  for (const groupId of state.waitingGroups) {
    const phase = state.groups.get(groupId)?.phase
    if (phase?.kind !== 'waiting' || !phase.infeasible) continue
    const message = `placement group ${groupId} cannot be placed: ${phase.why}`.slice(0, 4_096)
    found.push({ id: `infeasible:group:${groupId}`, kind: 'infeasible', severity: 'WARNING', message, nodeId: null })
    if (found.length > mostAlerts) break
  }
  return [...new Map(found.map((alert) => [alert.id, alert])).values()].slice(0, mostAlerts)
}

type Machine = { readonly heardAtMs: number; readonly name: string; readonly standing: ReadonlySet<string> }

function machineAlerts(figures: NodeMetrics, { heardAtMs, name, standing }: Machine): Found[] {
  const { nodeId, disks, store, memory, atMs } = figures
  const found: Found[] = []
  const isOver = (id: string, share: number) => share >= (standing.has(id) ? fullUntil : fullAbove)
  const percent = (share: number) => `${Math.floor(share * 100)} %`
  for (const { mount, usedBytes, freeBytes, isOurs } of disks) {
    const share = usedBytes + freeBytes === 0 ? 0 : usedBytes / (usedBytes + freeBytes)
    const id = `disk:${nodeId}:${mount}`.slice(0, 256)
    if (!isOurs || !isOver(id, share)) continue
    const message = `the disk at ${mount} of node ${name} is ${percent(share)} full; objects cannot be spilled above 95 %: free some space`
    found.push({ id, kind: 'disk-nearly-full', severity: 'WARNING', message, nodeId })
  }
  const storeShare = store.capacityBytes === 0 ? 0 : store.usedBytes / store.capacityBytes
  if (isOver(`store:${nodeId}`, storeShare)) {
    const message = `the object store of node ${name} is ${percent(storeShare)} full; what does not fit goes to disk, which is slower`
    found.push({ id: `store:${nodeId}`, kind: 'store-nearly-full', severity: 'WARNING', message, nodeId })
  }
  const { totalBytes, usedBytes } =
    memory.group === null ? memory : { totalBytes: memory.group.limitBytes, usedBytes: memory.group.usedBytes }
  const memoryShare = totalBytes === 0 ? 0 : usedBytes / totalBytes
  if (isOver(`memory:${nodeId}`, memoryShare)) {
    const message = `node ${name} has ${percent(memoryShare)} of its memory in use; at 95 % a worker is ended`
    found.push({ id: `memory:${nodeId}`, kind: 'memory-nearly-full', severity: 'WARNING', message, nodeId })
  }
  const skewMs = atMs - heardAtMs
  if (Math.abs(skewMs) >= (standing.has(`clock:${nodeId}`) ? skewUntilMs : skewAboveMs)) {
    const direction = skewMs > 0 ? 'ahead of' : 'behind'
    const message = `the clock of node ${name} is ${Math.round(Math.abs(skewMs) / 1_000)} s ${direction} the head's: times in its logs and tasks are off; set it with NTP`
    found.push({ id: `clock:${nodeId}`, kind: 'clock-skew', severity: 'WARNING', message, nodeId })
  }
  return found
}

/** The alerts that stand, and what changes of them. */
export class AlertBook {
  readonly #standing = new Map<string, Alert>()

  /** Takes in what is wrong now. Returns an event for each alert that came or went. */
  update(found: readonly Found[], nowMs: number): NewEvent[] {
    const events: NewEvent[] = []
    const ids = new Set(found.map(({ id }) => id))
    for (const alert of this.#standing.values()) {
      if (ids.has(alert.id)) continue
      this.#standing.delete(alert.id)
      events.push(alertEvent('cleared', alert, nowMs))
    }
    for (const each of found) {
      const known = this.#standing.get(each.id)
      const alert = { ...each, sinceMs: known?.sinceMs ?? nowMs }
      this.#standing.set(each.id, alert)
      if (known === undefined) events.push(alertEvent('raised', alert, nowMs))
    }
    return events
  }

  get ids(): ReadonlySet<string> {
    return new Set(this.#standing.keys())
  }

  list(): Alert[] {
    return [...this.#standing.values()]
  }
}

/** Of something that happened and does not last: `noted`. */
export function alertEvent(type: 'raised' | 'cleared' | 'noted', alert: Alert, atMs: number): NewEvent {
  const { id, kind, severity, message, sinceMs, nodeId } = alert
  return {
    kind: 'alert',
    id,
    type,
    atMs,
    row: { alert_id: id, alert_kind: kind, severity, message, since_ms: sinceMs, ...(nodeId === null ? {} : { node_id: nodeId }) },
  }
}
