import { AsyncLocalStorage } from 'node:async_hooks'
import { ClusterError } from '../../base/errors.ts'
import type { NodeId } from '../../base/ids.ts'
import type { Logger } from '../../base/logger.ts'
import { ObjectLocated } from '../../protocol/objects.ts'
import type { StoreClient, StoreUser } from '../../store/store-client.ts'
import { GetTimeoutError } from '../errors.ts'
import type { TaskScope } from '../execution.ts'
import type { Codec } from './codec.ts'
import type { ErrorCodec } from './error-codec.ts'
import type { RuntimeContext } from '../cluster-types.ts'
import type { Peers } from './peers.ts'
import { failAsOwnerDied, type References } from './references.ts'
import type { RefState } from './ref-state.ts'

export type ReaderIo = {
  readonly nodeId: () => NodeId
  readonly agentAddress: () => string
  readonly store: StoreClient
  readonly codec: Codec
  readonly errors: ErrorCodec
  readonly references: References
  readonly peers: Peers
  readonly logger: Logger
  /** Brings a copy into this node's store. @throws ClusterError `object.lost` when no copy named could be read. */
  readonly pull: (state: RefState) => Promise<void>
  /** The error of this object is about to be thrown to the program. */
  readonly onShown: (state: RefState) => void
  /** Finds or makes another copy of an object of ours. */
  readonly reconstruct: (state: RefState) => void
}

export type WaitLimits = { readonly timeoutMs: number; readonly signal: AbortSignal | undefined }

/** Reads of one object that may fail for a lost copy before the reader gives up. */
const maxReads = 20

/** To read an object back from disk there must be room in memory, which others may hold for long (Ray gives up after this time, too). */
const restoreWithinMs = 600_000

/** Which task user code runs in, through every await. */
export const taskScope = new AsyncLocalStorage<TaskScope>()

/** What a runtime context says of the task that runs; outside of one, that there is none. */
export function contextOfTask(): Omit<RuntimeContext, 'jobId' | 'nodeId' | 'workerId' | 'namespace'> {
  const scope = taskScope.getStore()
  return {
    taskId: scope?.taskId ?? null,
    taskName: scope?.name ?? null,
    actorId: scope?.actorId ?? null,
    attempt: scope?.attempt ?? 0,
    restarts: scope?.restarts ?? 0,
    acceleratorIds: scope?.devices ?? {},
    placementGroupId: scope?.strategy.kind === 'group' ? scope.strategy.groupId : null,
    signal: scope?.abort.signal ?? null,
  }
}

/** Gets values behind refs: waits for them, finds them, fetches their bytes, decodes. */
export class Reader {
  readonly #io: ReaderIo
  constructor(io: ReaderIo) {
    this.#io = io
  }

  /** The values in order; rejects at the first that failed, without waiting for the rest, as with Ray. */
  async get(states: readonly RefState[], limits: WaitLimits): Promise<unknown[]> {
    for (const state of states) this.locate(state)
    const deadline = performance.now() + limits.timeoutMs
    if (states.some((state) => state.status !== 'ready')) await this.#allReady(states, limits)
    const values: unknown[] = []
    let waiting: Promise<unknown>[] | undefined
    for (const [index, state] of states.entries()) {
      const value = this.#read(state)
      if (value instanceof Promise) {
        waiting ??= []
        waiting.push(value.then((done) => void (values[index] = done)))
      } else values[index] = value
    }
    if (waiting)
      await inBlockedScope(() => withLimits(Promise.all(waiting), { ...limits, timeoutMs: deadline - performance.now() }, states.length))
    return values
  }

  /** Asks the owner of a borrowed object where it is, once. */
  locate(state: RefState): void {
    if (!state.owner || state.status !== 'pending' || state.isAsked) return
    state.isAsked = true
    void this.#ask(state, { type: 'object.locate', objectId: state.objectId })
  }

