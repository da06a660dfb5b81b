import { amountsFrom, resourcesFrom } from '../../base/fixed-point.ts'
import { explainMisfit } from '../../protocol/placement/explain-misfit.ts'
import { distanceOf, type ExplainedNode, explainNodes, type NodeReason } from '../../protocol/placement/explain-nodes.ts'
import { type PlacementShape, shapeKey, toPlacementShape } from '../../protocol/placement/shapes.ts'
import type { Shape } from '../../protocol/scheduling.ts'
import { explainPlan } from './group-plan.ts'
import type { Actor, Group, HeadNode, HeadState } from './state.ts'
import type { Submission } from './submission.ts'
import { placementShapeOf } from './submission.ts'
import { explainPending } from './submission-queue.ts'

/** Why something waits. Reads the state, changes nothing. */
export type Reason = {
  readonly state: string
  readonly isPending: boolean
  readonly why: string
  readonly infeasible: boolean
  readonly sinceMs: number | null
  readonly asked: Readonly<Record<string, number>>
  readonly nearest: string | null
  /** The nearest first. */
  readonly nodes: readonly NodeReason[]
  readonly nodesLeftOut: number
}

const listedNodes = 1_000

const settled = (state: string, why: string): Reason => ({
  ...{ state, why, isPending: false, infeasible: false, sinceMs: null, asked: {}, nearest: null, nodes: [], nodesLeftOut: 0 },
})

/** A shape on its own, such as that of a task: where would it go now? */
export function whyShape(
  state: HeadState,
  shape: PlacementShape,
): Pick<Reason, 'why' | 'infeasible' | 'asked' | 'nearest' | 'nodes' | 'nodesLeftOut'> {
  const asked = resourcesFrom(shape.wanted)
  if (shape.strategy.kind === 'group') return whyInGroup(state, shape, shape.strategy)
  const nodes = nodesFor(state, shape)
  const [nearest] = nodes.reasons
  if (nearest?.verdict === 'fits') {
    const why = `node ${nearest.nodeName} has room for it now; it should start any moment`
    return { why, infeasible: false, asked, nearest: nearest.nodeId, nodes: nodes.reasons, nodesLeftOut: nodes.leftOut }
  }
  const misfit = explainMisfit(state.livingNodes, shape)
  return {
    ...{ why: misfit.why, infeasible: misfit.infeasible, asked },
    ...{ nearest: misfit.nearest ?? nearest?.nodeId ?? null, nodes: nodes.reasons, nodesLeftOut: nodes.leftOut },
  }
}

export function whyActor(state: HeadState, actor: Actor): Reason {
  const { phase } = actor
  switch (phase.kind) {
    case 'alive':
      return settled('ALIVE', `it lives on node ${phase.nodeId}`)
    case 'dead':
      return settled('DEAD', phase.death.message.slice(0, 4_096))
    case 'starting':
      return {
        ...settled('PENDING_CREATION', `it has a place on node ${phase.nodeId}; its process starts, and its constructor runs`),
        ...{ isPending: true, sinceMs: phase.sentAtMs, nearest: phase.nodeId, asked: actor.spec.shape.resources },
      }
    case 'pending': {
      const queue = state.queues.get(actor.shapeKey)
      const about = whyShape(state, toPlacementShape(actor.spec.shape))
      const refused = queue?.refusedBy.size ?? 0
      const why = refused === 0 ? about.why : `${about.why}; ${refused} nodes said that they had no room after all`
      return { ...about, why, state: actor.restarts > 0 ? 'RESTARTING' : 'PENDING_CREATION', isPending: true, sinceMs: phase.sinceMs }
    }
  }
}

export function whyGroup(state: HeadState, group: Group): Reason {
  const { phase, spec, placed } = group
  if (phase.kind === 'created') return settled('CREATED', 'all of its bundles have their place')
  if (phase.kind === 'removed') return settled('REMOVED', phase.failure.message.slice(0, 4_096))
  const label = group.wasCreated ? 'RESCHEDULING' : 'PENDING'
  if (phase.kind !== 'waiting') {
    return {
      ...settled(group.wasCreated ? label : 'PREPARED', 'its nodes set its bundles aside'),
      isPending: true,
      sinceMs: phase.sent.sentAtMs,
    }
  }
  const missing = spec.bundles.flatMap((_, index) => (placed.has(index) ? [] : [index]))
  const taken = [...placed.values()].map(({ nodeId }) => nodeId)
  const plan = explainPlan(state.livingNodes, { spec, missing, taken })
  // Node by node it is the largest missing bundle that is told: where that has no room, the group has none.
  const bundle = largestBundle(group, missing)
  const about = whyShape(
    state,
    toPlacementShape({ resources: bundle.resources, labels: bundle.labels, fallbackLabels: [], strategy: { kind: 'default' } }),
  )
  return {
    ...{ state: label, isPending: true, why: plan.why, infeasible: plan.infeasible, sinceMs: null },
    ...{ asked: bundle.resources, nearest: about.nearest, nodes: about.nodes, nodesLeftOut: about.nodesLeftOut },
  }
}

export function whySubmission(state: HeadState, submission: Submission): Reason {
  const { phase, spec } = submission
  switch (phase.kind) {
    case 'ended':
      return settled(phase.end.status, phase.end.message.slice(0, 4_096))
    case 'running':
      return settled('RUNNING', `its command runs on node ${phase.nodeId} as process ${phase.pid}`)
    case 'starting':
      return {
        ...settled('PENDING', submission.progress || `node ${phase.nodeId} sets up what it needs`),
        ...{ isPending: true, sinceMs: phase.sinceMs, nearest: phase.nodeId, asked: spec.placement?.resources ?? {} },
      }
    case 'pending': {
      const about = whyShape(state, placementShapeOf(spec))
      return { ...about, why: explainPending(state, submission), state: 'PENDING', isPending: true, sinceMs: spec.submittedAtMs }
    }
  }
}

