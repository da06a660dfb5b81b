import { ClusterError } from '../base/errors.ts'
import type { Logger } from '../base/logger.ts'
import { StoreReply, type StoreLocation, type StoreRequest } from '../protocol/store.ts'
import { openSegment, type Segment } from './segment.ts'
import { readSpilled, type SpilledRange } from './spilled-object.ts'

/** How a client reaches the store of its node: one link, which the agent knows by one client id. */
export type StoreLink = {
  /** Sends a message and gives its answer; rejects with the ClusterError that the store threw. */
  request(message: StoreRequest): Promise<unknown>
  /** Sends a message that needs no answer. Must not throw when the link is closed. */
  send(message: StoreRequest): void
  logger: Logger
  /** How long an object that was offered stays pinned for us unread. @default 1 s */
  offerMs?: number
}

/** A whole object. The bytes are this process's own: writing to them changes nothing for others. */
export type Mapped = {
  readonly bytes: Uint8Array
  /**
   * Lets the object go; a second call does nothing. Afterwards do not use the bytes: once all who got them have released, they read as zeros.
   * Without it the object goes when the bytes and all views on them are collected.
   */
  release(): void
}

/** Up to this size an object is copied out of the store: that is faster than mapping it, and pins nothing. */
export const copyUpToBytes = 100 * 1_024

/**
 * What was offered and not read is given back after this time.
 *
 * Why a reader may map an offered object without asking: the agent pins it for us in the very step that seals it, before anybody could
 * spill, evict or free it, and tells us on the link that our releases go back on. So the place stands until we release, whatever happens:
 * - spilling and eviction pass over pinned objects; a free marks it, and its room is given to nobody before our release;
 * - each offer is released exactly once: when its time is up, when its mapping goes, when the last reference goes, or when a
 *   get of ours was faster and has a mapping of its own; never twice, which would take the pin from under another mapping;
 * - an offer that comes after the object was freed is not read, and goes when its time is up;
 * - when we end, the agent drops our pins as it always does; when the agent ends, so does its store.
 * A program that blocks its event loop keeps what it was offered meanwhile: the agent offers no more than a part of the store, and nothing
 * while somebody waits for room.
 */
const offerMs = 1_000

/** Ranges from this size get page tables off the event loop before they are written the first time. */
const prefaultFromBytes = 4 * 2 ** 20
const longestTimeoutMs = 2 ** 31 - 1

/** The store keeps an object where it is as long as any mapping of ours shows it. */
type Pin = { readonly location: StoreLocation; mappings: number }

/** A mapping of this client, shared by all gets of one user as long as somebody has its bytes. Nothing here keeps the bytes alive. */
type Held = {
  readonly buffer: WeakRef<ArrayBufferLike>
  readonly user: WeakRef<object> | undefined
  readonly pin: Pin
  readonly release: () => void
  holders: number
}

type Offer = { readonly location: StoreLocation; readonly timer: NodeJS.Timeout }

/** Who reads: gets of one user share their bytes, and with them what it writes there. Undefined is a user too: the program outside of tasks. */
export type StoreUser = object | undefined

export type StoreClient = {
  /**
   * Stores an object: makes room, lets `write` fill it in one go, seals it. Does nothing when the object is here already.
   * `write` must not keep its target.
   * @throws ClusterError `store.full` or `store.disk-full` when no room came within `timeoutMs`; what `write` throws.
   */
  put(objectId: string, sizeBytes: number, write: (target: Uint8Array) => void, options: PutOptions): Promise<void>
  /**
   * Returns the object, or undefined when it has not been sealed on this node within `timeoutMs` (0: look only).
   * @throws ClusterError `timeout` when it is on disk and was not read back in time; `store.corrupt` when its file is damaged.
   */
  get(objectId: string, options: { timeoutMs: number; user?: StoreUser }): Promise<Mapped | undefined>
  /** The object if this process has it mapped already, without a round trip: in under a microsecond for the user who had it last, with a new mapping for another. */
  getHeld(objectId: string, user?: StoreUser): Mapped | undefined
  /** Takes an object that the agent has pinned for us unasked (`store.offered`): the next get of it needs no round trip. See `offerMs`. */
  offered(objectId: string, location: StoreLocation): void
  /** Gives the pin of such an object back, where nobody has read it. For when its last reference goes. */
  dropOffer(objectId: string): void
  /** The same for all: the store needs room. */
  dropOffers(): void
  contains(objectId: string): Promise<boolean>
  free(objectIds: readonly string[]): Promise<void>
  stats(): { heldObjects: number; heldBytes: number }
  /** Ends the use of the store. Bytes in somebody's hands stay readable, but the agent may give their room to others. */
  close(): void
}

