import type { Actor, Group, HeadNode, HeadState, Job } from '../core/state.ts'
import type { Submission } from '../core/submission.ts'
import { nodeIpOf } from '../node-ip.ts'

/** Rows of events and snapshots: what is shown of a thing in a list, under the names of Ray's State API. */

export type EventRow = Readonly<Record<string, unknown>>

const longestText = 4_096

export function nodeRow({ facts, phase, draining }: HeadNode): EventRow {
  const isDead = phase.kind === 'dead'
  return {
    node_id: facts.nodeId,
    node_ip: nodeIpOf(facts),
    node_name: facts.nodeName || facts.hostname,
    is_head_node: facts.isHead,
    state: isDead ? 'DEAD' : 'ALIVE',
    state_message: isDead ? phase.reason : draining ? `draining: ${draining.reason}` : phase.kind === 'suspect' ? phase.why : null,
    is_draining: !isDead && draining !== null,
    is_linked: phase.kind === 'linked',
    resources_total: facts.resources,
    labels: facts.labels,
    start_time_ms: Math.round(facts.startedAtMs),
    end_time_ms: isDead ? Math.round(phase.diedAtMs) : 0,
  }
}

export function actorRow({ spec, phase, restarts, lastExit }: Actor): EventRow {
  return {
    actor_id: spec.actorId,
    class_name: spec.className,
    state: actorState(phase.kind, restarts),
    job_id: spec.jobId,
    name: spec.name ?? '',
    node_id: 'nodeId' in phase ? phase.nodeId : null,
    worker_id: phase.kind === 'alive' ? phase.address.workerId : null,
    ray_namespace: spec.namespace,
    is_detached: spec.detached,
    num_restarts: restarts,
    placement_group_id: spec.shape.strategy.kind === 'group' ? spec.shape.strategy.groupId : null,
    required_resources: spec.shape.resources,
    death_cause: phase.kind === 'dead' ? { cause: phase.death.cause, message: phase.death.message.slice(0, longestText) } : null,
    last_exit_reason: lastExit?.reason ?? null,
  }
}

function actorState(kind: Actor['phase']['kind'], restarts: number): string {
  if (kind === 'alive') return 'ALIVE'
  if (kind === 'dead') return 'DEAD'
  return restarts > 0 ? 'RESTARTING' : 'PENDING_CREATION'
}

export function jobRow(job: Job): EventRow {
  return {
    type: 'DRIVER',
    job_id: job.jobId,
    submission_id: job.submissionId ?? null,
    status: job.endedAtMs === null ? 'RUNNING' : 'SUCCEEDED',
    entrypoint: job.entrypoint.slice(0, longestText),
    message: null,
    driver_node_id: job.nodeId,
    driver_pid: job.pid,
    namespace: job.namespace,
    start_time: Math.round(job.startedAtMs),
    end_time: job.endedAtMs === null ? 0 : Math.round(job.endedAtMs),
  }
}

export function submissionRow({ spec, phase, driver, isStopping, progress }: Submission): EventRow {
  return {
    type: 'SUBMISSION',
    job_id: driver?.jobId ?? null,
    submission_id: spec.submissionId,
    status: phase.kind === 'ended' ? phase.end.status : phase.kind === 'running' ? 'RUNNING' : 'PENDING',
    entrypoint: spec.entrypoint.slice(0, longestText),
    message: (phase.kind === 'ended' ? phase.end.message : progress).slice(0, longestText),
    error_type: phase.kind === 'ended' ? phase.end.errorType : null,
    is_stopping: isStopping,
    priority: spec.priority,
    driver_node_id: phase.kind === 'pending' ? null : phase.nodeId,
    driver_exit_code: phase.kind === 'ended' ? phase.end.exitCode : null,
    metadata: spec.metadata,
    start_time: Math.round(spec.submittedAtMs),
    end_time: phase.kind === 'ended' ? Math.round(phase.atMs) : null,
  }
}

export function groupRow({ spec, phase, placed, wasCreated }: Group): EventRow {
  return {
    placement_group_id: spec.groupId,
    name: spec.name ?? '',
    creator_job_id: spec.jobId,
    job_id: spec.jobId,
    state: groupState(phase.kind, wasCreated),
    strategy: spec.strategy,
    is_detached: spec.detached,
    bundle_count: spec.bundles.length,
    placed_count: placed.size,
    why: phase.kind === 'waiting' ? phase.why.slice(0, longestText) : null,
    node_ids: [...new Set([...placed.values()].map(({ nodeId }) => nodeId))].slice(0, 100),
  }
}

function groupState(kind: Group['phase']['kind'], wasCreated: boolean): string {
  if (kind === 'removed') return 'REMOVED'
  if (kind === 'created') return 'CREATED'
  if (wasCreated) return 'RESCHEDULING'
  return kind === 'waiting' ? 'PENDING' : 'PREPARED'
}

/** Which rows a snapshot holds of each kind at most. Those that are over give way to those that are not. */
const mostRows = 10_000

export function snapshotRows(state: HeadState, kind: 'node' | 'job' | 'actor' | 'placement_group'): { rows: EventRow[]; total: number } {
  switch (kind) {
    case 'node':
      return newest([...state.nodes.values()], ({ phase }) => phase.kind === 'dead', nodeRow)
    case 'actor':
      return newest([...state.actors.values()], ({ phase }) => phase.kind === 'dead', actorRow)
    case 'placement_group':
      return newest([...state.groups.values()], ({ phase }) => phase.kind === 'removed', groupRow)
    case 'job': {
      const submissions = newest([...state.submissions.all.values()], ({ phase }) => phase.kind === 'ended', submissionRow)
      const jobs = newest([...state.jobs.values()], ({ endedAtMs }) => endedAtMs !== null, jobRow)
      return { rows: [...submissions.rows, ...jobs.rows], total: submissions.total + jobs.total }
    }
  }
}

function newest<Thing>(all: readonly Thing[], isOver: (thing: Thing) => boolean, rowOf: (thing: Thing) => EventRow) {
  const kept = all.length <= mostRows ? all : [...all.filter(isOver), ...all.filter((thing) => !isOver(thing))].slice(-mostRows)
  return { rows: kept.map(rowOf), total: all.length }
}
