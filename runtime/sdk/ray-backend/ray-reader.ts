import { inBlockedScope, taskScope, type WaitLimits, withLimits } from '../client/read.ts'
import { GetTimeoutError } from '../errors.ts'
import type { RayClient } from './ray-client.ts'
import type { Thing } from './things.ts'

/** Values up to this size are kept here once they have come. */
const keepUpToBytes = 100 * 1024

/** `want`: the bytes, however many. `fetch`: brings them to this node. */
type Reading = { readonly want: boolean; readonly fetch: boolean }

/** What can be waited for: an object, or the next item of a stream. */
export type Waitable = {
  readonly isThere: boolean
  /** Settles when it is there, or has failed; does not reject. */
  watch(): Promise<void>
  /** The object, where it is one. */
  readonly thing: Thing | null
}

/** Reads values by way of Python, each once at a time however many wait for it. */
export class RayReader {
  readonly #client: RayClient
  constructor(client: RayClient) {
    this.#client = client
  }

  /** The values in order; rejects at the first that failed, without waiting for the rest. */
  async get(things: readonly Thing[], limits: WaitLimits): Promise<unknown[]> {
    if (limits.timeoutMs === 0) await this.#refuseMissing(things)
    const timeoutMs = limits.timeoutMs === 0 ? Number.POSITIVE_INFINITY : limits.timeoutMs
    const values = Promise.all(things.map((thing) => this.#value(thing)))
    return inBlockedScope(() => withLimits(values, { ...limits, timeoutMs }, things.length))
  }

  async #refuseMissing(things: readonly Thing[]): Promise<void> {
    await this.peek(things)
    const missing = things.filter((thing) => thing.status === 'pending').length
    if (missing === 0) return
    throw new GetTimeoutError('timeout', `${missing} of ${things.length} object(s) are not ready; the tasks go on`, {
      details: { waitedMs: 0, count: missing },
    })
  }

  /** Looks which are there now. */
  async peek(things: readonly Thing[]): Promise<void> {
    const unknown = things.filter((thing) => thing.status === 'pending' && !thing.isLocal)
    if (unknown.length === 0) return
    const ready = new Set((await this.#client.ask({ type: 'object.peek', keys: unknown.map((thing) => thing.objectId) })) as string[]) // keys of ours
    for (const thing of unknown) if (ready.has(thing.objectId) && thing.status === 'pending') thing.status = 'ready'
  }

  /** Settles when at least `count` are there, or the time is up. A failed one counts as there. */
  async waitFor(items: readonly Waitable[], count: number, limits: WaitLimits): Promise<void> {
    if (limits.timeoutMs === 0) await this.peek(items.flatMap(({ thing }) => thing ?? []))
    let there = items.filter((item) => item.isThere).length
    if (there >= count || limits.timeoutMs === 0) return
    const enough = new Promise<void>((resolve) => {
      for (const item of items) {
        if (item.isThere) continue
        void item.watch().then(() => {
          there += 1
          if (there >= count) resolve()
        })
      }
    })
    await inBlockedScope(() => withLimits(enough, limits, items.length)).catch((error: unknown) => {
      if (!(error instanceof GetTimeoutError)) throw error
    })
  }

  /** `fetch`: it is there when its bytes are on this node. */
  waitable(thing: Thing, fetch: boolean): Waitable {
    return {
      thing,
      get isThere() {
        return thing.status !== 'pending'
      },
      watch: async () => void (await this.#read(thing, { want: false, fetch })),
    }
  }

  async #value(thing: Thing): Promise<unknown> {
    const isKept = thing.bytes !== null
    let bytes = thing.bytes ?? sharedBytes(thing)
    for (let tries = 0; bytes === null && !thing.failure && tries < 4; tries += 1)
      bytes = await this.#read(thing, { want: true, fetch: true })
    if (thing.failure) throw await this.#client.errors.toThrow(thing)
    return this.#client.codec.decode(bytes ?? new Uint8Array(), !isKept && thing.bytes === null)
  }

  /** The bytes; null when it failed, or when they are many and not wanted. */
  #read(thing: Thing, how: Reading): Promise<Uint8Array | null> {
    if (thing.failure || thing.bytes) return Promise.resolve(thing.bytes)
    thing.reading ??= this.#fetch(thing, how).finally(() => {
      thing.reading = null
    })
    return thing.reading
  }

  async #fetch(thing: Thing, how: Reading): Promise<Uint8Array | null> {
    const user = taskScope.getStore()
    try {
      const { fields, buffers } = await this.#client.link.request({ type: 'object.read', key: thing.objectId, ...how })
      const nested = this.#client.things.received((fields['attach'] ?? []) as string[]) // keys, as Python keeps them
      const bytes = buffers[0] ?? null
      if (thing.status === 'freed') return bytes
      thing.status = 'ready'
      thing.nested = nested // also of a large value: it may be decoded later than now
      if (bytes && bytes.length <= keepUpToBytes) thing.bytes = bytes
      else if (bytes) thing.view = { buffer: new WeakRef(bytes.buffer), user: user && new WeakRef(user) }
      return bytes
    } catch (error) {
      if (thing.status === 'freed') return null
      thing.status = 'failed'
      thing.failure = this.#client.failureOf(error)
      return null
    }
  }
}

/** Of a large value that this user has already, and with it what was written there; for another user it is read anew. */
function sharedBytes({ view }: Thing): Uint8Array | null {
  const buffer = view?.buffer.deref()
  return buffer && view?.user?.deref() === taskScope.getStore() ? new Uint8Array(buffer) : null
}