export type PutOptions = {
  /** See `store.create`. */
  primary: boolean
  /** The process whose end frees a primary copy. @default the lease's owner, or this process */
  ownerId?: string
  /** How long to wait for room. @default the node's setting, 60 s */
  timeoutMs?: number
}

/** Cheap: files are opened and koffi is loaded when the first object above `copyUpToBytes` is at hand. */
export function createStoreClient(link: StoreLink): StoreClient {
  return new LinkedStoreClient(link)
}

class LinkedStoreClient implements StoreClient {
  readonly #link: StoreLink
  readonly #segments = new Map<string, Segment>()
  readonly #held = new Map<string, Held>()
  readonly #offers = new Map<string, Offer>()
  #heldBytes = 0
  #closed = false

  constructor(link: StoreLink) {
    this.#link = link
  }

  // oxlint-disable-next-line max-params -- reads as a sentence, and is called in one place of the SDK
  async put(objectId: string, sizeBytes: number, write: (target: Uint8Array) => void, options: PutOptions): Promise<void> {
    const timeout = options.timeoutMs === undefined ? {} : { timeoutMs: Math.min(options.timeoutMs, longestTimeoutMs) }
    const owner = options.ownerId === undefined ? {} : { ownerId: options.ownerId }
    const reply = await this.#request({ type: 'store.create', objectId, sizeBytes, primary: options.primary, ...owner, ...timeout })
    if (reply.type === 'store.exists') return
    if (reply.type !== 'store.created') throw unexpected(reply, 'store.create')
    try {
      await this.#fill(reply.location, write)
    } catch (error) {
      if (!this.#closed) this.#link.send({ type: 'store.abort', objectId })
      throw error
    }
    await this.#request({ type: 'store.seal', objectId })
  }

  async get(objectId: string, options: { timeoutMs: number; user?: StoreUser }): Promise<Mapped | undefined> {
    const { user } = options
    const held = this.getHeld(objectId, user)
    if (held) return held
    const reply = await this.#request({ type: 'store.get', objectId, timeoutMs: Math.min(options.timeoutMs, longestTimeoutMs) })
    if (reply.type === 'store.missing') return undefined
    if (reply.type === 'store.lent') return lentBytes(reply.path, reply)
    if (reply.type !== 'store.found') throw unexpected(reply, 'store.get')
    try {
      return this.#open(objectId, reply.location, user)
    } catch (error) {
      this.#release(objectId)
      throw error
    }
  }

  getHeld(objectId: string, user?: StoreUser): Mapped | undefined {
    const held = this.#held.get(objectId)
    const buffer = held?.buffer.deref()
    if (!held || !buffer || this.#closed) return this.#openOffer(objectId, user) // a collected one has its finalizer still to run
    if (held.user?.deref() === user) return this.#hold(objectId, held, buffer)
    return this.#map(objectId, held.pin, user) // what the other user wrote into its bytes is not the object
  }

  offered(objectId: string, location: StoreLocation): void {
    if (this.#held.get(objectId)?.buffer.deref() || this.#offers.has(objectId)) return this.#release(objectId)
    this.#offers.set(objectId, { location, timer: setTimeout(() => this.dropOffer(objectId), this.#link.offerMs ?? offerMs).unref() })
  }

  dropOffer(objectId: string): void {
    if (this.#takeOffer(objectId)) this.#release(objectId)
  }

  dropOffers(): void {
    for (const objectId of this.#offers.keys()) this.dropOffer(objectId)
  }

  async contains(objectId: string): Promise<boolean> {
    const reply = await this.#request({ type: 'store.contains', objectId })
    if (reply.type !== 'store.contained') throw unexpected(reply, 'store.contains')
    return reply.contained
  }

  async free(objectIds: readonly string[]): Promise<void> {
    const atOnce = 10_000 // the limit of one message
    for (let from = 0; from < objectIds.length; from += atOnce) {
      await this.#request({ type: 'store.free', objectIds: objectIds.slice(from, from + atOnce) })
    }
  }

  stats(): { heldObjects: number; heldBytes: number } {
    return { heldObjects: this.#held.size, heldBytes: this.#heldBytes }
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    for (const objectId of this.#offers.keys()) this.#takeOffer(objectId)
    for (const segment of this.#segments.values()) segment.close()
    this.#segments.clear()
    this.#held.clear()
  }

  async #fill(location: StoreLocation, write: (target: Uint8Array) => void): Promise<void> {
    const { offset, sizeBytes } = location
    const segment = this.#segment(location)
    if (sizeBytes >= prefaultFromBytes) await segment.prefault(offset, sizeBytes)
    this.#refuseWhenClosed()
    segment.fill(offset, sizeBytes, { inPlace: sizeBytes > copyUpToBytes, write })
  }

  #open(objectId: string, location: StoreLocation, user: StoreUser): Mapped {
    const { offset, sizeBytes } = location
    if (sizeBytes <= copyUpToBytes) {
      const bytes = new Uint8Array(sizeBytes)
      this.#segment(location).read(offset, bytes)
      this.#release(objectId)
      return { bytes, release: () => {} }
    }
    const already = this.getHeld(objectId, user) // another get of it was under way
    if (already) {
      this.#release(objectId)
      return already
    }
    return this.#map(objectId, { location, mappings: 0 }, user)
  }

  #takeOffer(objectId: string): StoreLocation | undefined {
    const offer = this.#offers.get(objectId)
    clearTimeout(offer?.timer)
    this.#offers.delete(objectId)
    return offer?.location
  }

  #openOffer(objectId: string, user: StoreUser): Mapped | undefined {
    const location = this.#takeOffer(objectId)
    if (!location || this.#closed) return undefined
    try {
      return this.#map(objectId, { location, mappings: 0 }, user)
    } catch {
      this.#release(objectId) // a get by the usual way will say what is wrong with the segment
      return undefined
    }
  }

  #map(objectId: string, pin: Pin, user: StoreUser): Mapped {
    const { offset, sizeBytes } = pin.location
    let held: Held | undefined
    const view = this.#segment(pin.location).privateView(offset, sizeBytes, () => {
      this.#heldBytes -= sizeBytes
      if (this.#held.get(objectId) === held) this.#held.delete(objectId)
      this.#unpin(objectId, pin)
    })
    pin.mappings += 1
    if (view.copied) {
      this.#unpin(objectId, pin)
      return { bytes: view.bytes, release: () => {} }
    }
    held = { buffer: new WeakRef(view.bytes.buffer), user: user && new WeakRef(user), pin, release: view.release, holders: 0 }
    this.#held.set(objectId, held)
    this.#heldBytes += sizeBytes
    return this.#hold(objectId, held, view.bytes.buffer)
  }

  /** One more who has the bytes. The last explicit release ends the mapping; whoever only drops the bytes leaves that to the collector. */
  #hold(objectId: string, held: Held, buffer: ArrayBufferLike): Mapped {
    held.holders += 1
    let released = false
    const release = () => {
      if (released) return
      released = true
      held.holders -= 1
      if (held.holders > 0) return
      if (this.#held.get(objectId) === held) this.#held.delete(objectId)
      held.release()
    }
    return { bytes: new Uint8Array(buffer), release }
  }

  #unpin(objectId: string, pin: Pin): void {
    pin.mappings -= 1
    if (pin.mappings === 0) this.#release(objectId)
  }

  #release(objectId: string): void {
    if (!this.#closed) this.#link.send({ type: 'store.release', objectId, count: 1 })
  }

  #segment(location: StoreLocation): Segment {
    this.#refuseWhenClosed()
    const known = this.#segments.get(location.segmentPath)
    if (known) return known
    const segment = openSegment(location.segmentPath, { sizeBytes: location.segmentBytes, create: false })
    this.#segments.set(location.segmentPath, segment)
    return segment
  }

  async #request(message: StoreRequest): Promise<StoreReply> {
    this.#refuseWhenClosed()
    const reply = StoreReply.safeParse(await this.#link.request(message))
    if (reply.success) return reply.data
    throw new ClusterError('protocol.violation', `the agent's answer to ${message.type} is no store reply: ${reply.error.message}`)
  }

  #refuseWhenClosed(): void {
    if (this.#closed) throw new ClusterError('link.closed', 'this client of the object store is closed. Is the program shutting down?')
  }
}

/** A copy of its own, made at once. Undefined when the object was freed in between. @throws ClusterError `store.corrupt` */
function lentBytes(path: string, where: SpilledRange): Mapped | undefined {
  const reader = readSpilled(path, where)
  if (!reader) return undefined
  try {
    const bytes = reader.read(0, where.sizeBytes)
    if (process.getBuiltinModule('node:zlib').crc32(bytes) !== where.checksum)
      throw new ClusterError(
        'store.corrupt',
        `spill file ${path} holds other bytes than were written. The object is lost here; its owner can make it again.`,
      )
    return { bytes, release: () => {} }
  } finally {
    reader.release()
  }
}

function unexpected(reply: StoreReply, to: string): ClusterError {
  return new ClusterError('protocol.violation', `the agent answers ${to} with ${reply.type}. Do both run the same version?`)
}

let collect: (() => void) | undefined

/** Collects garbage now, 3-6 ms for a small heap, so that dropped objects are released. For when the store asks: an idle process never does. */
export function collectGarbage(): void {
  if (!collect) {
    process.getBuiltinModule('node:v8').setFlagsFromString('--expose-gc')
    collect = process.getBuiltinModule('node:vm').runInNewContext('gc') as () => void // the flag puts it there
  }
  collect()
}
