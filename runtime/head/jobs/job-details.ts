import type { JobDetails, JobStatus, ShoalJobDetails } from '../../api/jobs.ts'
import { nodeIpOf } from '../node-ip.ts'
import type { HeadState, Job } from '../core/state.ts'
import { nodeOf, type Submission } from '../core/submission.ts'
import { createQueueView, explainPending, type QueueView } from '../core/submission-queue.ts'

/** A submitted job as its API shows it. Who shows many hands in one view. */
export function submissionDetails(state: HeadState, submission: Submission, view: QueueView = createQueueView(state)): JobDetails {
  const { spec, phase, driver } = submission
  const end = phase.kind === 'ended' ? phase.end : undefined
  return {
    type: 'SUBMISSION',
    job_id: driver?.jobId ?? null,
    submission_id: spec.submissionId,
    driver_info: driver && { id: driver.jobId, node_ip_address: addressOf(state, driver.nodeId), pid: String(driver.pid) },
    status: statusOf(submission),
    entrypoint: spec.entrypoint,
    message: messageOf(state, submission, view),
    error_type: end?.errorType ?? null,
    start_time: Math.round(spec.submittedAtMs),
    end_time: phase.kind === 'ended' ? Math.round(phase.atMs) : null,
    metadata: { ...spec.metadata },
    runtime_env: { ...spec.runtimeEnv },
    driver_agent_http_address: null,
    driver_node_id: nodeOf(submission),
    driver_exit_code: end?.exitCode ?? null,
  }
}

/** With what only `/api/shoal/v1/jobs` tells. */
export function shoalSubmissionDetails(
  state: HeadState,
  submission: Submission,
  view: QueueView = createQueueView(state),
): ShoalJobDetails {
  const { spec, phase } = submission
  return {
    ...submissionDetails(state, submission, view),
    id: spec.submissionId,
    priority: spec.priority,
    queue_position: view.positionOf(submission) ?? null,
    reason: phase.kind === 'pending' || phase.kind === 'starting' ? explainPending(state, submission, view) : null,
    resources: spec.placement && { ...spec.placement.resources },
    labels: spec.placement?.labels ?? [],
    running_since: phase.kind === 'running' ? phase.sinceMs : phase.kind === 'ended' ? phase.ranSinceMs : null,
  }
}

/** A program that joined the cluster by itself. */
export function driverDetails(state: HeadState, job: Job): JobDetails {
  return {
    type: 'DRIVER',
    job_id: job.jobId,
    submission_id: null,
    driver_info: { id: job.jobId, node_ip_address: addressOf(state, job.nodeId), pid: String(job.pid) },
    status: job.endedAtMs === null ? 'RUNNING' : 'SUCCEEDED', // how a program ended that nobody supervises is not known; Ray says the same
    entrypoint: job.entrypoint,
    message: null,
    error_type: null,
    start_time: Math.round(job.startedAtMs),
    end_time: Math.round(job.endedAtMs ?? 0),
    metadata: {},
    runtime_env: {},
    driver_agent_http_address: null,
    driver_node_id: job.nodeId,
    driver_exit_code: null,
  }
}

/** The same columns as those of a submitted job. */
export const shoalDriverDetails = (state: HeadState, job: Job): ShoalJobDetails => ({
  ...driverDetails(state, job),
  ...{ id: job.jobId, priority: null, queue_position: null, reason: null, resources: null, labels: [], running_since: null },
})

export function statusOf({ phase }: Submission): JobStatus {
  switch (phase.kind) {
    case 'pending':
    case 'starting':
      return 'PENDING'
    case 'running':
      return 'RUNNING'
    case 'ended':
      return phase.end.status
  }
}

function messageOf(state: HeadState, submission: Submission, view: QueueView): string {
  const { phase } = submission
  switch (phase.kind) {
    case 'pending':
    case 'starting':
      return `The job has not started yet. ${explainPending(state, submission, view)}`
    case 'running':
      return submission.isStopping ? 'The job is being stopped.' : 'The job is running.'
    case 'ended':
      return phase.end.message
  }
}

const addressOf = (state: HeadState, nodeId: string): string => {
  const facts = state.nodes.get(nodeId)?.facts
  return facts === undefined ? '' : nodeIpOf(facts)
}
