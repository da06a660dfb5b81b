import { invariant } from '../../../base/invariant.ts'
import { isHeld } from './actor-calls.ts'
import type { OwnedTask, OwnerState, ShapeQueue } from './state.ts'

/** Throws InvariantError when the state contradicts itself. Looks at everything: for tests and simulation. */
export function checkInvariants(state: OwnerState): void {
  const places = new Map<OwnedTask, string[]>()
  const put = (task: OwnedTask, place: string) => {
    const known = places.get(task)
    if (known) known.push(place)
    else places.set(task, [place])
  }
  checkLeases(state, put)
  for (const queue of state.shapes.values()) checkShape(state, queue, put)
  for (const queue of state.actors.values()) {
    for (const task of queue.waiting) put(task, 'waiting call')
    for (const task of queue.held) put(task, 'held call')
    for (const task of queue.inFlight.values()) put(task, 'sent call')
    const { actorId, link, inFlight } = queue
    invariant(link !== 'none' || inFlight.size === 0, `actor ${actorId} has ${inFlight.size} calls in flight and no link`)
    const isForgotten = queue.unused && queue.waiting.length + queue.held.size + inFlight.size === 0
    invariant(!isForgotten || state.dirtyActors.has(actorId), `actor ${actorId} is of no more use here and is not forgotten`)
    const isSendable = queue.status?.kind === 'alive' && (link === 'none' || link === 'open') && queue.waiting.peek()?.waitingFor === 0
    invariant(!isSendable || state.dirtyActors.has(actorId), `actor ${actorId} has a call that could be sent, and nothing will send it`)
  }
  for (const task of state.delayed) put(task, 'delayed')
  checkAsks(state)
  const awaited = new Set<OwnedTask>()
  for (const tasks of state.dependents.values()) for (const task of tasks) awaited.add(task)
  for (const task of state.tasks.values()) checkTask(state, task, { places: places.get(task) ?? [], isAwaited: awaited.has(task) })
  for (const [task, at] of places) invariant(state.tasks.get(task.taskId) === task, `task ${task.taskId} is ${at.join(', ')} and has ended`)
}

type Put = (task: OwnedTask, place: string) => void

function checkTask(state: OwnerState, task: OwnedTask, { places, isAwaited }: { places: readonly string[]; isAwaited: boolean }): void {
  const story = `task ${task.taskId} (${task.phase}, attempt ${task.attempt}, waits for ${task.waitingFor}, is ${places.join(', ') || 'nowhere'})`
  invariant(task.phase !== 'ended', `${story} has ended and is still known`)
  invariant(task.retriesLeft >= -1 && task.retriesLeft <= Math.max(task.maxRetries, -1), `${story} has ${task.retriesLeft} retries left`)
  invariant(task.waitingFor >= 0, story)
  if (task.waitingFor > 0) invariant(isAwaited && task.phase === 'waiting', `${story} waits for objects that will not wake it`)
  const expected = task.call ? expectedQueue(task) : expectedPlace(task)
  invariant(places.length === (expected === undefined ? 0 : 1) && places[0] === expected, `${story} should be ${expected ?? 'nowhere'}`)
  if (task.call || task.phase !== 'pushed') return invariant(task.leaseId === null, `${story} names lease ${task.leaseId}`)
  invariant(
    state.leases.get(task.leaseId ?? '')?.inFlight.get(task.taskId) === task,
    `${story} names lease ${task.leaseId}, which has it not`,
  )
}

function expectedQueue(task: OwnedTask): string {
  if (task.phase === 'pushed') return 'sent call'
  return isHeld(task) ? 'held call' : 'waiting call'
}

function expectedPlace(task: OwnedTask): string | undefined {
  if (task.phase === 'pushed') return 'in flight'
  if (task.phase === 'ready') return 'ready'
  return task.waitingFor === 0 ? 'delayed' : undefined
}

