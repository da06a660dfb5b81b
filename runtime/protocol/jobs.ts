import * as z from 'zod'
import { Devices, Resources } from './scheduling.ts'
import { lazyObject } from './lazy-object.ts'

/** Of a submitted job: `raysubmit_…`, or what the caller chose. It names files, so it may be no path. */
export const SubmissionId = z.string().regex(/^(?!\.+$)[A-Za-z0-9_.-]{1,128}$/)

/** Why a job failed, in Ray's words. */
export const JobErrorType = z.enum([
  'RUNTIME_ENV_SETUP_FAILURE',
  'JOB_SUPERVISOR_ACTOR_START_TIMEOUT',
  'JOB_SUPERVISOR_ACTOR_START_FAILURE',
  'JOB_SUPERVISOR_ACTOR_UNSCHEDULABLE',
  'JOB_SUPERVISOR_ACTOR_UNKNOWN_FAILURE',
  'JOB_SUPERVISOR_ACTOR_DIED',
  'JOB_ENTRYPOINT_COMMAND_START_ERROR',
  'JOB_ENTRYPOINT_COMMAND_ERROR',
])
export type JobErrorType = z.infer<typeof JobErrorType>

/** Longest message of a job: what Ray keeps of the log's end. */
export const longestJobMessage = 20_000

/** What a job wants around its command, with everything resolved that the head can resolve. */
export const JobEnvironment = lazyObject(() => ({
  /** `gcs://NAME` of an uploaded package, or an absolute path on the node. Null: the user's home folder. */
  workingDir: z.string().min(1).max(4_096).nullable(),
  /** The same two kinds; each goes to the front of PYTHONPATH. */
  pyModules: z.array(z.string().min(1).max(4_096)).max(256),
  envVars: z.record(z.string().min(1).max(1_024), z.string().max(131_072)),
  /** A Python environment of its own. Null: the node's Python as it is. */
  python: z
    .object({
      installer: z.enum(['pip', 'uv']),
      /** Lines as in a requirements file. */
      requirements: z.array(z.string().min(1).max(4_096)).max(10_000),
      /** Further arguments of the installer. */
      options: z.array(z.string().max(4_096)).max(64),
      /** Ask the installer whether what is installed fits together. */
      check: z.boolean(),
      /** Of the installer itself, such as `==24.0`. Null: the one at hand. */
      version: z.string().max(64).nullable(),
    })
    .nullable(),
  /** What `python` runs instead of the node's. */
  pyExecutable: z.string().min(1).max(4_096).nullable(),
  /** All of the above must be ready by then. */
  setupTimeoutMs: z.number().min(1),
}))
export type JobEnvironment = z.infer<typeof JobEnvironment>

/** One run of a submitted job on a node. `attempt` tells runs of one id apart, as an id can be used again; later ones are higher. */
const run = () => ({ submissionId: SubmissionId, attempt: z.int().min(0) })

/** What a node needs to run a job. */
export const SubmissionOrder = lazyObject(() => ({
  ...run(),
  /** A shell command line. */
  entrypoint: z.string().min(1).max(1_048_576),
  /** Held while it runs; empty: it holds nothing. */
  resources: Resources,
  environment: JobEnvironment,
  /** JSON that the command finds in RAY_JOB_CONFIG_JSON_ENV_VAR. */
  jobConfig: z.string().max(4_194_304),
}))
export type SubmissionOrder = z.infer<typeof SubmissionOrder>

/** head → agent. Run this. Repeated until the agent reports `submission.running`, `submission.refused` or `submission.ended`. */
export const SubmissionStart = lazyObject(() => ({ type: z.literal('submission.start'), order: SubmissionOrder }))
/** head → agent. End this run, whatever it is at. Repeated until the agent reports `submission.ended`. */
export const SubmissionStop = lazyObject(() => ({ type: z.literal('submission.stop'), ...run() }))
/** head → agent. How it ended is written down: the agent may forget it. */
export const SubmissionTaken = lazyObject(() => ({ type: z.literal('submission.taken'), ...run() }))