  async #ask(state: RefState, message: object): Promise<void> {
    const { owner } = state
    if (!owner) return
    try {
      const located = await this.#io.peers.to(owner).request(message, { reply: ObjectLocated })
      if (state.status !== 'pending') return
      state.isAsked = false
      if (located.kind === 'ready') {
        state.nested = located.nested.map((ref) => this.#io.references.borrowed(ref))
        void this.#io.references.announce(state.nested)
        state.place = located.place
        state.settle('ready')
      } else {
        state.failure =
          located.kind === 'threw'
            ? { kind: 'threw', error: located.error, origin: 'a task of another process' }
            : { kind: 'failed', failure: located.failure }
        state.settle('failed')
      }
    } catch (error) {
      this.#io.logger.debug('object.locate-failed', {
        objectId: state.objectId,
        reason: error instanceof Error ? error.message : String(error),
      })
      if (state.status === 'pending') failAsOwnerDied(state)
    }
  }

  /** The value of an object that is ready. A promise when its bytes must be fetched, or when functions inside need modules. */
  #read(state: RefState): unknown {
    const { place } = state
    if (place?.kind === 'inline') return this.#io.codec.decode(place.bytes, false)
    const held = this.#io.store.getHeld(state.objectId, taskScope.getStore())
    if (held) return this.#io.codec.decode(held.bytes, true)
    return inBlockedScope(() => this.#readStored(state))
  }

  async #readStored(state: RefState): Promise<unknown> {
    for (let reads = 0; reads < maxReads; reads += 1) {
      if (state.status !== 'ready') await this.#allReady([state], { timeoutMs: Number.POSITIVE_INFINITY, signal: undefined })
      const { place } = state
      if (place?.kind === 'inline') return this.#io.codec.decode(place.bytes, false)
      const bytes = await this.fetch(state, taskScope.getStore())
      if (bytes) return this.#io.codec.decode(bytes, true)
      this.lost(state)
    }
    throw new ClusterError('object.fetch-timed-out', `object ${state.objectId} was found and lost again ${maxReads} times`, {
      details: { objectId: state.objectId },
    })
  }

  /**
   * The bytes of a stored object in this node's store, pulled here first if need be. Undefined when no copy could be read. A user, such as
   * a task, has bytes of its own: what it writes there no other sees.
   */
  async fetch(state: RefState, user: StoreUser): Promise<Uint8Array | undefined> {
    const here = await this.#look(state, user)
    if (here) return here
    try {
      await this.#io.pull(state)
    } catch (error) {
      if (error instanceof ClusterError && (error.code === 'object.lost' || error.code === 'link.closed')) return undefined
      throw error
    }
    return this.#look(state, user)
  }

  /** What this node has of it, read back from disk if it lies there. Undefined when it has nothing. */
  async #look({ objectId }: RefState, user: StoreUser): Promise<Uint8Array | undefined> {
    try {
      return (await this.#io.store.get(objectId, { timeoutMs: 0, user }))?.bytes
    } catch (error) {
      if (!(error instanceof ClusterError && error.code === 'timeout')) throw error
    }
    return (await this.#io.store.get(objectId, { timeoutMs: restoreWithinMs, user }))?.bytes // it is on disk
  }

  /** No copy could be read: the owner finds another, or makes the object again. */
  lost(state: RefState): void {
    if (state.status === 'pending') return
    if (!state.owner) return this.#io.reconstruct(state)
    const nodeIds = state.place?.kind === 'stored' ? state.place.copies.map((copy) => copy.nodeId) : []
    state.status = 'pending'
    state.place = null
    void this.#ask(state, { type: 'object.missing', objectId: state.objectId, nodeIds })
  }

  async #allReady(states: readonly RefState[], limits: WaitLimits): Promise<void> {
    const settled = new Promise<void>((resolve, reject) => {
      let left = states.length
      for (const state of states) {
        state.whenSettled(() => {
          left -= 1
          if (state.status !== 'ready') reject(new Settled(state))
          else if (left === 0) resolve()
        })
      }
    })
    try {
      await inBlockedScope(() => withLimits(settled, limits, states.length))
    } catch (error) {
      if (!(error instanceof Settled)) throw error
      this.#io.onShown(error.state)
      throw await this.#io.errors.toThrow(error.state)
    }
  }

  /** Waits in the name of the task around, if there is one. */
  waiting<T>(wait: () => Promise<T>): Promise<T> {
    return inBlockedScope(wait)
  }

  /** Settles when at least `count` of `states` are there, or the time is up. A failed one counts as there. */
  async waitFor(states: readonly RefState[], count: number, how: WaitLimits & { fetch: boolean }): Promise<void> {
    let there = 0
    for (const state of states) {
      if (this.isThere(state, how.fetch)) there += 1
      else this.locate(state)
      if (there >= count) return
    }
    if (how.timeoutMs === 0) return
    const enough = new Promise<void>((resolve) => {
      for (const state of states) {
        if (this.isThere(state, how.fetch)) continue
        state.whenSettled(() => {
          void this.#arrive(state, how.fetch).then(() => {
            there += 1
            if (there >= count) resolve()
          })
        })
      }
    })
    await inBlockedScope(() => withLimits(enough, how, states.length)).catch((error: unknown) => {
      if (!(error instanceof GetTimeoutError)) throw error
    })
  }

  isThere(state: RefState, fetch: boolean): boolean {
    if (state.status === 'pending') return false
    return (
      !fetch ||
      state.status !== 'ready' ||
      state.place?.kind !== 'stored' ||
      state.place.copies.some((copy) => copy.nodeId === this.#io.nodeId())
    )
  }

  async #arrive(state: RefState, fetch: boolean): Promise<void> {
    if (this.isThere(state, fetch)) return
    await this.fetch(state, taskScope.getStore()).catch(() => undefined) // get will say what is wrong with it
  }
}

class Settled extends Error {
  readonly state: RefState
  constructor(state: RefState) {
    super('settled without a value')
    this.state = state
  }
}

/** While a task waits, its worker may lend its CPU to others. */
export async function inBlockedScope<T>(wait: () => Promise<T>): Promise<T> {
  const scope = taskScope.getStore()
  if (!scope) return wait()
  scope.abort.signal.throwIfAborted()
  scope.blocked()
  try {
    return await untilAborted(wait(), scope.abort.signal)
  } finally {
    scope.unblocked()
  }
}

function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason as Error) // we abort with errors only
    signal.addEventListener('abort', onAbort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}

/** @throws GetTimeoutError when the time is up, or the signal's reason. */
export function withLimits<T>(promise: Promise<T>, limits: WaitLimits, count: number): Promise<T> {
  const { timeoutMs, signal } = limits
  if (timeoutMs === Number.POSITIVE_INFINITY && !signal) return promise
  return new Promise((resolve, reject) => {
    const giveUp = () => {
      const waitedMs = Math.max(0, Math.round(timeoutMs))
      reject(
        new GetTimeoutError('timeout', `${count} object(s) were not ready after ${waitedMs} ms; the tasks go on`, {
          details: { waitedMs, count },
        }),
      )
    }
    const timer = timeoutMs === Number.POSITIVE_INFINITY ? undefined : setTimeout(giveUp, Math.max(0, timeoutMs))
    const onAbort = () => reject(signal?.reason as Error) // an abort reason is an error by default
    if (signal?.aborted) onAbort()
    signal?.addEventListener('abort', onAbort, { once: true })
    promise.then(resolve, reject).finally(() => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
    })
  })
}
