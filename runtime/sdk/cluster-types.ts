/** One node as programs see it. Amounts are logical: CPUs, GPUs, bytes of memory, custom. */
export type ClusterNode = {
  readonly nodeId: string
  readonly alive: boolean
  readonly state: 'alive' | 'draining' | 'dead'
  readonly hostname: string
  /** `host:port` of its agent; empty when only its own machine can reach it. */
  readonly address: string
  readonly isHead: boolean
  readonly name: string
  readonly resources: Readonly<Record<string, number>>
  readonly available: Readonly<Record<string, number>>
  readonly labels: Readonly<Record<string, string>>
  /** Empty unless it is dead. */
  readonly deathReason: string
}

export type PlacementGroupStrategy = 'PACK' | 'SPREAD' | 'STRICT_PACK' | 'STRICT_SPREAD'

export type PlacementGroupOptions = {
  /** Resources of each bundle, such as `[{ CPU: 1 }, { CPU: 1, GPU: 1 }]`. */
  readonly bundles: readonly Readonly<Record<string, number>>[]
  /** @default 'PACK' */
  readonly strategy?: PlacementGroupStrategy
  readonly name?: string
  /** `'detached'`: outlives this program. @default ends with it */
  readonly lifetime?: 'detached'
  /** What the node of each bundle must be labelled; one for all, or one for each bundle. */
  readonly bundleLabelSelector?: readonly Readonly<Record<string, string>>[]
}

export type GroupInfo = {
  readonly groupId: string
  readonly name: string | null
  readonly strategy: PlacementGroupStrategy
  readonly state: 'pending' | 'created' | 'rescheduling' | 'removed'
  /** Why it waits; empty when it does not. */
  readonly why: string
  readonly bundles: readonly {
    readonly index: number
    readonly resources: Readonly<Record<string, number>>
    readonly nodeId: string | null
  }[]
}

/** Where the calling code runs. */
export type RuntimeContext = {
  readonly jobId: string
  readonly nodeId: string
  readonly workerId: string
  readonly namespace: string
  /** Null in a driver. */
  readonly taskId: string | null
  readonly taskName: string | null
  readonly actorId: string | null
  /** Runs before this one. */
  readonly attempt: number
  /** The actor has been made anew this often. */
  readonly restarts: number
  /** Devices handed to this task or actor, such as `{ GPU: ['0'] }`. */
  readonly acceleratorIds: Readonly<Record<string, readonly string[]>>
  readonly placementGroupId: string | null
  /** Aborted when this task is cancelled. */
  readonly signal: AbortSignal | null
}