/** agent → head. There is no room for it here after all. */
export const SubmissionRefused = lazyObject(() => ({ type: z.literal('submission.refused'), ...run() }))
/** agent → head. What its environment's setup is at, for people. May be lost. */
export const SubmissionProgress = lazyObject(() => ({ type: z.literal('submission.progress'), ...run(), what: z.string().max(1_024) }))
/** agent → head. Its command runs, as process `pid`. */
export const SubmissionRunning = lazyObject(() => ({
  type: z.literal('submission.running'),
  ...run(),
  pid: z.int().min(0),
  devices: Devices,
}))

export const SubmissionOutcome = z.lazy(() =>
  z.discriminatedUnion('kind', [
    /** `exitCode` is negative for a signal. `logTail`: the last lines of its log. */
    z.object({ kind: z.literal('exited'), exitCode: z.int(), logTail: z.string().max(longestJobMessage) }),
    /** It was told to end. */
    z.object({ kind: z.literal('stopped') }),
    z.object({ kind: z.literal('failed'), errorType: JobErrorType, message: z.string().max(longestJobMessage) }),
    /** The agent knows of no such run. */
    z.object({ kind: z.literal('unknown') }),
  ]),
)
export type SubmissionOutcome = z.infer<typeof SubmissionOutcome>
/** agent → head. The run is over, and no process of it is left. Repeated until `submission.taken`. */
export const SubmissionEnded = lazyObject(() => ({
  type: z.literal('submission.ended'),
  ...run(),
  outcome: SubmissionOutcome,
  atMs: z.number().min(0),
}))

/** What `node.register` says of each run that the agent has not been told to forget. `ended`: its `submission.ended` follows. */
export const HeldSubmission = lazyObject(() => ({ ...run(), phase: z.enum(['starting', 'running', 'ended']), pid: z.int().min(0) }))
export type HeldSubmission = z.infer<typeof HeldSubmission>

export const submissionsToHead = {
  'submission.refused': SubmissionRefused,
  'submission.progress': SubmissionProgress,
  'submission.running': SubmissionRunning,
  'submission.ended': SubmissionEnded,
} as const
export const submissionsToAgent = {
  'submission.start': SubmissionStart,
  'submission.stop': SubmissionStop,
  'submission.taken': SubmissionTaken,
} as const

/** An uploaded package is one file under the head's folder. */
export const PackageName = z.string().regex(/^(?!\.)[A-Za-z0-9_.+=,@-]{1,255}$/)
/** agent → head, a request: is there such a package? The answer pins it for a while. */
export const PackageFind = lazyObject(() => ({ type: z.literal('package.find'), name: PackageName }))
export const PackageFindReply = lazyObject(() => ({ sizeBytes: z.int().min(0), sha256: z.string().regex(/^[0-9a-f]{64}$/) })).nullable()
export type PackageFound = NonNullable<z.infer<typeof PackageFindReply>>
export const packageChunkBytes = 1024 * 1024
/** agent → head, a request: some bytes of it, at most 1 MiB; none at its end. Null: its content is not this one any more. */
export const PackageRead = lazyObject(() => ({
  type: z.literal('package.read'),
  name: PackageName,
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  offset: z.int().min(0),
}))
export const PackageReadReply = lazyObject(() => ({
  bytes: z.instanceof(Uint8Array).refine((bytes) => bytes.byteLength <= packageChunkBytes),
})).nullable()
/** client → its agent, a request: where the content of a package lies on this node. It is fetched first where it is not there, and stays while the client lives. */
export const PackageUse = lazyObject(() => ({ type: z.literal('package.use'), name: PackageName }))
export const PackageUseReply = lazyObject(() => ({ folder: z.string().min(1).max(4_096) }))
/** What an agent itself asks of the head, and no client may. */
export const agentRequests = { 'package.find': PackageFind, 'package.read': PackageRead } as const
export type AgentRequest = z.infer<(typeof agentRequests)[keyof typeof agentRequests]>

/** head → agent, requests about submitted jobs. There are none: orders and reports are repeated messages, as they outlive a link. */
export const jobAsks = {} as const
