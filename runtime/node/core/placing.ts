import { fits, unitsPerOne } from '../../base/fixed-point.ts'
import { pickOne } from '../../base/random.ts'
import { describeAmounts, explainMisfit } from '../../protocol/placement/explain-misfit.ts'
import { canEverServe, pickNode } from '../../protocol/placement/pick-node.ts'
import type { Turn } from './events.ts'
import { allocateHere } from './holdings.ts'
import { placeInGroup } from './group-placing.ts'
import { listWaiting, peek, tidyQueue } from './queues.ts'
import type { AgentState, LeaseWish, ShapeQueue, ViewNode } from './state.ts'
import { selfCanEverServe } from './view.ts'
import { hold, markFeasible, pinnedPatienceMs, sendOn, setMisfit } from './waiting.ts'
import { refuse } from './wishes.ts'

/** So long after a node has joined every other one has heard of it; a request for one that is not known by then is refused. */
const unheardOfMs = 1_000

/** Serves waiting requests, the oldest first among those that can be served, until none can. */
export function placeWaiting(turn: Turn): void {
  const { state } = turn
  const active: ShapeQueue[] = []
  const all = turn.roomChanged || turn.viewChanged
  for (const key of all ? [...state.queues.keys()] : turn.touched) {
    const queue = state.queues.get(key)
    if (!queue) continue
    if (queue.live === 0) tidyQueue(state, queue)
    else if (turn.viewChanged || turn.touched.has(key) || mayHaveRoomHere(state, queue)) active.push(queue)
  }
  turn.touched.clear()
  turn.roomChanged = false
  turn.viewChanged = false
  while (active.length > 0) {
    const at = indexOfOldest(active)
    const queue = active[at]
    const wish = queue && peek(queue)
    if (queue && wish && placeOne(turn, queue, wish)) continue
    active.splice(at, 1)
    if (queue) tidyQueue(state, queue)
  }
}

/** Looks again at requests that came from other nodes and have waited here for a while. */
export function touchPinned(turn: Turn): void {
  for (const queue of turn.state.queues.values()) {
    const oldest = queue.pinned ? peek(queue) : undefined
    if (oldest && turn.nowMs - oldest.arrivedMs >= pinnedPatienceMs) turn.touched.add(queue.key)
  }
}

/** Refuses what no node could hold for too long. */
export function refuseInfeasible(turn: Turn): void {
  const { state } = turn
  for (const queue of [...state.queues.values()]) {
    const { misfit } = queue
    if (misfit === null) continue
    const { infeasibleTimeoutMs } = state.config
    const isFinal = misfit.isFinal && state.viewSynced
    const limitMs = isFinal ? Math.min(unheardOfMs, infeasibleTimeoutMs) : infeasibleTimeoutMs
    if (turn.nowMs - misfit.sinceMs < limitMs) continue
    const message = isFinal ? misfit.why : `no node could take it within ${Math.round(infeasibleTimeoutMs / 1_000)} s: ${misfit.why}`
    for (const wish of listWaiting(queue)) {
      if (turn.nowMs - wish.arrivedMs < limitMs) break // the ones behind came later
      refuse(turn, wish, { code: 'task.unschedulable', message })
    }
  }
}

/** Room became free on this node only: what did not fit elsewhere before does not now. */
const mayHaveRoomHere = (state: AgentState, queue: ShapeQueue): boolean =>
  queue.placement.strategy.kind === 'group' || fits(state.pool.available, queue.placement.wanted)

/** Returns whether the request is off its queue. */
function placeOne(turn: Turn, queue: ShapeQueue, wish: LeaseWish): boolean {
  const { state } = turn
  const { placement } = queue
  if (runningTaskWorkers(state) >= state.config.maxRunningWorkers) return false
  if (placement.strategy.kind === 'group') return placeInGroup(turn, queue, wish)
  if (queue.pinned) {
    const allocation = selfCanEverServe(state, placement) ? allocateHere(state, placement) : undefined
    if (allocation) {
      hold(turn, wish, allocation)
      return true
    }
    if (selfCanEverServe(state, placement) && turn.nowMs - wish.arrivedMs < pinnedPatienceMs) return markFeasible(queue)
  }
  const bound = boundNode(state, queue)
  if (bound && bound.nodeId !== state.config.nodeId) return sendOn(turn, wish, { queue, node: bound })
  const node = pickRoom(turn, queue)
  if (node && node.nodeId === state.config.nodeId) {
    const allocation = allocateHere(state, placement)
    if (!allocation) return false
    hold(turn, wish, allocation)
    return true
  }
  if (node) return sendOn(turn, wish, { queue, node })
  return waitOrSendOn(turn, queue, wish)
}

