import type { Actor, HeadNode, HeadState } from './state.ts'

/** What ends when something is ended. Reads the state, changes nothing. */
export type Radius = {
  readonly nodes: ReadonlySet<string>
  readonly jobs: ReadonlySet<string>
  readonly actors: ReadonlySet<string>
  readonly groups: ReadonlySet<string>
  /** Processes: actors' and drivers'. Whose objects go too. */
  readonly workers: ReadonlySet<string>
  readonly notes: readonly string[]
}

type Growing = { nodes: Set<string>; jobs: Set<string>; actors: Set<string>; groups: Set<string>; workers: Set<string>; notes: string[] }

const emptyRadius = (): Growing => ({
  nodes: new Set(),
  jobs: new Set(),
  actors: new Set(),
  groups: new Set(),
  workers: new Set(),
  notes: [],
})

/** The actor, what it owns, and so on. One that may restart, and is allowed to, leaves its process only. */
export function radiusOfActor(state: HeadState, actor: Actor, { noRestart = true }: { noRestart?: boolean } = {}): Radius {
  const radius = emptyRadius()
  const { spec, phase } = actor
  if (phase.kind === 'dead') return radius
  const restarts = !noRestart && (spec.maxRestarts === -1 || actor.restarts < spec.maxRestarts)
  if (restarts) radius.notes.push('it restarts: calls under way fail or are sent again, and its state is lost')
  if (spec.detached) radius.notes.push('it is detached: nothing else ends it')
  addActor(state, actor, radius)
  return radius
}

/** The driver's process with all that it owns. Detached actors and groups stay. */
export function radiusOfJob(state: HeadState, jobId: string): Radius {
  const radius = emptyRadius()
  const job = state.jobs.get(jobId)
  if (job === undefined || job.endedAtMs !== null) return radius
  radius.jobs.add(jobId)
  addProcess(state, job.driverId, radius)
  for (const actorId of state.actorsOfJob.get(jobId) ?? []) {
    const actor = state.actors.get(actorId)
    if (actor && !actor.spec.detached) addActor(state, actor, radius)
    else if (actor) radius.notes.push(`detached actor ${actorId} stays`)
  }
  for (const groupId of state.groupsOfJob.get(jobId) ?? []) {
    if (state.groups.get(groupId)?.spec.detached === false) radius.groups.add(groupId)
    else radius.notes.push(`detached placement group ${groupId} stays`)
  }
  return bounded(radius)
}

export function radiusOfProcess(state: HeadState, workerId: string): Radius {
  const radius = emptyRadius()
  const actor = state.actors.get(state.actorOfWorker.get(workerId) ?? '')
  const jobId = state.jobOfDriver.get(workerId)
  if (jobId !== undefined) return radiusOfJob(state, jobId)
  if (actor) {
    addActor(state, actor, radius)
    const { maxRestarts } = actor.spec
    if (maxRestarts === -1 || actor.restarts < maxRestarts)
      radius.notes.push(`actor ${actor.spec.actorId} restarts elsewhere, without its state`)
  }
  addProcess(state, workerId, radius)
  if (!actor) radius.notes.push('a task that runs in it runs again where it has retries left')
  return bounded(radius)
}

/** All that is on the node. Actors that may restart, and groups, go elsewhere where there is room. */
export function radiusOfNode(state: HeadState, node: HeadNode): Radius {
  const radius = emptyRadius()
  radius.nodes.add(node.nodeId)
  for (const actorId of node.actors) {
    const actor = state.actors.get(actorId)
    if (actor) addActor(state, actor, radius)
  }
  for (const job of state.jobs.values()) if (job.endedAtMs === null && job.nodeId === node.nodeId) radius.jobs.add(job.jobId)
  for (const groupId of node.groups) radius.groups.add(groupId)
  for (const [workerId, owner] of state.owners) if (owner.nodeId === node.nodeId) radius.workers.add(workerId)
  const restarting = [...radius.actors].filter((actorId) => {
    const actor = state.actors.get(actorId)
    return actor !== undefined && (actor.spec.maxRestarts === -1 || actor.restarts < actor.spec.maxRestarts)
  })
  if (restarting.length > 0) radius.notes.push(`${restarting.length} of the actors restart on other nodes, without their state`)
  if (radius.jobs.size > 0) radius.notes.push('jobs whose driver runs on this node end with it')
  if (node.facts.isHead) radius.notes.push('it is the node of the head: jobs without resources of their own run there and nowhere else')
  const others = state.livingNodes.filter((each) => each.isOpen && each !== node).length
  if (others === 0) radius.notes.push('no other node takes work: everything waits until one joins')
  return bounded(radius)
}

/** Actors and tasks in the bundles end. */
export function radiusOfGroup(state: HeadState, groupId: string): Radius {
  const radius = emptyRadius()
  const group = state.groups.get(groupId)
  if (group === undefined || group.phase.kind === 'removed') return radius
  radius.groups.add(groupId)
  for (const actorId of group.actors) {
    const actor = state.actors.get(actorId)
    if (actor) addActor(state, actor, radius)
  }
  if (group.phase.kind === 'created') radius.notes.push('tasks that run in its bundles end, and are not run again')
  return bounded(radius)
}

function addActor(state: HeadState, actor: Actor, radius: Growing): void {
  const { actorId } = actor.spec
  if (radius.actors.has(actorId) || actor.phase.kind === 'dead') return
  radius.actors.add(actorId)
  if (actor.phase.kind === 'alive') addProcess(state, actor.phase.address.workerId, radius)
}

function addProcess(state: HeadState, workerId: string, radius: Growing): void {
  if (radius.workers.has(workerId)) return
  radius.workers.add(workerId)
  const owner = state.owners.get(workerId)
  if (owner === undefined) return
  for (const actorId of owner.actors) {
    const actor = state.actors.get(actorId)
    if (actor && !actor.spec.detached) addActor(state, actor, radius)
  }
  for (const groupId of owner.groups) if (state.groups.get(groupId)?.spec.detached === false) radius.groups.add(groupId)
}

const mostNotes = 32

function bounded(radius: Growing): Radius {
  const left = radius.notes.length - mostNotes
  return left <= 0 ? radius : { ...radius, notes: [...radius.notes.slice(0, mostNotes - 1), `and ${left + 1} more`] }
}
