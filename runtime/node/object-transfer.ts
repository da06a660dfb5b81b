import { ClusterError, toError } from '../base/errors.ts'
import type { NodeId, ObjectId } from '../base/ids.ts'
import type { Logger } from '../base/logger.ts'
import { ObjectChunk, type ObjectPull, type ObjectRead } from '../protocol/objects.ts'
import type { ObjectReader, StoreServer } from '../store/store-server.ts'
import type { Link } from '../transport/link.ts'

export type Copy = { readonly nodeId: NodeId; readonly agentAddress: string }
export type TransferIo = {
  readonly store: StoreServer
  readonly nodeId: NodeId
  readonly logger: Logger
  /** A link to the agent of another node. @throws ClusterError `link.closed` */
  readonly linkTo: (copy: Copy) => Promise<Link>
}
type Pull = ReturnType<(typeof ObjectPull)['parse']>
type Read = Omit<ReturnType<(typeof ObjectRead)['parse']>, 'type'>
/** `sending`: chunks whose bytes a link still needs. It is released when it is over and there are none. */
type OpenReader = { readonly opening: Promise<ObjectReader | undefined>; readonly timer: NodeJS.Timeout; sending: number; isOver: boolean }

const chunkBytes = 4 * 1_048_576
/** Chunks asked for and not here yet, of one object. */
const windowChunks = 4
/** Bytes asked for and not here yet, of all objects. */
const inFlightLimitBytes = 256 * 1_048_576
const chunkTimeoutMs = 30_000
/** A reader stays open this long between two chunks. */
const readerIdleMs = 2_000
const readerLimit = 256

/** Brings objects from other nodes, and gives ours to them, in chunks. */
export class ObjectTransfer {
  readonly #io: TransferIo
  /** One for each object: whoever asks meanwhile shares it. */
  readonly #pulls = new Map<ObjectId, Promise<void>>()
  readonly #readers = new Map<ObjectId, OpenReader>()
  #inFlightBytes = 0
  #waiting: (() => void)[] = []

  constructor(io: TransferIo) {
    this.#io = io
  }

