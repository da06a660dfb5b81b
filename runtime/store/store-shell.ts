import type { Clock } from '../base/clock.ts'
import { ClusterError, toError } from '../base/errors.ts'
import type { Logger } from '../base/logger.ts'
import type { Arena } from './arena.ts'
import type { StoreEvent } from './core/events.ts'
import type { Range } from './core/free-ranges.ts'
import type { Command, Problem, RemovedReason, SpillRef, StoreState } from './core/objects.ts'
import { step } from './core/step.ts'
import type { SpillFiles } from './spill.ts'

export type RemovedObject = { readonly objectId: string; readonly reason: RemovedReason }

export type OfferedObject = { readonly clientId: string; readonly objectId: string; readonly address: number; readonly sizeBytes: number }

export type Answer =
  | { readonly type: 'created' | 'found'; readonly address: number; readonly sizeBytes: number }
  | { readonly type: 'exists' | 'missing' | 'done' }
  | { readonly type: 'lent'; readonly spill: SpillRef }

type WithoutTime<E> = E extends unknown ? Omit<E, 'nowMs'> : never
type WithoutRequest<E> = E extends unknown ? Omit<E, 'nowMs' | 'requestId'> : never
/** Events as the shell gets them: it adds the time, and to a request the id of its answer. */
export type Told = WithoutTime<Exclude<StoreEvent, { requestId: number }>>
export type Asked = WithoutRequest<Extract<StoreEvent, { requestId: number }>>

export type StoreShellParts = {
  readonly state: StoreState
  readonly arena: Arena
  readonly spill: SpillFiles
  readonly clock: Clock
  readonly logger: Logger
  readonly requestGc: () => void
}

/** While requests wait, so that they end in time; and now and then, so that unused memory goes back. */
const waitTickMs = 20
const idleTickMs = 1_000

type Waiter = { resolve(answer: Answer): void; reject(error: Error): void }
type CommandTo<D extends Command['do']> = Extract<Command, { do: D }>

/** Runs the core: steps it, does what it commands with files and memory, and turns every outcome into an event. Decides nothing. */
export class StoreShell {
  readonly state: StoreState
  readonly arena: Arena
  readonly spill: SpillFiles
  readonly removedListeners = new Set<(object: RemovedObject) => void>()
  onOffered: ((object: OfferedObject) => void) | undefined
  readonly #parts: StoreShellParts
  readonly #waiters = new Map<number, Waiter>()
  readonly #events: StoreEvent[] = []
  readonly #working = new Set<Promise<void>>()
  #nextRequestId = 1
  #stepping = false
  #closed = false
  #timer: NodeJS.Timeout | undefined
  #timerMs = 0

  constructor(parts: StoreShellParts) {
    this.#parts = parts
    this.state = parts.state
    this.arena = parts.arena
    this.spill = parts.spill
    this.#armTimer()
  }

  nowMs(): number {
    return this.#parts.clock.monotonicMs()
  }

