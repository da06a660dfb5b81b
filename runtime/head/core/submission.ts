import type { HeldSubmission, JobEnvironment, JobErrorType, SubmissionOrder } from '../../protocol/jobs.ts'
import { shapeKey, toPlacementShape, type PlacementShape } from '../../protocol/placement/shapes.ts'
import type { LabelSelector, Resources } from '../../protocol/scheduling.ts'
import type { Resend } from './state.ts'
import type { Story } from './story.ts'

/** What was asked for. Never changes. */
export type SubmissionSpec = {
  readonly submissionId: string
  readonly entrypoint: string
  /** As it came, for those who ask. */
  readonly runtimeEnv: Readonly<Record<string, unknown>>
  readonly environment: JobEnvironment
  readonly metadata: Readonly<Record<string, string>>
  /** Null: it holds nothing and runs on the head's node. */
  readonly placement: { readonly resources: Resources; readonly labels: LabelSelector } | null
  /** Higher goes first; among equals, the older. */
  readonly priority: number
  readonly submittedAtMs: number
}

/** How it ended, in Ray's words. */
export type SubmissionEnd = {
  readonly status: 'STOPPED' | 'SUCCEEDED' | 'FAILED'
  readonly message: string
  readonly errorType: JobErrorType | null
  readonly exitCode: number | null
}

export type SubmissionPhase =
  /** In the queue. */
  | { readonly kind: 'pending' }
  /** Its node sets up what it needs. For users it is still pending. */
  | { readonly kind: 'starting'; readonly nodeId: string; readonly sinceMs: number }
  | { readonly kind: 'running'; readonly nodeId: string; readonly pid: number; readonly sinceMs: number }
  /** `nodeId` null: it never had one. */
  | {
      readonly kind: 'ended'
      readonly nodeId: string | null
      readonly end: SubmissionEnd
      readonly atMs: number
      readonly ranSinceMs: number | null
    }

/** A program that joined the cluster from inside the job. */
export type SubmissionDriver = { readonly jobId: string; readonly nodeId: string; readonly pid: number }

export type Submission = {
  readonly spec: SubmissionSpec
  /** Orders those of equal priority. */
  readonly order: number
  /** Of the run that its node was last ordered; 0: none yet. Never used twice, also not after an id is used again. */
  attempt: number
  phase: SubmissionPhase
  /** The last one. */
  driver: SubmissionDriver | null
  /** Somebody wants it stopped, and its command runs. */
  isStopping: boolean
  /** The order that its node has not answered yet: to start, or to stop. */
  sent: Resend | null
  /** Since when it waits for a node, and not for others of the queue. */
  waitsSinceMs: number
  /** What its node says that it is at. */
  progress: string
  readonly story: Story
}

/** A run that must end, because nobody counts on it any more. Sent until the agent says that it is gone. */
export type PendingRunEnd = { readonly nodeId: string; readonly submissionId: string; readonly attempt: number; sent: Resend }

export type Submissions = {
  readonly all: Map<string, Submission>
  /** In the order in which they get their turn. */
  readonly queue: Submission[]
  /** With a node, by node. */
  readonly ofNode: Map<string, Set<string>>
  /** Those that start or run. */
  readonly active: Set<string>
  /** Finished ones, oldest first. */
  readonly ended: Set<string>
  readonly runEnds: Map<string, PendingRunEnd>
  /** Nodes that said `refused`, and until when they are passed over. */
  readonly refusals: Map<string, number>
  /** Something has changed that may let one of the queue start. */
  isDue: boolean
  triedRoomVersion: number
  triedAtMs: number
  lastAttempt: number
  nextOrder: number
}

export const createSubmissions = (): Submissions => ({
  all: new Map(),
  queue: [],
  ofNode: new Map(),
  active: new Set(),
  ended: new Set(),
  runEnds: new Map(),
  refusals: new Map(),
  isDue: false,
  triedRoomVersion: -1,
  triedAtMs: 0,
  lastAttempt: 0,
  nextOrder: 1,
})

export const nodeOf = ({ phase }: Submission): string | null => (phase.kind === 'pending' ? null : phase.nodeId)

const headNodeKey = 'the node of the head'
/** Those with the same key are placed by the same rule. */
export const queueKeyOf = ({ placement }: SubmissionSpec): string =>
  placement === null ? headNodeKey : shapeKey({ ...placement, fallbackLabels: [], strategy: { kind: 'default' } })

export const placementShapeOf = ({ placement }: SubmissionSpec): PlacementShape =>
  toPlacementShape({
    resources: placement?.resources ?? {},
    labels: placement?.labels ?? [],
    fallbackLabels: [],
    strategy: { kind: 'default' },
  })

/** `job_name` and `job_submission_id` are what Ray adds for the command to find. */
export function orderOf({ spec, attempt }: Submission): SubmissionOrder {
  const { submissionId, entrypoint, environment, runtimeEnv, metadata, placement } = spec
  const jobConfig = JSON.stringify({
    runtime_env: runtimeEnv,
    metadata: { job_name: submissionId, ...metadata, job_submission_id: submissionId },
  })
  return { submissionId, attempt, entrypoint, resources: placement?.resources ?? {}, environment, jobConfig }
}

export const isSameRun = (submission: Submission, run: Pick<HeldSubmission, 'attempt'>, nodeId: string): boolean =>
  submission.attempt === run.attempt && nodeOf(submission) === nodeId
