import { jobIdOf } from '../../base/ids.ts'
import { describe, endActor } from './actor-moves.ts'
import { broadcast, type CoreRequest, note, reply, type Turn } from './events.ts'
import { groupRemoved, removeGroup } from './group-moves.ts'
import { addBounded } from './indexes.ts'
import { forget, saveJob } from './rows.ts'
import type { Job } from './state.ts'

type Register = Extract<CoreRequest, { type: 'job.register' }>

export function onJobRegister(turn: Turn, from: { nodeId: string; requestKey: number }, request: Register): void {
  const { state, nowMs } = turn
  const known = state.jobs.get(state.jobOfDriver.get(request.driverId) ?? '')
  if (known) return reply(turn, from.requestKey, { jobId: known.jobId, namespace: known.namespace })
  const jobId = jobIdOf(state.nextJob)
  state.nextJob += 1
  const { driverId, pid, entrypoint } = request
  const namespace = request.namespace ?? `job-${jobId}`
  const job: Job = { jobId, driverId, nodeId: from.nodeId, pid, entrypoint, namespace, startedAtMs: nowMs, endedAtMs: null }
  state.jobs.set(jobId, job)
  state.jobOfDriver.set(driverId, jobId)
  saveJob(turn, job)
  note(turn, 'job.started', { jobId, nodeId: from.nodeId })
  reply(turn, from.requestKey, { jobId, namespace })
  if (state.gone.has(driverId) || state.nodes.get(from.nodeId)?.phase.kind === 'dead') endJob(turn, job)
}

/** Its driver has ended: so does all that is not detached. */
export function endJob(turn: Turn, job: Job): void {
  const { state, nowMs } = turn
  if (job.endedAtMs !== null) return
  job.endedAtMs = nowMs
  for (const actorId of state.actorsOfJob.get(job.jobId) ?? []) {
    const actor = state.actors.get(actorId)
    if (actor && !actor.spec.detached)
      endActor(turn, actor, { cause: 'job-ended', message: `${describe(actor)} ended with its job ${job.jobId}` })
  }
  for (const groupId of state.groupsOfJob.get(job.jobId) ?? []) {
    const group = state.groups.get(groupId)
    if (group && !group.spec.detached) removeGroup(turn, group, groupRemoved(groupId, `its job ${job.jobId} ended`))
  }
  saveJob(turn, job)
  note(turn, 'job.ended', { jobId: job.jobId })
  broadcast(turn, { type: 'job.ended', jobId: job.jobId })
  for (const evicted of addBounded(state.endedJobs, job.jobId, state.config.keptEndedJobs)) {
    state.jobOfDriver.delete(state.jobs.get(evicted)?.driverId ?? '')
    state.jobs.delete(evicted)
    forget(turn, 'jobs', evicted)
  }
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
