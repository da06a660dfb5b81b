import type { ObjectId, WorkerId } from '../../base/ids.ts'
import type { ProcessAddress } from '../../protocol/addresses.ts'
import type { NestedRef, ObjectPlace } from '../../protocol/tasks.ts'
import { ObjectRef } from '../object-ref.ts'
import { RefState, type RefTail } from './ref-state.ts'

export type ReferencesIo = {
  readonly self: () => ProcessAddress
  /** Asks the owner to keep these for us; resolves when it has answered, or when it is gone. */
  borrow(owner: ProcessAddress, objectIds: readonly ObjectId[]): Promise<void>
  returnBorrowed(owner: ProcessAddress, objectIds: readonly ObjectId[]): void
  freeCopies(tail: RefTail): void
  actorOutOfScope(actorId: string): void
}

/**
 * Distributed reference counts (Ray: reference_counter; Wang et al., NSDI 2021). Inside a process the garbage collector counts. Between
 * processes the owner of an object keeps the set of processes that use it, and whoever passes a ref on keeps its own until the receiver
 * is in that set.
 */
export class References {
  readonly #io: ReferencesIo
  /** Every object that another process may name, or that has something to be undone elsewhere. */
  readonly #known = new Map<ObjectId, WeakRef<RefState>>()
  /** Objects of ours that others use: kept alive for them. */
  readonly #lent = new Map<ObjectId, RefState>()
  /** Objects of ours in stores, and since when. */
  readonly #stored = new Map<ObjectId, { readonly state: WeakRef<RefState>; readonly sinceMs: number }>()
  readonly #collected: FinalizationRegistry<RefTail>
  /** New borrows noticed while a value is decoded, for whoever decodes it. */
  #scope: RefState[] | null = null

  constructor(io: ReferencesIo) {
    this.#io = io
    this.#collected = new FinalizationRegistry((tail) => this.#finish(tail))
  }

  get lentCount(): number {
    return this.#lent.size
  }

  owned(objectId: ObjectId): RefState {
    return new RefState(objectId, null, (state) => this.release(state))
  }

  /** The state of an object, ours or another's, when this process has it. */
  find(objectId: ObjectId): RefState | undefined {
    return this.#lent.get(objectId) ?? this.#known.get(objectId)?.deref()
  }

  /** Everything that is kept count of. */
  *listed(): Generator<RefState> {
    for (const weak of this.#known.values()) {
      const state = weak.deref()
      if (state) yield state
    }
    for (const { state: weak } of this.#stored.values()) {
      const state = weak.deref()
      if (state) yield state
    }
  }

  /** When an object of ours came to lie in a store; 0 for others. */
  storedSinceMs({ objectId }: RefState): number {
    return this.#stored.get(objectId)?.sinceMs ?? 0
  }

  /** Lets others name this object of ours from now on. */
  share(state: RefState): void {
    if (!this.#known.has(state.objectId)) {
      this.#known.set(state.objectId, new WeakRef(state))
      this.#watch(state)
    }
  }

  /** A ref of another process' object; a new one is noted in the scope that decodes it. */
  borrowed(ref: NestedRef): RefState {
    const known = this.find(ref.objectId)
    if (known) return known
    const isOurs = ref.owner.workerId === this.#io.self().workerId
    const state = new RefState(ref.objectId, isOurs ? null : ref.owner, (one) => this.release(one))
    if (isOurs) {
      // We own it and have let it go: whoever sent it kept no hold on it.
      state.failure = {
        kind: 'failed',
        failure: { code: 'object.freed', message: `object ${ref.objectId} was freed by its owner`, details: { objectId: ref.objectId } },
      }
      state.settle('freed')
      return state
    }
    this.#known.set(ref.objectId, new WeakRef(state))
    this.#watch(state)
    this.#scope?.push(state)
    return state
  }

  /** Runs `decode`, which is synchronous, and returns the borrows that were new to this process. */
  collectBorrows<T>(decode: () => T): { value: T; fresh: readonly RefState[] } {
    const outer = this.#scope
    const fresh: RefState[] = []
    this.#scope = fresh
    try {
      return { value: decode(), fresh }
    } finally {
      this.#scope = outer
    }
  }

