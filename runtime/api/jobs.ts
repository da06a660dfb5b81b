import * as z from 'zod'
import { findRuntimeEnvProblem } from './runtime-env.ts'
import { ShoalListAnswer } from './state/shoal-lists.ts'

export const jobsPath = '/api/jobs/'
export const shoalJobsPath = '/api/shoal/v1/jobs'

/** Ray takes anything here, and an id with a slash then makes a job that nobody can end or delete. */
export const SubmissionIdText = z
  .string()
  .regex(/^(?!\.+$)[A-Za-z0-9_.-]{1,128}$/, 'must be 1 to 128 of the characters A-Z a-z 0-9 _ . - and not only dots')

/** In the path: what was submitted, or the 8 hex digits of a driver. */
export const JobPath = z.object({ id: SubmissionIdText })

const Amount = z.number().min(0).max(1e15)
const wholeAboveOne = (value: number) => value <= 1 || Number.isInteger(value)
const custom = (name: string) => name !== 'CPU' && name !== 'GPU' && name !== 'memory'

/** The key of `metadata` that sets the priority where only Ray's own fields may be sent. */
export const priorityMetadataKey = 'shoal_priority'
/** Higher goes first. @default 0 */
export const Priority = z.int().min(-1_000).max(1_000)

/** Of one argument of a program on Linux (MAX_ARG_STRLEN). */
const longestCommandBytes = 131_072

const requestShape = {
  /** A shell command line. */
  entrypoint: z
    .string()
    .min(1, 'must be a command')
    .refine(
      (text) => new TextEncoder().encode(text).byteLength < longestCommandBytes,
      `must be shorter than ${longestCommandBytes} bytes, as the system takes no longer one; put it into a file of working_dir`,
    )
    .refine((text) => !text.includes('\0'), 'may not hold a zero byte'),
  submission_id: SubmissionIdText.optional(),
  /** The older name of `submission_id`. */
  job_id: SubmissionIdText.optional(),
  runtime_env: z.record(z.string(), z.unknown()).optional(),
  metadata: z.record(z.string().max(1_024), z.string().max(65_536)).optional(),
  entrypoint_num_cpus: Amount.optional(),
  entrypoint_num_gpus: Amount.refine(wholeAboveOne, 'must be a whole number when above 1').optional(),
  /** Bytes. */
  entrypoint_memory: z.int().min(0).optional(),
  entrypoint_resources: z
    .record(z.string().min(1).max(256).refine(custom, 'must be a custom resource; CPU, GPU and memory have fields of their own'), Amount)
    .optional(),
  entrypoint_label_selector: z.record(z.string().min(1).max(256), z.string().max(4_096)).optional(),
} as const

/** Keys whose value is null count as absent, as both ends of Ray's have it. */
const withoutNulls = (value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).filter(([, each]) => each !== null))
    : value

type Shared = { readonly submission_id?: string | undefined; readonly job_id?: string | undefined; readonly runtime_env?: unknown }
function checkTogether(value: Shared, context: z.core.$RefinementCtx): void {
  if (value.job_id !== undefined && value.submission_id !== undefined && value.job_id !== value.submission_id) {
    context.addIssue({ code: 'custom', path: ['job_id'], message: 'is the older name of submission_id: give only one of them' })
  }
  const wrong = value.runtime_env === undefined ? undefined : findRuntimeEnvProblem(value.runtime_env)
  if (wrong) context.addIssue({ code: 'custom', path: wrong.field.split('.'), message: wrong.problem })
}

/** POST /api/jobs/ (Ray: dashboard/modules/job/common.py). A key that is not here is refused by name. */
export const JobSubmitRequest = z.preprocess(withoutNulls, z.strictObject(requestShape).superRefine(checkTogether))
export type JobSubmitRequest = z.infer<typeof JobSubmitRequest>

/** POST /api/shoal/v1/jobs: the same, and what Ray has no field for. */
export const ShoalJobSubmitRequest = z.preprocess(
  withoutNulls,
  z.strictObject({ ...requestShape, priority: Priority.optional() }).superRefine(checkTogether),
)
export type ShoalJobSubmitRequest = z.infer<typeof ShoalJobSubmitRequest>

/** Both are the submission's id. */
export const JobSubmitResponse = z.object({ job_id: z.string(), submission_id: z.string() })
export const JobStopResponse = z.object({ stopped: z.boolean() })
export const JobDeleteResponse = z.object({ deleted: z.boolean() })
export const JobLogsResponse = z.object({ logs: z.string() })

/** No other may ever be sent: clients of Ray fail on one that they do not know. */
export const JobStatus = z.enum(['PENDING', 'RUNNING', 'STOPPED', 'SUCCEEDED', 'FAILED'])
export type JobStatus = z.infer<typeof JobStatus>
export const isTerminalStatus = (status: JobStatus): boolean => status === 'STOPPED' || status === 'SUCCEEDED' || status === 'FAILED'

/** A submitted job, or a program that joined the cluster by itself. Every key is always there (Ray: dashboard/modules/job/pydantic_models.py). */
export const JobDetails = z.object({
  type: z.enum(['SUBMISSION', 'DRIVER']),
  /** Of the last program that joined the cluster from inside the job; null until one does. */
  job_id: z.string().nullable(),
  submission_id: z.string().nullable(),
  driver_info: z.object({ id: z.string(), node_ip_address: z.string(), pid: z.string() }).nullable(),
  status: JobStatus,
  entrypoint: z.string(),
  message: z.string().nullable(),
  error_type: z.string().nullable(),
  /** Milliseconds since 1970. */
  start_time: z.int().nullable(),
  /** While it is unfinished: null for SUBMISSION, and for DRIVER 0. */
  end_time: z.int().nullable(),
  metadata: z.record(z.string(), z.string()).nullable(),
  runtime_env: z.record(z.string(), z.unknown()).nullable(),
  driver_agent_http_address: z.string().nullable(),
  driver_node_id: z.string().nullable(),
  driver_exit_code: z.int().nullable(),
})
export type JobDetails = z.infer<typeof JobDetails>
export const JobList = z.array(JobDetails)

/** What `/api/shoal/v1/jobs` adds. Of a program that joined by itself all but `id` is null or empty. */
export const ShoalJobDetails = JobDetails.extend({
  /** Its name in paths: the submission id, else the job id. */
  id: z.string(),
  priority: z.int().nullable(),
  /** 1 is the next; null once it has a node. */
  queue_position: z.int().min(1).nullable(),
  /** Why it does not run yet; null once it does. */
  reason: z.string().nullable(),
  /** What it asks for; null: nothing, and the head's node. */
  resources: z.record(z.string(), z.number()).nullable(),
  labels: z.array(z.object({ key: z.string(), operator: z.enum(['in', 'not-in']), values: z.array(z.string()) })),
  /** When its command began; null before. */
  running_since: z.int().nullable(),
})
export type ShoalJobDetails = z.infer<typeof ShoalJobDetails>
/** A list as the others below `/api/shoal/v1/`, newest first unless another order is asked for. */
export const ShoalJobPage = ShoalListAnswer.extend({
  /** The columns that were asked for. */
  rows: z.array(ShoalJobDetails.partial()),
  /** Of all that there are, by status. */
  counts: z.record(JobStatus, z.int().min(0)),
})
