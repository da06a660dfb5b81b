import { jobIdOf } from '../../base/ids.ts'
import { describe, endActor } from './actor-moves.ts'
import { broadcast, type CoreRequest, note, reply, type Turn } from './events.ts'
import { groupRemoved, removeGroup } from './group-moves.ts'
import { addBounded } from './indexes.ts'
import { forget, saveJob } from './rows.ts'
import type { HeadState, Job } from './state.ts'
import { linkDriver } from './submission-reports.ts'

type Register = Extract<CoreRequest, { type: 'job.register' }>

export function onJobRegister(turn: Turn, from: { nodeId: string; requestKey: number }, request: Register): void {
  const { state, nowMs } = turn
  const known = state.jobs.get(state.jobOfDriver.get(request.driverId) ?? '')
  if (known) return reply(turn, from.requestKey, { jobId: known.jobId, namespace: known.namespace })
  const jobId = jobIdOf(state.nextJob)
  state.nextJob += 1
  const { driverId, pid, entrypoint } = request
  const namespace = request.namespace ?? `job-${jobId}`
  const job: Job = {
    jobId,
    driverId,
    nodeId: from.nodeId,
    pid,
    entrypoint,
    namespace,
    startedAtMs: nowMs,
    endedAtMs: null,
    ...linkDriver(turn, from.nodeId, { ...request, jobId }),
  }
  state.jobs.set(jobId, job)
  state.jobOfDriver.set(driverId, jobId)
  saveJob(turn, job)
  note(turn, 'job.started', { jobId, nodeId: from.nodeId })
  reply(turn, from.requestKey, { jobId, namespace })
  if (state.gone.has(driverId) || state.nodes.get(from.nodeId)?.phase.kind === 'dead') endJob(turn, job)
}

/** Longest chain of actors that made actors which is followed. */
const maxOwnerDepth = 64

/**
 * Does what this process made end with the job now? The driver's does, and so on down the actors that are not detached. What a detached
 * actor made stays (Ray: the same). Plain workers are their agents' to judge: those that end are reported as gone, with what they own.
 */
function endsWithJob(state: HeadState, job: Job, ownerId: string): boolean {
  let workerId = ownerId
  for (let depth = 0; depth < maxOwnerDepth; depth += 1) {
    if (workerId === job.driverId) return true
    const actor = state.actors.get(state.actorOfWorker.get(workerId) ?? '')
    if (actor === undefined || actor.spec.detached) return false
    workerId = actor.spec.owner.workerId
  }
  return false
}

/** Its driver has ended: so does all that is not detached, nor made by something detached. */
function endJob(turn: Turn, job: Job): void {
  const { state, nowMs } = turn
  if (job.endedAtMs !== null) return
  job.endedAtMs = nowMs
  // All are found first: the end of one takes away what tells who made the next.
  const actors = [...(state.actorsOfJob.get(job.jobId) ?? [])].flatMap((actorId) => state.actors.get(actorId) ?? [])
  const groups = [...(state.groupsOfJob.get(job.jobId) ?? [])].flatMap((groupId) => state.groups.get(groupId) ?? [])
  const endingActors = actors.filter(({ spec }) => !spec.detached && endsWithJob(state, job, spec.owner.workerId))
  const endingGroups = groups.filter(({ spec }) => !spec.detached && endsWithJob(state, job, spec.creatorId))
  for (const actor of endingActors) {
    endActor(turn, actor, { cause: 'job-ended', message: `${describe(actor)} ended with its job ${job.jobId}` })
  }
  for (const group of endingGroups) removeGroup(turn, group, groupRemoved(group.spec.groupId, `its job ${job.jobId} ended`))
  saveJob(turn, job)
  note(turn, 'job.ended', { jobId: job.jobId })
  broadcast(turn, { type: 'job.ended', jobId: job.jobId })
  for (const evicted of addBounded(state.endedJobs, job.jobId, state.config.keptEndedJobs)) {
    state.jobOfDriver.delete(state.jobs.get(evicted)?.driverId ?? '')
    state.jobs.delete(evicted)
    forget(turn, 'jobs', evicted)
  }
}

/** Those of the processes that a node reports that may be its own. It has no say over what is known to live on another node. */
export function clientsOf(turn: Turn, nodeId: string, workerIds: readonly string[]): string[] {
  const own = workerIds.filter((workerId) => {
    const home = homeOf(turn.state, workerId)
    return home === undefined || home === nodeId
  })
  if (own.length < workerIds.length) note(turn, 'node.named-strangers', { nodeId, strangers: workerIds.length - own.length })
  return own
}

/** The node of a process that the head knows by what it made, or as an actor; undefined for one that it has not heard of. */
function homeOf(state: HeadState, workerId: string): string | undefined {
  const job = state.jobs.get(state.jobOfDriver.get(workerId) ?? '')
  const owner = state.owners.get(workerId)
  if (job || owner) return job?.nodeId ?? owner?.nodeId
  const phase = state.actors.get(state.actorOfWorker.get(workerId) ?? '')?.phase
  return phase?.kind === 'alive' ? phase.nodeId : undefined
}

/** These processes are gone for good: their jobs, their actors and groups end, and every agent hears of it at the next tick. */
export function endProcesses(turn: Turn, workerIds: readonly string[], why: string): void {
  const { state } = turn
  for (const workerId of workerIds) {
    if (state.gone.has(workerId)) continue
    addBounded(state.gone, workerId, state.config.keptGoneProcesses)
    state.untoldWorkers.push(workerId)
    const job = state.jobs.get(state.jobOfDriver.get(workerId) ?? '')
    if (job) endJob(turn, job)
    const owner = state.owners.get(workerId)
    if (owner === undefined) continue
    for (const actorId of owner.actors) {
      const actor = state.actors.get(actorId)
      if (actor && !actor.spec.detached) {
        endActor(turn, actor, { cause: 'owner-gone', message: `${describe(actor)} died with its owner ${workerId}: ${why}` })
      }
    }
    for (const groupId of owner.groups) {
      const group = state.groups.get(groupId)
      if (group && !group.spec.detached) removeGroup(turn, group, groupRemoved(groupId, `its creator ${workerId} is gone: ${why}`))
    }
    state.owners.delete(workerId)
  }
}
