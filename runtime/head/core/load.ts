import type { ActorSpec } from '../../protocol/actors.ts'
import { enqueue } from './actor-queue.ts'
import { indexActor, newActor } from './actor-requests.ts'
import type { Turn } from './events.ts'
import { indexGroup } from './group-requests.ts'
import { waitForRoom } from './group-moves.ts'
import { sentNow } from './indexes.ts'
import { newNode, refreshNode } from './node-moves.ts'
import type { SavedActor, SavedGroup, SavedNode, SavedRow } from './rows.ts'
import type { Actor, Group, GroupPhase, Job } from './state.ts'
import { loadSubmissions } from './submission-load.ts'

/** Everything saved, as it was. Known nodes get `deadAfterMs` to come back; until then what runs there counts as running. */
export function onStateLoaded(turn: Turn, rows: readonly SavedRow[]): void {
  const specs = new Map<string, ActorSpec>()
  for (const row of rows) if (row.table === 'actor-specs') specs.set(row.key, row.value)
  for (const row of rows) if (row.table === 'nodes') loadNode(turn, row.value)
  for (const row of rows) if (row.table === 'jobs') loadJob(turn, { ...row.value })
  for (const row of rows) if (row.table === 'groups') loadGroup(turn, row.value)
  for (const row of rows) {
    const spec = row.table === 'actors' ? specs.get(row.key) : undefined
    if (row.table === 'actors' && spec) loadActor(turn, spec, row.value)
  }
  loadSubmissions(
    turn,
    rows.flatMap((row) => (row.table === 'submissions' ? [row.value] : [])),
  )
  for (const node of turn.state.livingNodes) refreshNode(turn, node)
}

function loadNode(turn: Turn, saved: SavedNode): void {
  const { state, nowMs } = turn
  const { nodeId } = saved.facts
  const deadlineMs = nowMs + state.config.deadAfterMs
  const node = newNode(
    saved.facts,
    saved.death ? { kind: 'dead', ...saved.death } : { kind: 'suspect', deadlineMs, why: 'the head started over' },
  )
  node.draining = saved.draining
  state.nodes.set(nodeId, node)
  if (saved.death) state.deadNodes.add(nodeId)
  else state.livingNodes = [...state.livingNodes, node]
}

function loadJob({ state }: Turn, job: Job): void {
  state.jobs.set(job.jobId, job)
  state.jobOfDriver.set(job.driverId, job.jobId)
  if (job.endedAtMs !== null) {
    state.endedJobs.add(job.jobId)
    state.gone.add(job.driverId)
  }
  state.nextJob = Math.max(state.nextJob, Number.parseInt(job.jobId, 16) + 1)
}

function loadGroup(turn: Turn, saved: SavedGroup): void {
  const { state, nowMs } = turn
  const { spec, creatorNodeId, version, round, wasCreated } = saved
  const group: Group = {
    ...{ spec, creatorNodeId, version, round, wasCreated },
    phase: loadedPhase(saved, nowMs),
    placed: new Map(saved.placed.map(({ index, nodeId, round: placedIn, committed }) => [index, { nodeId, round: placedIn, committed }])),
    actors: new Set(),
    watchers: new Set(),
    story: [],
  }
  if (group.phase.kind === 'removed') {
    state.groups.set(spec.groupId, group)
    return void state.deadGroups.add(spec.groupId)
  }
  indexGroup(state, group)
  for (const { nodeId } of group.placed.values()) state.nodes.get(nodeId)?.groups.add(spec.groupId)
  if (group.phase.kind === 'waiting') waitForRoom(turn, group, { why: 'the head started over', infeasible: false, tries: 0 })
  if (group.phase.kind === 'committing') state.busyGroups.add(spec.groupId)
}

function loadedPhase({ phase }: SavedGroup, nowMs: number): GroupPhase {
  if (typeof phase !== 'string') return phase
  if (phase === 'created') return { kind: 'created' }
  if (phase === 'committing') return { kind: 'committing', sent: sentNow(nowMs) }
  return { kind: 'waiting', retryAtMs: nowMs, tries: 0, why: 'the head started over', infeasible: false }
}

function loadActor(turn: Turn, spec: ActorSpec, saved: SavedActor): void {
  const { state, nowMs } = turn
  const actor: Actor = { ...newActor(spec, nowMs), ...saved }
  if (saved.phase.kind === 'dead') {
    state.actors.set(spec.actorId, actor)
    return void state.deadActors.add(spec.actorId)
  }
  indexActor(turn, actor)
  if (actor.wish !== null) state.wished.add(spec.actorId)
  switch (saved.phase.kind) {
    case 'pending':
      actor.phase = { kind: 'pending', sinceMs: nowMs }
      return enqueue(turn, actor)
    case 'starting':
      state.starting.add(spec.actorId)
      state.nodes.get(saved.phase.nodeId)?.actors.add(spec.actorId)
      return
    case 'alive':
      state.nodes.get(saved.phase.nodeId)?.actors.add(spec.actorId)
      state.actorOfWorker.set(saved.phase.address.workerId, spec.actorId)
  }
}
