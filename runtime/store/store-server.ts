import { rm } from 'node:fs/promises'
import { systemClock, type Clock } from '../base/clock.ts'
import { ClusterError } from '../base/errors.ts'
import { invariant } from '../base/invariant.ts'
import type { Logger } from '../base/logger.ts'
import { type StoreOffered, type StoreReply, StoreRequest } from '../protocol/store.ts'
import { Arena } from './arena.ts'
import { largestSegmentBytes } from './core/allocator.ts'
import { createStoreState, type StoreConfig } from './core/objects.ts'
import { memoryBackend, type MemoryBackend } from './segment.ts'
import { SpillFiles } from './spill.ts'
import { readSpilled } from './spilled-object.ts'
import { chooseMemoryRoot, openStoreDirectory, removeStaleStores } from './store-directory.ts'
import { StoreShell, type Answer, type RemovedObject } from './store-shell.ts'

export type StoreServerOptions = {
  /** Tells the stores of one user on one machine apart, such as the node's id. */
  name: string
  capacityBytes: number
  /** Folder on a disk for what does not fit in memory. A folder of this store is made in it. */
  spillRoot: string
  logger: Logger
  /** Where the shared memory lies. Not used when it has less than `capacityBytes` free: then it lies in `spillRoot`. @default '/dev/shm' */
  memoryRoot?: string
  /** Called at most once a second while somebody waits for memory: tell the clients to collect what they no longer use. */
  requestGc?: () => void
  /** How long a creation waits for room. @default 60 000 */
  createTimeoutMs?: number
  /** Share of the disk in use above which nothing is spilled. @default 0.95 */
  diskFullAbove?: number
  /** Limits and thresholds that differ from `defaultLimits`. */
  limits?: Partial<Omit<StoreConfig, 'capacityBytes'>>
  clock?: Clock
}

export const defaultLimits: Omit<StoreConfig, 'capacityBytes'> = {
  segmentLimitBytes: largestSegmentBytes,
  growStepBytes: 64 * 2 ** 20,
  spillAbove: 0.8,
  spillTo: 0.7,
  spillBatchBytes: 100 * 2 ** 20,
  spillsAtOnce: 2,
  keepWarmBytes: 512 * 2 ** 20,
  idleMs: 30_000,
  waitingLimit: 10_000,
}

export type StoreStats = {
  capacityBytes: number
  /** Of the arena, with alignment; spilled objects are not in it. */
  usedBytes: number
  pinnedBytes: number
  primaryBytes: number
  /** Objects that are on disk only. */
  spilledBytes: number
  objects: number
  waiting: number
  clients: number
  spillFiles: number
  spillFileBytes: number
  spilledTotalBytes: number
  restoredTotalBytes: number
  evictedTotalBytes: number
  backend: MemoryBackend
  directory: string
}

export type StoreOffer = ReturnType<(typeof StoreOffered)['parse']>

/** An object's bytes for sending. `read` gives live bytes where memory is mapped: do not use them after `release`. */
export type ObjectReader = { readonly sizeBytes: number; read(offset: number, lengthBytes: number): Uint8Array; release(): void }

/** An object that arrives in pieces, in any order. End it with `seal` or `abort`; only the first of these counts. */
export type IncomingObject = { write(offset: number, bytes: Uint8Array): void; seal(): Promise<void>; abort(): void }

/** Pins and creations of the agent itself, for transfers. */
const agentClient = '@agent'

/**
 * Starts the object store of one node in this process. Directories of dead stores of this user are removed first.
 * @throws ClusterError `cluster.start-failed` when a live process owns a store of this name.
 */
export async function createStoreServer(options: StoreServerOptions): Promise<StoreServer> {
  const { memoryRoot = '/dev/shm', spillRoot, name } = options
  for (const root of [memoryRoot, spillRoot]) {
    for (const directory of await removeStaleStores(root)) options.logger.info('store.stale-removed', { directory })
  }
  const root = await chooseMemoryRoot(options.capacityBytes, { memoryRoot, diskRoot: spillRoot })
  if (root !== memoryRoot) options.logger.warn('store.on-disk', { memoryRoot, root, capacityBytes: options.capacityBytes })
  const spillDirectory = await openStoreDirectory(spillRoot, `${name}-spill`)
  const directory = await openStoreDirectory(root, name).catch(async (error: unknown) => {
    await rm(spillDirectory, { recursive: true, force: true })
    throw error
  })
  const state = createStoreState({ ...defaultLimits, ...options.limits, capacityBytes: options.capacityBytes })
  const shell = new StoreShell({
    state,
    arena: new Arena(directory, state.arena.segmentBytes),
    spill: new SpillFiles({ directory: spillDirectory, logger: options.logger, fullAbove: options.diskFullAbove ?? 0.95 }),
    clock: options.clock ?? systemClock,
    logger: options.logger,
    requestGc: options.requestGc ?? (() => {}),
  })
  return new StoreServer(shell, { directory, createTimeoutMs: options.createTimeoutMs ?? 60_000 })
}

