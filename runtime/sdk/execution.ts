import type { ActorId, JobId, NodeId, ObjectId, TaskId, WorkerId } from '../base/ids.ts'
import type { Devices, Strategy } from '../protocol/scheduling.ts'
import type { RefArgument, TaskResult, UserError } from '../protocol/tasks.ts'

/**
 * The seam between the process that runs user code (runtime/worker) and the SDK's client in the same process.
 * The client owns references, values and links; the worker owns order, concurrency and the life of a task.
 */
export type ExecutionServices = {
  readonly workerId: WorkerId
  readonly nodeId: NodeId
  /** The function or class behind an id: rebuilt once, then kept. Rejects with ClusterError. */
  loadFunction(functionId: string): Callable | Promise<Callable>
  /** Arguments as values, refs at the top level resolved, their bytes pulled here. Synchronous when nothing has to be fetched. */
  openArguments(call: { taskId: TaskId; args: Uint8Array; refArgs: readonly RefArgument[] }): OpenArguments | Promise<OpenArguments>
  /** Brings stored arguments to this node, so that opening them later is quick. They are not kept in memory for it. Errors show at the opening. */
  prefetch(refArgs: readonly RefArgument[]): void
  /** A return value or stream item as it goes to the owner: inline, or put into this node's store first. `index` is 1 for the first return. */
  encodeResult(
    task: { readonly taskId: TaskId /** Who will own it. */; readonly callerId: WorkerId },
    index: number,
    value: unknown,
  ): TaskResult | Promise<TaskResult>
  encodeError(error: unknown): UserError
  /** Lets go of the refs inside results of this task: whoever asked for it holds its own now. */
  releaseResults(taskIds: readonly TaskId[]): void
  /** Settles when nothing lives that ends with this process; undefined when that is so now. */
  whenNothingOwned(): Promise<void> | undefined
  /** Cancels unfinished tasks that this task started. */
  cancelChildren(taskId: TaskId): void
  /** Runs `body` so that the SDK's functions inside know which task they serve, through every await. */
  runInTask<T>(task: TaskScope, body: () => T): T
}

export type Callable = (...args: unknown[]) => unknown

export type OpenArguments = {
  readonly values: unknown[]
  /** Call once the task ended. Returns the refs from the arguments that are still in use here; other owners were told already. */
  settle(): readonly ObjectId[] | Promise<readonly ObjectId[]>
}

/** What the SDK's functions know of the task around them; user code sees parts of it through `runtimeContext()`. */
export type TaskScope = {
  readonly taskId: TaskId
  readonly jobId: JobId
  readonly actorId: ActorId | null
  readonly name: string
  readonly attempt: number
  /** How often this actor was restarted; 0 for tasks. */
  readonly restarts: number
  readonly strategy: Strategy
  readonly devices: Devices
  readonly abort: AbortController
  /** The task begins to wait for others' results, or goes on. Calls nest. */
  blocked(): void
  unblocked(): void
}