export type Demand = {
  readonly kind: 'task' | 'actor' | 'placement_group'
  readonly asked: Readonly<Record<string, number>>
  readonly count: number
  readonly infeasible: boolean
  readonly why: string
  readonly nearest: string | null
  readonly ids: readonly string[]
}

const listedDemands = 1_000
const listedIds = 100

/** All that waits, by what it asks for; the most first. */
export function listDemand(state: HeadState): Demand[] {
  const tasks = new Map<string, { shape: Shape; count: number }>()
  for (const node of state.livingNodes) {
    for (const { shape, count } of node.demand) {
      const known = tasks.get(shapeKey(shape))
      if (known) known.count += count
      else if (tasks.size < listedDemands) tasks.set(shapeKey(shape), { shape, count })
    }
  }
  const demands: Demand[] = []
  for (const { shape, count } of tasks.values()) {
    const { why, infeasible, nearest } = summaryOf(state, toPlacementShape(shape))
    demands.push({ kind: 'task', asked: shape.resources, count, infeasible, why, nearest, ids: [] })
  }
  for (const queue of [...state.queues.values()].slice(0, listedDemands)) {
    if (queue.actorIds.size === 0) continue
    const { why, infeasible, nearest } = summaryOf(state, queue.shape)
    const ids = [...queue.actorIds].slice(0, listedIds)
    demands.push({ kind: 'actor', asked: resourcesFrom(queue.shape.wanted), count: queue.actorIds.size, infeasible, why, nearest, ids })
  }
  for (const groupId of [...state.waitingGroups].slice(0, listedDemands)) {
    const group = state.groups.get(groupId)
    if (group === undefined) continue
    const { why, infeasible, nearest } = whyGroup(state, group)
    const asked: Record<string, number> = {}
    for (const { resources } of group.spec.bundles)
      for (const [name, amount] of Object.entries(resources)) asked[name] = (asked[name] ?? 0) + amount
    demands.push({ kind: 'placement_group', asked, count: 1, infeasible, why, nearest, ids: [groupId] })
  }
  return demands.sort((one, other) => other.count - one.count)
}

/** Without a look at each node. */
function summaryOf(state: HeadState, shape: PlacementShape): { why: string; infeasible: boolean; nearest: string | null } {
  if (shape.strategy.kind === 'group') return whyInGroup(state, shape, shape.strategy)
  return explainMisfit(state.livingNodes, shape)
}

type InGroup = Extract<PlacementShape['strategy'], { kind: 'group' }>

function whyInGroup(state: HeadState, shape: PlacementShape, strategy: InGroup): ReturnType<typeof whyShape> {
  const group = state.groups.get(strategy.groupId)
  const base = { asked: resourcesFrom(shape.wanted), nearest: null, nodes: [], nodesLeftOut: 0 }
  if (group === undefined || group.phase.kind === 'removed') {
    return { ...base, why: `placement group ${strategy.groupId} does not exist any more`, infeasible: true }
  }
  if (group.phase.kind !== 'created')
    return { ...whyGroup(state, group), asked: base.asked, why: `its placement group waits: ${whyGroup(state, group).why}` }
  const amounts = group.spec.bundles
    .filter((_, index) => strategy.bundleIndex < 0 || strategy.bundleIndex === index)
    .map(({ resources }) => amountsFrom(resources))
  const canHold = amounts.some((held) => Object.keys(shape.wanted).every((name) => (held[name] ?? 0) >= (shape.wanted[name] ?? 0)))
  const which = strategy.bundleIndex < 0 ? 'any bundle' : `bundle ${strategy.bundleIndex}`
  if (!canHold) return { ...base, why: `it asks for more than ${which} of placement group ${strategy.groupId} holds`, infeasible: true }
  return {
    ...base,
    why: `the bundles of placement group ${strategy.groupId} are in use; it starts when something in them ends`,
    infeasible: false,
  }
}

function nodesFor(state: HeadState, shape: PlacementShape): { reasons: NodeReason[]; leftOut: number } {
  const reasons = explainNodes(state.livingNodes.map(explained), shape)
  const { strategy } = shape
  const bound = strategy.kind === 'node' ? state.nodes.get(strategy.nodeId) : undefined
  if (bound?.phase.kind === 'dead') reasons.push(...explainNodes([explained(bound)], shape))
  reasons.sort((one, other) => distanceOf(one) - distanceOf(other))
  return { reasons: reasons.slice(0, listedNodes), leftOut: Math.max(0, reasons.length - listedNodes) }
}

function explained(node: HeadNode): ExplainedNode {
  const { nodeId, nodeName, labels, total, available, isOpen, phase, draining } = node
  const closed = phase.kind === 'dead' ? 'dead' : phase.kind === 'suspect' ? 'unreachable' : draining ? 'draining' : null
  return { nodeId, nodeName, labels, total, available, isOpen, closed }
}

function largestBundle(group: Group, missing: readonly number[]): Group['spec']['bundles'][number] {
  const size = (resources: Readonly<Record<string, number>>) => Object.values(amountsFrom(resources)).reduce((sum, units) => sum + units, 0)
  const bundles = missing.flatMap((index) => group.spec.bundles[index] ?? [])
  return bundles.reduce(
    (best, bundle) => (size(bundle.resources) > size(best.resources) ? bundle : best),
    bundles[0] ?? { resources: {}, labels: [] },
  )
}
