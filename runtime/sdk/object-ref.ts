import type { ObjectId } from '../base/ids.ts'

/** How the client reaches its own record of a ref. Not for programs. */
export const refState: unique symbol = Symbol('shoal.ref-state')

/** What a client keeps for a ref; opaque to everything but the engine that made it. */
export type OpaqueRefState = { readonly objectId: ObjectId; release(): void }

/**
 * Stands for a value that a task will make, or that was put. Pass it to tasks and actor calls in place of the value, put it inside
 * other values, or `get` it. The object lives until no process refers to it; `free(ref)`, or `using ref = …`, lets it go sooner.
 */
export class ObjectRef<T> {
  readonly [refState]: OpaqueRefState
  /** Only in types: what `get` gives. */
  declare readonly valueType: T
  constructor(state: OpaqueRefState) {
    this[refState] = state
  }
  /** 56 hex digits, unique in the cluster. */
  get id(): ObjectId {
    return this[refState].objectId
  }
  /** This program needs the object no more. A later `get` here fails with `object.freed`. */
  [Symbol.dispose](): void {
    this[refState].release()
  }
  toString(): string {
    return `ObjectRef(${this.id})`
  }
}

/** Refs of a stream, in order, as a running task produces them. Iterating waits for the next one. */
export interface ObjectRefGenerator<T> extends AsyncIterableIterator<ObjectRef<T>> {
  /** Ready when the task has ended, with the count of items it produced. */
  readonly completed: ObjectRef<number>
}
