import { ClusterError } from '../../base/errors.ts'
import type { ObjectId, WorkerId } from '../../base/ids.ts'
import type { ProcessAddress } from '../../protocol/addresses.ts'
import type { Failure } from '../../protocol/failures.ts'
import type { ObjectPlace, UserError } from '../../protocol/tasks.ts'
import { ObjectRef, type OpaqueRefState, refState } from '../object-ref.ts'
import type { PendingTask } from './pending-task.ts'

/** How an object failed, in a form that can be sent on to others. */
export type RefFailure =
  | { readonly kind: 'threw'; readonly error: UserError; readonly origin: string }
  | {
      readonly kind: 'failed'
      readonly failure: Failure
      /** What user code threw, where that is the reason: an actor's constructor. */
      readonly cause?: UserError | undefined
    }

export type RefStatus = 'pending' | 'ready' | 'failed' | 'freed'

/**
 * What this process knows of one object. There is one for each object it refers to, and every ObjectRef of that object shares it, so
 * that the JavaScript garbage collector counts the local references for us.
 */
export class RefState implements OpaqueRefState {
  readonly objectId: ObjectId
  /** Who owns the object; null when this process does. */
  readonly owner: ProcessAddress | null
  status: RefStatus = 'pending'
  place: ObjectPlace | null = null
  failure: RefFailure | null = null
  /** Refs inside the value: they live as long as it does. */
  nested: readonly RefState[] = []
  /** The task to run again when the stored value is lost, with all that it needs. Kept for stored values of tasks that may run again. */
  producer: PendingTask | null = null
  /** The name of the task that made the stored value, where it may not run again. */
  madeOnceBy: string | null = null
  /** Processes that use this object of ours. */
  borrowers: Set<WorkerId> | null = null
  /** Called once each when the status leaves `pending`. */
  waiters: (() => void)[] | null = null
  /** What is to be done elsewhere when nobody here refers to the object any more. */
  tail: RefTail | null = null
  /** The owner of a borrowed object has been asked where it is. */
  isAsked = false
  /** Lets `wait` see duplicates without a set. */
  stamp = 0
  #releaser: (state: RefState) => void

  constructor(objectId: ObjectId, owner: ProcessAddress | null, releaser: (state: RefState) => void) {
    this.objectId = objectId
    this.owner = owner
    this.#releaser = releaser
  }

  release(): void {
    this.#releaser(this)
  }

  /** Runs `waiter` once the object is ready or has failed; at once when it is. */
  whenSettled(waiter: () => void): void {
    if (this.status !== 'pending') waiter()
    else if (this.waiters) this.waiters.push(waiter)
    else this.waiters = [waiter]
  }

  settle(status: Exclude<RefStatus, 'pending'>): void {
    this.status = status
    const { waiters } = this
    this.waiters = null
    if (waiters) for (const waiter of waiters) waiter()
  }
}

/** Kept apart from the state, as it is needed when the state has been collected. */
export type RefTail = {
  readonly objectId: ObjectId
  readonly owner: ProcessAddress | null
  /** Copies in stores to be freed. */
  copies: readonly { readonly nodeId: string; readonly agentAddress: string }[]
  /** The actor whose handles these refs count. */
  actorId: string | null
  done: boolean
}

/** @throws ClusterError `bad-argument` for what is not a ref of this cluster. */
export function stateOf(ref: ObjectRef<unknown>): RefState {
  const state: unknown = (ref as Partial<ObjectRef<unknown>> | null | undefined)?.[refState] // programs without types pass anything
  if (state instanceof RefState) return state
  throw new ClusterError(
    'bad-argument',
    state === undefined ? `expected an ObjectRef, got ${describe(ref)}` : `${String(ref)} belongs to another cluster connection`,
  )
}

const describe = (value: unknown): string =>
  typeof value === 'object' && value !== null ? `a ${value.constructor?.name ?? 'object'}` : String(value)

export const isRef = (value: unknown): value is ObjectRef<unknown> => value instanceof ObjectRef