function checkLeases(state: OwnerState, put: Put): void {
  let indexed = 0
  for (const leases of state.leasesOfAgent.values()) indexed += leases.size
  invariant(indexed === state.leases.size, `${state.leases.size} leases are held, ${indexed} stand at their agents`)
  for (const lease of state.leases.values()) {
    const { leaseId, inFlight } = lease
    invariant(state.leasesOfAgent.get(lease.agent?.nodeId ?? '')?.has(lease), `lease ${leaseId} is missing at its agent`)
    invariant(state.shapes.get(lease.shapeKey)?.leases.has(leaseId), `lease ${leaseId} is missing at its shape ${lease.shapeKey}`)
    invariant(lease.expectedMs >= 0 && (inFlight.size > 0 || lease.expectedMs === 0), `lease ${leaseId} expects ${lease.expectedMs} ms`)
    invariant(!lease.blocked || inFlight.size > 0, `lease ${leaseId} is blocked by nothing`)
    const isOver = lease.lost !== null || lease.linkClosedAtMs !== null
    invariant(!isOver || lease.closing, `lease ${leaseId} is lost and in use`)
    invariant(!lease.closing || inFlight.size > 0 || isOver, `lease ${leaseId} is done and not given back`)
    for (const task of inFlight.values()) put(task, 'in flight')
  }
}

function checkShape(state: OwnerState, queue: ShapeQueue, put: Put): void {
  const { shapeKey, ready, leases, idle, roomy, asks } = queue
  const story = `shape ${shapeKey} (${ready.length} ready, ${leases.size} leases, ${idle.size} idle, ${roomy.size} with room, ${asks.size} asked for)`
  let waiting = 0
  for (const task of ready) {
    put(task, 'ready')
    waiting += 1
  }
  invariant(ready.length === waiting, `${story}: ${waiting} are ready`)
  for (const leaseId of leases) {
    const lease = state.leases.get(leaseId)
    invariant(lease, `${story}: lease ${leaseId} is not known`)
    const isOpen = !lease.closing && !lease.blocked
    invariant(
      idle.has(leaseId) === (isOpen && lease.inFlight.size === 0),
      `${story}: lease ${leaseId} is idle or not, and listed otherwise`,
    )
    invariant(!roomy.has(leaseId) || (isOpen && lease.inFlight.size > 0), `${story}: lease ${leaseId} is listed as one with room`)
  }
  for (const leaseId of [...idle, ...roomy]) invariant(leases.has(leaseId), `${story}: ${leaseId} is no lease of it`)
  const isServed =
    ready.length === 0 ||
    asks.size > 0 ||
    state.dirtyShapes.has(shapeKey) ||
    state.laterShapes.has(shapeKey) ||
    queue.shape.strategy.kind === 'group'
  invariant(isServed, `${story}: tasks are ready and nobody is asked`)
  invariant(ready.length === 0 || idle.size === 0 || state.dirtyShapes.has(shapeKey), `${story}: a worker idles beside ready tasks`)
}

function checkAsks(state: OwnerState): void {
  let listed = 0
  for (const queue of state.shapes.values()) {
    listed += queue.asks.size
    for (const requestId of queue.asks)
      invariant(state.asks.get(requestId)?.shapeKey === queue.shapeKey, `request ${requestId} is not known`)
  }
  invariant(listed === state.asks.size, `${state.asks.size} requests are out, ${listed} stand at their shapes`)
  for (const { agent } of [...state.asks.values(), ...state.leases.values()])
    invariant(
      agent === null || state.contacts.has(agent.nodeId) || isLost(state, agent.nodeId),
      `agent ${agent?.nodeId} is not told what we hold there`,
    )
}

/** Leases at an agent that is gone wait for the rest of the news. */
const isLost = (state: OwnerState, nodeId: string): boolean =>
  [...state.leases.values()].every(({ agent, lost }) => agent?.nodeId !== nodeId || lost !== null) &&
  [...state.asks.values()].every(({ agent }) => agent?.nodeId !== nodeId)