/** A node with room now; this node only when its devices have room too. */
function pickRoom(turn: Turn, queue: ShapeQueue): ViewNode | undefined {
  const { state } = turn
  const { random, nodeId } = state.config
  if (queue.fullAt === state.viewTick) {
    const isRoomHere = selfCanEverServe(state, queue.placement) && fits(state.pool.available, queue.placement.wanted)
    return isRoomHere && hasDevices(state, queue) ? state.nodeById.get(nodeId) : undefined
  }
  const options = { random, preferNodeId: nodeId, spreadCursor: state.spreadCursor }
  const node = pickNode(state.nodes, queue.placement, options)
  if (node?.nodeId !== nodeId || hasDevices(state, queue)) return node
  return pickNode(state.nodes, queue.placement, { ...options, avoid: new Set([nodeId]) })
}

function hasDevices(state: AgentState, queue: ShapeQueue): boolean {
  const units = queue.placement.wanted['GPU'] ?? 0
  if (units <= unitsPerOne) return units === 0 || state.pool.gpus.some((slot) => slot.freeUnits >= units)
  const whole = state.pool.gpus.filter((slot) => slot.freeUnits === unitsPerOne).length
  return units % unitsPerOne === 0 && whole * unitsPerOne >= units
}

/** No room anywhere now. It waits here when this node can ever run it, else at one that can. */
function waitOrSendOn(turn: Turn, queue: ShapeQueue, wish: LeaseWish): boolean {
  const { state } = turn
  queue.fullAt = state.viewTick
  if (selfCanEverServe(state, queue.placement)) return markFeasible(queue)
  if (queue.checkedRevision === state.viewRevision && queue.misfit !== null) return false
  const able = isBoundElsewhere(state, queue)
    ? []
    : state.nodes.filter((node) => node.nodeId !== state.config.nodeId && canEverServe(node, queue.placement))
  if (able.length > 0) return sendOn(turn, wish, { queue, node: pickOne(state.config.random, able) })
  queue.checkedRevision = state.viewRevision
  const misfit = explainMisfit(state.nodes, queue.placement)
  if (misfit.final) {
    queue.misfit = { sinceMs: queue.misfit?.sinceMs ?? turn.nowMs, why: misfit.why, isFinal: true }
    return false
  }
  const why = misfit.infeasible ? misfit.why : fragmentedGpus(state, queue)
  setMisfit(turn, queue, why)
  return false
}

const fragmentedGpus = (state: AgentState, queue: ShapeQueue): string =>
  `it asks for ${describeAmounts(queue.placement.wanted)}; more than one GPU must be whole devices, and no node has them (here: ${state.pool.gpus.length})`

/** The node a shape is bound to, when that node can ever run it: it is waited for there. */
function boundNode(state: AgentState, queue: ShapeQueue): ViewNode | undefined {
  const { strategy } = queue.placement
  if (strategy.kind !== 'node') return undefined
  const node = state.nodeById.get(strategy.nodeId)
  return node && canEverServe(node, queue.placement) ? node : undefined
}

/** Bound to a node that cannot serve it or is gone: no other will do. */
function isBoundElsewhere(state: AgentState, queue: ShapeQueue): boolean {
  const { strategy } = queue.placement
  return strategy.kind === 'node' && !strategy.soft && strategy.nodeId !== state.config.nodeId
}

/** Task workers that use the machine now: granted or about to be, and not waiting for others. */
export function runningTaskWorkers(state: AgentState): number {
  return state.leases.size - state.blockedLeases + state.starts.length
}

function indexOfOldest(queues: readonly ShapeQueue[]): number {
  let at = 0
  let least = Number.POSITIVE_INFINITY
  queues.forEach((queue, index) => {
    const order = peek(queue)?.order ?? Number.POSITIVE_INFINITY
    if (order >= least) return
    least = order
    at = index
  })
  return at
}