  /** @throws ClusterError what the core answers, or `link.closed` once the store is closed. */
  ask(asked: Asked): Promise<Answer> {
    if (this.#closed) return Promise.reject(storeClosed())
    const requestId = this.#nextRequestId
    this.#nextRequestId += 1
    return new Promise((resolve, reject) => {
      this.#waiters.set(requestId, { resolve, reject })
      this.#step({ ...asked, requestId, nowMs: this.nowMs() })
    })
  }

  tell(told: Told): void {
    if (!this.#closed) this.#step({ ...told, nowMs: this.nowMs() })
  }

  /** Keeps `close` from ending before this work does. The work must not fail. */
  work(work: Promise<void>): void {
    const tracked: Promise<void> = work
      .catch((error: unknown) => this.#parts.logger.error('store.work-failed', { error: String(error) }))
      .finally(() => this.#working.delete(tracked))
    this.#working.add(tracked)
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    clearTimeout(this.#timer)
    const waiters = [...this.#waiters.values()]
    this.#waiters.clear()
    for (const waiter of waiters) waiter.reject(storeClosed())
    while (this.#working.size > 0) await Promise.all(this.#working)
    this.arena.close()
    await this.spill.close()
  }

  /** One step at a time: what a command brings about at once waits until the commands before it are done. */
  #step(event: StoreEvent): void {
    this.#events.push(event)
    if (this.#stepping) return
    this.#stepping = true
    try {
      for (let next = this.#events.shift(); next; next = this.#events.shift()) {
        for (const command of step(this.state, next)) this.#perform(command)
      }
    } finally {
      this.#stepping = false
    }
    this.#armTimer()
  }

  #perform(command: Command): void {
    switch (command.do) {
      case 'created':
      case 'found':
        return this.#settle(command.requestId, { type: command.do, address: command.address, sizeBytes: command.sizeBytes })
      case 'exists':
      case 'missing':
      case 'done':
        return this.#settle(command.requestId, { type: command.do })
      case 'lend':
        return this.#settle(command.requestId, { type: 'lent', spill: command.spill })
      case 'fail':
        return this.#settle(command.requestId, new ClusterError(command.code, command.message, { details: command.details }))
      case 'back':
        return this.work(this.#back(command.range))
      case 'punch':
        return this.work(this.#punch(command.range))
      case 'spill':
        return this.work(this.#spillBatch(command))
      case 'restore':
        return this.work(this.#restore(command))
      case 'drop-spilled':
        return this.work(this.spill.drop(command.spill))
      case 'offer':
        return this.onOffered?.(command)
      case 'request-gc':
        return this.#parts.requestGc()
      case 'tell-removed': {
        const { objectId, reason } = command
        for (const listener of this.removedListeners) listener({ objectId, reason })
      }
    }
  }

  #settle(requestId: number, outcome: Answer | Error): void {
    const waiter = this.#waiters.get(requestId)
    this.#waiters.delete(requestId)
    if (outcome instanceof Error) waiter?.reject(outcome)
    else waiter?.resolve(outcome)
  }

  async #back(range: Range): Promise<void> {
    try {
      await this.arena.back(range)
      this.tell({ type: 'backed', range })
    } catch (error) {
      this.#parts.logger.warn('store.not-grown', { bytes: range.lengthBytes, error: String(error) })
      this.tell({ type: 'back-failed', range, problem: problemOf(error, 'store.full') })
    }
  }

  async #punch(range: Range): Promise<void> {
    const punched = await this.arena.punch(range)
    this.tell({ type: punched ? 'punched' : 'punch-failed', range })
  }

  async #spillBatch({ batchId, objects }: CommandTo<'spill'>): Promise<void> {
    const sources = objects.map(({ objectId, address, sizeBytes }) => ({
      objectId,
      sizeBytes,
      read: (offset: number, lengthBytes: number) => this.arena.bytes(address + offset, lengthBytes),
    }))
    try {
      this.tell({ type: 'spilled', batchId, refs: await this.spill.write(sources) })
    } catch (error) {
      this.#parts.logger.warn('store.not-spilled', { objects: objects.length, error: String(error) })
      this.tell({ type: 'spill-failed', batchId, problem: problemOf(error, 'internal') })
    }
  }

  async #restore({ objectId, address, spill }: CommandTo<'restore'>): Promise<void> {
    try {
      await this.spill.restore(spill, { write: (offset, bytes) => this.arena.write(address + offset, bytes) })
      this.tell({ type: 'restored', objectId })
    } catch (error) {
      this.#parts.logger.error('store.not-restored', { objectId, error: String(error) })
      this.tell({ type: 'restore-failed', objectId, problem: problemOf(error, 'internal') })
    }
  }

  #armTimer(): void {
    const wantedMs = this.state.waitingCount > 0 ? waitTickMs : idleTickMs
    if (this.#closed || (this.#timer && this.#timerMs <= wantedMs)) return
    clearTimeout(this.#timer)
    this.#timerMs = wantedMs
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.tell({ type: 'tick' })
    }, wantedMs)
    if (wantedMs === idleTickMs) this.#timer.unref()
  }
}

function problemOf(error: unknown, otherwise: Problem['code']): Problem {
  if (error instanceof ClusterError) return { code: error.code, message: error.message }
  return { code: otherwise, message: toError(error).message }
}

const storeClosed = (): ClusterError => new ClusterError('link.closed', 'the object store of this node is closed. Is the node stopping?')
