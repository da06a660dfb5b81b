import type { Clock } from '../base/clock.ts'
import { ClusterError, toError } from '../base/errors.ts'
import type { Logger } from '../base/logger.ts'
import type { HeadCommand } from './core/events.ts'
import type { HeadStore, RowChange } from './store.ts'

type Action = Exclude<HeadCommand, RowChange>

export type OutboxOptions = {
  readonly store: HeadStore
  readonly logger: Logger
  readonly clock: Clock
  readonly perform: (command: Action) => void
  /** Does the answer to this request stand on nothing that is yet to be written? */
  readonly isRead: (requestKey: number) => boolean
}

/** Actions that wait for a full disk at most; past it the head ends itself rather than its memory. */
const heldActions = 1_000_000
const retryAfterMs = 1_000

/**
 * Collects what the core decides in one turn of the event loop, writes it in one transaction, and only then lets anybody hear of it.
 * While the disk is full everything but answers to reads waits, and the write is tried again every second.
 */
export class Outbox {
  readonly #options: OutboxOptions
  readonly #changes = new Map<string, RowChange>()
  #actions: Action[] = []
  #isScheduled = false
  #refusal: ClusterError | undefined
  #retryAtMs = 0

  /** Hears of what was written. */
  onSaved: ((changes: readonly RowChange[]) => void) | undefined

  constructor(options: OutboxOptions) {
    this.#options = options
  }

  /** Why nothing can be changed now; undefined while the disk takes writes. */
  get refusal(): ClusterError | undefined {
    return this.#refusal
  }

  add(commands: readonly HeadCommand[]): void {
    for (const command of commands) {
      if (command.type === 'save') this.#changes.set(`${command.row.table} ${command.row.key}`, command)
      else if (command.type === 'delete') this.#changes.set(`${command.table} ${command.key}`, command)
      else this.#actions.push(command)
    }
    const hasWork = this.#actions.length > 0 || this.#changes.size > 0
    if (!hasWork || this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(() => {
      this.#isScheduled = false
      this.flush()
    })
  }

  /** Commits, then performs. */
  flush(): void {
    if (!this.#isWritten()) return this.#answerOnly()
    const actions = this.#actions
    this.#actions = []
    for (const action of actions) this.#options.perform(action)
  }

  /** Commits, and leaves the actions for the end of this turn. @throws ClusterError `store.disk-full`. */
  commit(): void {
    if (!this.#isWritten() && this.#refusal) throw this.#refusal
  }

  #isWritten(): boolean {
    if (this.#changes.size === 0) return true
    const nowMs = this.#options.clock.monotonicMs()
    if (this.#refusal !== undefined && nowMs < this.#retryAtMs) return false
    try {
      this.#options.store.commit(this.#changes.values())
    } catch (error) {
      if (!(error instanceof ClusterError) || error.code !== 'store.disk-full') throw error
      if (this.#refusal === undefined) this.#options.logger.error('store.disk-full', { reason: toError(error.cause).message })
      this.#refusal = error
      this.#retryAtMs = nowMs + retryAfterMs
      return false
    }
    const written = this.onSaved ? [...this.#changes.values()] : []
    this.#changes.clear()
    if (written.length > 0) this.onSaved?.(written)
    if (this.#refusal !== undefined) this.#options.logger.info('store.writable-again')
    this.#refusal = undefined
    return true
  }

  /** Nothing new can be promised; what is known can be told. */
  #answerOnly(): void {
    const held: Action[] = []
    for (const action of this.#actions) {
      const isAnswer = action.type === 'reply' || action.type === 'fail'
      if (action.type === 'note' || (isAnswer && this.#options.isRead(action.requestKey))) this.#options.perform(action)
      else held.push(action)
    }
    this.#actions = held
    if (held.length > heldActions) throw this.#refusal ?? new ClusterError('store.disk-full', 'too much waits for the disk')
  }
}
