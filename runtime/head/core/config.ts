/** Every interval and limit of the head. All times in milliseconds. */
export type HeadConfig = {
  readonly clusterId: string
  /** Agents report at least this often. */
  readonly heartbeatMs: number
  /** A node that was not heard of for so long is dead. After a restart of the head, known nodes get this long to come back. */
  readonly deadAfterMs: number
  /** A node whose link closed and did not come back within this is dead. Shorter than `deadAfterMs`: a closed socket is strong evidence. */
  readonly linkGraceMs: number
  /** Changes of nodes go out to agents at most this often. */
  readonly viewEveryMs: number
  /** Node views sent per millisecond at most, over all agents: past it the updates of a big cluster go out less often. */
  readonly viewsPerMs: number
  /** Unanswered orders are sent again after this, then after twice as long, up to `resendMaxMs`. */
  readonly resendMs: number
  readonly resendMaxMs: number
  /** What was promised to a placement counts as used until a report comes that is at least this much younger. */
  readonly settleMs: number
  /** An actor that no node can ever hold dies after this. */
  readonly infeasibleTimeoutMs: number
  /** A placement group that found no room is tried again after this, then after twice as long, up to `groupRetryMaxMs`. */
  readonly groupRetryMs: number
  readonly groupRetryMaxMs: number
  /** Living actors. Past it `actor.create` is refused with `limit.reached`. */
  readonly maxActors: number
  /** Living placement groups; the same. */
  readonly maxGroups: number
  /** Living nodes. Past it a new node's registration is refused with `limit.reached`. */
  readonly maxNodes: number
  /** Ended things that are remembered, newest first; older ones answer as if they had never been. */
  readonly keptDeadActors: number
  readonly keptDeadNodes: number
  readonly keptDeadGroups: number
  readonly keptEndedJobs: number
  /** Finished submitted jobs, with all that can be asked about them. */
  readonly keptSubmissions: number
  /** Submitted jobs that start or run at a time; the others wait in the queue. */
  readonly maxRunningSubmissions: number
  /** The same on one node. */
  readonly maxSubmissionsPerNode: number
  /** Submitted jobs in the queue. Past it a submission is refused with `limit.reached`. */
  readonly maxPendingSubmissions: number
  /** A submitted job that finds no node within this has failed. What it waits for others of the queue does not count. (Ray: RAY_JOB_START_TIMEOUT_SECONDS) */
  readonly submissionStartTimeoutMs: number
  /** One uploaded package. Ray takes 100 MiB over HTTP, and its users want more. */
  readonly maxPackageBytes: number
  /** All of them together; those that no job uses make room for new ones, the one not used for longest first. */
  readonly maxPackagesBytes: number
  /** How long a package stays after somebody asked for it or uploaded it, whether a job uses it or not. (Ray: RAY_RUNTIME_ENV_TEMPORARY_REFERENCE_EXPIRATION_S) */
  readonly packagePinMs: number
  /** Ids of ended processes that are remembered for agents that come back, and to refuse what they had still asked for. */
  readonly keptGoneProcesses: number
  /** Seed of every random choice. */
  readonly seed: number
}

export const defaultHeadConfig: HeadConfig = {
  clusterId: 'unnamed',
  heartbeatMs: 1_000,
  deadAfterMs: 10_000,
  linkGraceMs: 3_000,
  viewEveryMs: 100,
  viewsPerMs: 400,
  resendMs: 5_000,
  resendMaxMs: 60_000,
  settleMs: 500,
  infeasibleTimeoutMs: 60_000,
  groupRetryMs: 100,
  groupRetryMaxMs: 5_000,
  maxActors: 1_000_000,
  maxGroups: 10_000,
  maxNodes: 8_000,
  keptDeadActors: 10_000,
  keptDeadNodes: 1_000,
  keptDeadGroups: 1_000,
  keptEndedJobs: 10_000,
  keptSubmissions: 10_000,
  maxRunningSubmissions: 1_000,
  maxSubmissionsPerNode: 200,
  maxPendingSubmissions: 10_000,
  submissionStartTimeoutMs: 900_000,
  maxPackageBytes: 512 * 1024 * 1024,
  maxPackagesBytes: 8 * 1024 * 1024 * 1024,
  packagePinMs: 600_000,
  keptGoneProcesses: 10_000,
  seed: 1,
}
