import type { ErrorCode } from '#runtime/base/errors.ts'
import type { CoreRequest } from '#runtime/head/core/events.ts'
import type { AgentCommand } from '#runtime/node/core/events.ts'
import type { FromHead, FromOwner, ToHead, ToOwner } from '#runtime/node/core/messages.ts'
import type { ActorChanged } from '#runtime/protocol/actors.ts'
import type { GroupChanged } from '#runtime/protocol/groups.ts'
import type { NodeRegister, NodeRegistered, ProcessesGone } from '#runtime/protocol/nodes.ts'
import type { TaskOutcome, TaskResult } from '#runtime/protocol/tasks.ts'
import type { CallPlan, TaskPlan } from './plans.ts'

/** What travels on each kind of link. The shells of the real thing have requests with answers; here these are messages with a key. */
export type Answer = {
  readonly kind: 'answer'
  readonly key: number
  readonly value: unknown
  readonly code: ErrorCode | null
  readonly message: string
}
export type Ask = { readonly kind: 'ask'; readonly key: number; readonly request: CoreRequest }
export type AgentToHead =
  | { readonly kind: 'register'; readonly register: NodeRegister }
  | { readonly kind: 'say'; readonly message: ToHead }
  | Ask
export type HeadToAgent =
  | { readonly kind: 'registered'; readonly answer: ReturnType<(typeof NodeRegistered)['parse']> }
  | { readonly kind: 'say'; readonly message: FromHead }
  | Answer

export type OwnerToAgent = { readonly kind: 'lease'; readonly message: FromOwner }
export type AgentToOwner = { readonly kind: 'lease'; readonly message: ToOwner }
export type ClientToAgent =
  | OwnerToAgent
  | Ask
  | { readonly kind: 'ready' }
  | { readonly kind: 'blocked' | 'unblocked' }
  | { readonly kind: 'leaving' }
  | { readonly kind: 'constructed'; readonly actorId: string; readonly restarts: number; readonly threw: boolean }
export type AgentToClient =
  | AgentToOwner
  | Answer
  | { readonly kind: 'actor'; readonly changed: ActorChanged }
  | { readonly kind: 'group'; readonly changed: GroupChanged }
  | { readonly kind: 'gone'; readonly gone: ReturnType<(typeof ProcessesGone)['parse']> }
  | { readonly kind: 'order'; readonly command: Extract<AgentCommand, { do: 'assign-worker' | 'construct-actor' | 'ask-worker-to-leave' }> }

export type Argument = { readonly objectId: string; readonly result: TaskResult }
export type Job = {
  readonly taskId: string
  readonly attempt: number
  readonly plan: TaskPlan | CallPlan
  readonly args: readonly Argument[]
}
export type OwnerToWorker =
  | { readonly kind: 'push'; readonly leaseId: string; readonly jobs: readonly Job[] }
  | { readonly kind: 'call'; readonly actorId: string; readonly jobs: readonly Job[] }
  | { readonly kind: 'cancel'; readonly taskId: string }
export type WorkerToOwner =
  | { readonly kind: 'ended'; readonly taskId: string; readonly attempt: number; readonly outcome: TaskOutcome; readonly runMs: number }
  | { readonly kind: 'yielded'; readonly taskId: string; readonly attempt: number; readonly index: number; readonly result: TaskResult }
  | { readonly kind: 'returned'; readonly taskIds: readonly string[]; readonly leaving: boolean }