  /** Tells the owners of `states` that we use them; resolves when all have noted it. */
  async announce(states: readonly RefState[]): Promise<void> {
    const byOwner = new Map<WorkerId, { owner: ProcessAddress; objectIds: ObjectId[] }>()
    for (const { owner, objectId } of states) {
      if (!owner) continue
      const group = byOwner.get(owner.workerId) ?? { owner, objectIds: [] }
      group.objectIds.push(objectId)
      byOwner.set(owner.workerId, group)
    }
    await Promise.all([...byOwner.values()].map(({ owner, objectIds }) => this.#io.borrow(owner, objectIds)))
  }

  lend(objectIds: readonly ObjectId[], borrower: WorkerId): ObjectId[] {
    const unknown: ObjectId[] = []
    for (const objectId of objectIds) {
      const state = this.find(objectId)
      if (!state || state.owner) {
        unknown.push(objectId)
        continue
      }
      state.borrowers ??= new Set()
      state.borrowers.add(borrower)
      this.#lent.set(objectId, state)
    }
    return unknown
  }

  takeBack(objectIds: Iterable<ObjectId>, borrower: WorkerId): void {
    for (const objectId of objectIds) {
      const state = this.#lent.get(objectId)
      state?.borrowers?.delete(borrower)
      if (state && state.borrowers?.size === 0) this.#lent.delete(objectId)
    }
  }

  borrowersGone(workerIds: readonly WorkerId[]): void {
    for (const workerId of workerIds) this.takeBack([...this.#lent.keys()], workerId)
  }

  /** Objects of processes that are gone: they can be had no more, unless their value is here already. */
  ownersGone(workerIds: ReadonlySet<WorkerId>, nodeIds: ReadonlySet<string>): void {
    for (const weak of this.#known.values()) {
      const state = weak.deref()
      if (!state?.owner || state.status !== 'pending') continue
      if (!workerIds.has(state.owner.workerId) && !nodeIds.has(state.owner.nodeId)) continue
      failAsOwnerDied(state)
    }
  }

  /** The bytes of an object of ours lie in stores: free them there when nobody refers to it any more. */
  setPlace(state: RefState, place: ObjectPlace): void {
    state.place = place
    if (place.kind !== 'stored' || state.owner) return
    this.#watch(state)
    if (!this.#stored.has(state.objectId)) this.#stored.set(state.objectId, { state: new WeakRef(state), sinceMs: Date.now() })
    if (state.tail) state.tail.copies = place.copies
  }

  /** These refs count the handles of an actor that this process made. */
  countHandles(state: RefState, actorId: string): void {
    this.share(state)
    if (state.tail) state.tail.actorId = actorId
  }

  /** Lets go of an object by the program's word, whoever still holds a ref to it here. */
  release(state: RefState): void {
    if (state.status === 'freed') return
    if (state.tail) {
      this.#collected.unregister(state)
      this.#finish(state.tail)
    }
    state.place = null
    state.nested = []
    state.producer = null
    state.madeOnceBy = null
    state.failure = {
      kind: 'failed',
      failure: {
        code: 'object.freed',
        message: `object ${state.objectId} was freed by this program; keep it, or put it again`,
        details: { objectId: state.objectId },
      },
    }
    state.settle('freed')
  }

  toRef<T>(state: RefState): ObjectRef<T> {
    return new ObjectRef<T>(state)
  }

  #watch(state: RefState): void {
    if (state.tail) return
    state.tail = { objectId: state.objectId, owner: state.owner, copies: [], actorId: null, done: false }
    this.#collected.register(state, state.tail, state)
  }

  #finish(tail: RefTail): void {
    if (tail.done) return
    tail.done = true
    if (this.#known.get(tail.objectId)?.deref()?.tail === tail || !this.#known.get(tail.objectId)?.deref())
      this.#known.delete(tail.objectId)
    this.#lent.delete(tail.objectId)
    this.#stored.delete(tail.objectId)
    if (tail.owner) this.#io.returnBorrowed(tail.owner, [tail.objectId])
    if (tail.copies.length > 0) this.#io.freeCopies(tail)
    if (tail.actorId) this.#io.actorOutOfScope(tail.actorId)
  }
}

export function failAsOwnerDied(state: RefState): void {
  state.failure = {
    kind: 'failed',
    failure: {
      code: 'object.owner-died',
      message: `the process that owned object ${state.objectId} is gone (worker ${state.owner?.workerId.slice(0, 8)} on node ${state.owner?.nodeId.slice(0, 8)}), and the object with it`,
      details: { objectId: state.objectId, ownerId: state.owner?.workerId ?? '' },
    },
  }
  state.settle('failed')
}
