import type { ActorConstruct as ActorConstructSchema } from '../protocol/actors.ts'
import type { toAgentFromClient, WorkerLeave as WorkerLeaveSchema } from '../protocol/clients.ts'
import type {
  ActorCalls as ActorCallsSchema,
  TaskPush as TaskPushSchema,
  TaskYielded as TaskYieldedSchema,
  toOwnerFromWorker,
  toWorkerFromOwner,
  WorkerAssign as WorkerAssignSchema,
} from '../protocol/tasks.ts'

/** What a schema of the protocol gives. Spelled here so that this folder needs no schema library. */
type ParsedBy<Schema> = Schema extends { _zod: { output: infer Output } } ? Output : never

export type ToWorker = ParsedBy<(typeof toWorkerFromOwner)[keyof typeof toWorkerFromOwner]>
export type ToOwner = ParsedBy<(typeof toOwnerFromWorker)[keyof typeof toOwnerFromWorker]>
type ToAgent = ParsedBy<(typeof toAgentFromClient)[keyof typeof toAgentFromClient]>
export type FromExecutorToAgent = Extract<ToAgent, { type: 'worker.blocked' | 'worker.unblocked' | 'worker.leaving' | 'events.batch' }>

export type TaskPush = ParsedBy<typeof TaskPushSchema>
export type TaskYielded = ParsedBy<typeof TaskYieldedSchema>
export type ActorCalls = ParsedBy<typeof ActorCallsSchema>
export type ActorConstruct = ParsedBy<typeof ActorConstructSchema>
export type WorkerAssign = ParsedBy<typeof WorkerAssignSchema>
export type WorkerLeave = ParsedBy<typeof WorkerLeaveSchema>

/** One connected owner of tasks or caller of an actor. Messages reach it in the order of `send`. */
export type OwnerLink = {
  /** The worker id of the process behind it. */
  readonly id: string
  send(message: ToOwner): void
  /** Writes what was sent to the socket now, not at the end of the turn. */
  flush(): void
}

export type AgentPort = {
  send(message: FromExecutorToAgent): void
  /** Writes what was sent to the socket now, not at the end of the turn. */
  flush(): void
}