  /**
   * Resolves when the object is sealed here. Copies are tried in the order given.
   * @throws ClusterError `object.lost` when none of them could be read, `store.full` when there is no room.
   */
  pull(pull: Pull): Promise<void> {
    const { objectId } = pull
    if (this.#io.store.contains(objectId)) return Promise.resolve()
    const known = this.#pulls.get(objectId)
    if (known) return known
    const started = this.#pull(pull).finally(() => this.#pulls.delete(objectId))
    this.#pulls.set(objectId, started)
    return started
  }

  /**
   * One chunk of an object of ours, to be sent on `link`. Its bytes are the store's own: they stay as they are until the link has sent them.
   * @throws ClusterError `object.lost` when it is not here.
   */
  async read({ objectId, offset, length }: Read, link: Pick<Link, 'drained'>): Promise<ReturnType<(typeof ObjectChunk)['parse']>> {
    if (!this.#io.store.contains(objectId)) this.#closeReader(objectId) // freed meanwhile
    const open = this.#reader(objectId)
    open.sending += 1
    void this.#whenSent(link, open)
    const reader = await open.opening
    if (!reader) throw lost(objectId, `it is not on node ${this.#io.nodeId.slice(0, 12)}`)
    const size = Math.max(0, Math.min(length, reader.sizeBytes - offset))
    return { sizeBytes: reader.sizeBytes, bytes: reader.read(Math.min(offset, reader.sizeBytes), size) }
  }

  close(): void {
    for (const objectId of this.#readers.keys()) this.#closeReader(objectId)
  }

  async #pull(pull: Pull): Promise<void> {
    const reasons: string[] = []
    for (const copy of pull.copies) {
      if (copy.nodeId === this.#io.nodeId) continue
      try {
        return await this.#fetch(pull, copy)
      } catch (thrown) {
        const error = toError(thrown)
        if (error instanceof ClusterError && error.code.startsWith('store.')) throw error // no other copy helps
        reasons.push(`node ${copy.nodeId.slice(0, 12)}: ${error.message}`)
        this.#io.logger.warn('object.copy-unreadable', { objectId: pull.objectId, nodeId: copy.nodeId, reason: error.message })
      }
      if (this.#io.store.contains(pull.objectId)) return
    }
    throw lost(pull.objectId, reasons.join('; ') || 'no other node is known to hold it')
  }

  async #fetch({ objectId, sizeBytes }: Pull, copy: Copy): Promise<void> {
    const link = await this.#io.linkTo(copy)
    const incoming = await this.#io.store.createIncoming(objectId, sizeBytes)
    if (!incoming) return // it came by another way meanwhile
    let next = 0
    const fetchChunks = async () => {
      while (next < sizeBytes || next === 0) {
        const offset = next
        const length = Math.max(1, Math.min(chunkBytes, sizeBytes - offset))
        next += length
        const chunk = await this.#request(link, { type: 'object.read', objectId, offset, length })
        if (chunk.sizeBytes !== sizeBytes || chunk.bytes.byteLength !== Math.min(length, sizeBytes - offset)) {
          throw lost(objectId, `node ${copy.nodeId.slice(0, 12)} has ${chunk.sizeBytes} bytes of it instead of ${sizeBytes}`)
        }
        incoming.write(offset, chunk.bytes)
        link.recycle(chunk.bytes)
      }
    }
    const results = await Promise.allSettled(Array.from({ length: windowChunks }, fetchChunks)) // all of them end before the room is given back
    link.recycle(undefined)
    const failed = results.find((result) => result.status === 'rejected')
    if (failed) {
      incoming.abort()
      throw toError(failed.reason)
    }
    await incoming.seal()
  }

  async #request(link: Link, message: { type: 'object.read'; objectId: ObjectId; offset: number; length: number }) {
    while (this.#inFlightBytes > 0 && this.#inFlightBytes + message.length > inFlightLimitBytes) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
    this.#inFlightBytes += message.length
    try {
      return await link.request(message, { reply: ObjectChunk, timeoutMs: chunkTimeoutMs })
    } finally {
      this.#inFlightBytes -= message.length
      for (const wake of this.#waiting.splice(0)) wake()
    }
  }

  /** Ends the hold of one chunk. The answer is queued in the turn in which its reader has opened, so a later turn finds it on the link. */
  async #whenSent(link: Pick<Link, 'drained'>, open: OpenReader): Promise<void> {
    await open.opening.catch(() => undefined) // whoever asked hears of it
    await new Promise((resolve) => setImmediate(resolve))
    await link.drained()
    open.sending -= 1
    if (open.isOver && open.sending === 0) release(open)
  }

  #reader(objectId: ObjectId): OpenReader {
    const known = this.#readers.get(objectId)
    if (known) {
      known.timer.refresh()
      return known
    }
    if (this.#readers.size >= readerLimit) {
      const [oldest] = this.#readers.keys()
      if (oldest !== undefined) this.#closeReader(oldest)
    }
    const opening = this.#io.store.openRead(objectId)
    const timer = setTimeout(() => this.#closeReader(objectId), readerIdleMs)
    const open: OpenReader = { opening, timer, sending: 0, isOver: false }
    this.#readers.set(objectId, open)
    opening.then(
      (reader) => reader ?? this.#closeReader(objectId),
      () => this.#closeReader(objectId),
    )
    return open
  }

  #closeReader(objectId: ObjectId): void {
    const known = this.#readers.get(objectId)
    if (!known) return
    clearTimeout(known.timer)
    this.#readers.delete(objectId)
    known.isOver = true
    if (known.sending === 0) release(known)
  }
}

function release({ opening }: OpenReader): void {
  opening.then(
    (reader) => reader?.release(),
    () => {}, // it never was open
  )
}

const lost = (objectId: ObjectId, why: string) =>
  new ClusterError('object.lost', `object ${objectId} could not be brought here: ${why}`, { details: { objectId } })