export class StoreServer {
  readonly directory: string
  readonly #shell: StoreShell
  readonly #createTimeoutMs: number

  constructor(shell: StoreShell, options: { directory: string; createTimeoutMs: number }) {
    this.#shell = shell
    this.directory = options.directory
    this.#createTimeoutMs = options.createTimeoutMs
  }

  /**
   * Answers a client's message. `offerTo` is the client that will read what this one seals, see `onOffered`. `clientId` must name one connection of one process: what it pins and creates goes with `clientGone`.
   * @throws ClusterError `store.full`, `store.disk-full` when no room came in time; `timeout` when a spilled object was not restored in time;
   * `store.corrupt` when its file is damaged; `protocol.violation` for what no client of ours sends.
   */
  async handle(clientId: string, message: unknown, offerTo?: string): Promise<StoreReply> {
    const parsed = StoreRequest.safeParse(message)
    if (!parsed.success)
      throw new ClusterError('protocol.violation', `client ${clientId} sent what is no store message: ${parsed.error.message}`)
    const request = parsed.data
    const nowMs = this.#shell.nowMs()
    switch (request.type) {
      case 'store.create': {
        const { objectId, sizeBytes, primary, timeoutMs = this.#createTimeoutMs } = request
        return this.#reply(await this.#shell.ask({ type: 'create', clientId, objectId, sizeBytes, primary, deadlineMs: nowMs + timeoutMs }))
      }
      case 'store.seal':
        return this.#reply(
          await this.#shell.ask({
            type: 'seal',
            clientId,
            objectId: request.objectId,
            offerTo: this.#shell.onOffered === undefined ? undefined : offerTo,
          }),
        )
      case 'store.abort':
        return this.#reply(await this.#shell.ask({ type: 'abort', clientId, objectId: request.objectId }))
      case 'store.get':
        return this.#reply(
          await this.#shell.ask({ type: 'get', clientId, objectId: request.objectId, deadlineMs: nowMs + request.timeoutMs }),
        )
      case 'store.release':
        this.#shell.tell({ type: 'release', clientId, objectId: request.objectId, count: request.count })
        return { type: 'store.done' }
      case 'store.free':
        this.free(request.objectIds)
        return { type: 'store.done' }
      case 'store.contains':
        return { type: 'store.contained', contained: this.contains(request.objectId) }
    }
  }

  /** Takes back all that a client held. Call it when its process cannot touch the store any more: it has ended, or will be killed. */
  clientGone(clientId: string): void {
    this.#shell.tell({ type: 'client-gone', clientId })
  }

  /** Lets objects go, in memory and on disk, as soon as nobody pins them. Unknown ones are no error. */
  free(objectIds: readonly string[]): void {
    this.#shell.tell({ type: 'free', objectIds })
  }

  /** Is it here, sealed, in memory or on disk? */
  contains(objectId: string): boolean {
    const object = this.#shell.state.objects.get(objectId)
    return object !== undefined && !object.freed && object.phase.kind !== 'creating'
  }

  /** Pins an object for sending, after reading it back from disk if need be. Undefined when it is not here. Release it. */
  async openRead(objectId: string, options: { timeoutMs?: number } = {}): Promise<ObjectReader | undefined> {
    if (!this.contains(objectId)) return undefined
    const deadlineMs = this.#shell.nowMs() + (options.timeoutMs ?? 60_000)
    const answer = await this.#shell.ask({ type: 'get', clientId: agentClient, objectId, deadlineMs })
    if (answer.type === 'lent') return readSpilled(this.#shell.spill.pathOf(answer.spill), answer.spill)
    if (answer.type !== 'found') return undefined
    const { address, sizeBytes } = answer
    let open = true
    return {
      sizeBytes,
      read: (offset, lengthBytes) => {
        invariant(open, `object ${objectId} was released and is read`)
        invariant(
          offset >= 0 && offset + lengthBytes <= sizeBytes,
          `${offset}+${lengthBytes} is outside object ${objectId} of ${sizeBytes} bytes`,
        )
        return this.#shell.arena.bytes(address + offset, lengthBytes)
      },
      release: () => {
        if (!open) return
        open = false
        this.#shell.tell({ type: 'release', clientId: agentClient, objectId, count: 1 })
      },
    }
  }

  /**
   * Makes room for an object that comes from another node. Undefined when a sealed copy is here already, also one that came while waiting.
   * @throws ClusterError `store.full`, `store.disk-full` as `handle` does.
   */
  async createIncoming(
    objectId: string,
    sizeBytes: number,
    options: { primary?: boolean; timeoutMs?: number } = {},
  ): Promise<IncomingObject | undefined> {
    const deadlineMs = this.#shell.nowMs() + (options.timeoutMs ?? this.#createTimeoutMs)
    const answer = await this.#shell.ask({
      type: 'create',
      clientId: agentClient,
      objectId,
      sizeBytes,
      primary: options.primary ?? false,
      deadlineMs,
    })
    if (answer.type !== 'created') return undefined
    const { address } = answer
    this.#shell.work(this.#shell.arena.prefault(address, sizeBytes))
    let open = true
    return {
      write: (offset, bytes) => {
        invariant(open, `object ${objectId} was ended and is written`)
        const end = offset + bytes.byteLength
        invariant(offset >= 0 && end <= sizeBytes, `${offset}+${bytes.byteLength} is outside object ${objectId} of ${sizeBytes} bytes`)
        this.#shell.arena.write(address + offset, bytes)
      },
      seal: async () => {
        if (open) await this.#shell.ask({ type: 'seal', clientId: agentClient, objectId })
        open = false
      },
      abort: () => {
        if (open) this.#shell.ask({ type: 'abort', clientId: agentClient, objectId }).catch(() => {}) // fails only when the store is closed
        open = false
      },
    }
  }

  /**
   * One listener: it sends the offer to the client, on the link of its other messages. That client then has a pin that it did not ask for. The
   * listener returns false when the client has no link any more, and the pin goes.
   */
  onOffered(listener: (clientId: string, offer: StoreOffer) => boolean): void {
    this.#shell.onOffered = ({ clientId, objectId, address, sizeBytes }) => {
      const offer: StoreOffer = { type: 'store.offered', objectId, location: this.#shell.arena.location(address, sizeBytes) }
      if (!listener(clientId, offer)) this.#shell.tell({ type: 'release', clientId, objectId, count: 1 })
    }
  }

  /** Calls `listener` for each copy that is no longer here: freed, evicted for room, or damaged on disk. Returns how to stop. */
  onRemoved(listener: (object: RemovedObject) => void): () => void {
    this.#shell.removedListeners.add(listener)
    return () => void this.#shell.removedListeners.delete(listener)
  }

  stats(): StoreStats {
    const state = this.#shell.state
    const spill = this.#shell.spill.stats()
    return {
      capacityBytes: state.arena.capacityBytes,
      usedBytes: state.arena.allocatedBytes,
      pinnedBytes: state.pinnedBytes,
      primaryBytes: state.primaryBytes,
      spilledBytes: state.spilledBytes,
      objects: state.objects.size,
      waiting: state.waitingCount,
      clients: state.clients.size,
      spillFiles: spill.files,
      spillFileBytes: spill.bytes,
      spilledTotalBytes: state.spilledTotalBytes,
      restoredTotalBytes: state.restoredTotalBytes,
      evictedTotalBytes: state.evictedTotalBytes,
      backend: memoryBackend(),
      directory: this.directory,
    }
  }

  /** Refuses what waits, ends the disk's work, and removes all files. Views that clients hold stay valid until they let them go. */
  async close(): Promise<void> {
    await this.#shell.close()
    await rm(this.directory, { recursive: true, force: true })
  }

  #reply(answer: Answer): StoreReply {
    if (answer.type === 'lent') {
      const { offset, sizeBytes, checksum } = answer.spill
      return { type: 'store.lent', path: this.#shell.spill.pathOf(answer.spill), offset, sizeBytes, checksum }
    }
    if (answer.type !== 'created' && answer.type !== 'found') return { type: `store.${answer.type}` }
    return { type: `store.${answer.type}`, location: this.#shell.arena.location(answer.address, answer.sizeBytes) }
  }
}
