import { Worker } from 'node:worker_threads'
import { ClusterError } from '../../base/errors.ts'
import type { Logger } from '../../base/logger.ts'
import type { EventBatch, EventsRead, EventsReadReply } from '../../protocol/events.ts'
import type {
  Ended,
  FromThread,
  HistoryFigures,
  HistoryLimits,
  HistoryQuestions,
  Narrowing,
  QuestionName,
  TaskChange,
  TaskPageText,
  TaskQuery,
  ThreadData,
  ToThread,
} from './messages.ts'

export type HistoryOptions = {
  /** Of the database. */
  readonly path: string
  readonly logger: Logger
  readonly limits?: Partial<HistoryLimits>
}

export type TaskPage = Omit<TaskPageText, 'rowsJson'> & { readonly rows: Record<string, unknown>[] }

export const defaultHistoryLimits: HistoryLimits = { keptRows: 1_000_000, keptBytes: 256 * 1024 * 1024 }

/** Batches gather for so long before they go to the thread in one message. */
const gatherMs = 10
const gatherBytes = 1024 * 1024
/** Bytes that the thread has not taken in yet; what comes then is counted and dropped. */
const unreadLimit = 64 * 1024 * 1024
/** Messages that came before the thread was needed. */
const earlyLimit = 100
/** Questions that wait at once. */
const questionLimit = 1_000

type Waiter = { resolve(): void; reject(error: Error): void }
type Waiting = { resolve(value: unknown): void; reject(error: Error): void }

/**
 * What happened to every task attempt: takes the batches that workers and owners send, and answers lists, counts, summaries and the
 * timeline. The work is done by a thread of its own; this is the head's end of it. It survives the head: what was taken in is on disk
 * a fifth of a second later, and is read again at the start.
 */
export class History {
  readonly #logger: Logger
  readonly #data: ThreadData
  #started: Worker | undefined
  readonly #waiting = new Map<number, Waiting>()
  #nextId = 1
  #gathered: EventBatch[] = []
  #gatheredBytes = 0
  #lost = 0
  #sent = 0
  /** Who waits for what is gathered to be written, and for what was sent. */
  #gatheredWaiters: Waiter[] = []
  readonly #unstored = new Map<number, Waiter[]>()
  /** What came before the thread was needed. */
  readonly #early: { message: ToThread; transfer: ArrayBuffer[] }[] = []
  #unread = 0
  #timer: NodeJS.Timeout | undefined
  #listener: ((changes: readonly TaskChange[], skipped: number) => void) | undefined
  #isClosed = false
  /** Why the thread has ended: nothing answers any more. */
  #ended: ClusterError | undefined
  #closed: Promise<void> | undefined

  constructor({ path, logger, limits }: HistoryOptions) {
    this.#logger = logger
    this.#data = { path, limits: { ...defaultHistoryLimits, ...limits } }
  }

  /** Starts the thread, which reads what is on disk. Else it starts when there is something to keep or to answer. */
  start(): void {
    this.#thread()
  }

  /** Takes a batch over. It is shown within a fraction of a second. */
  append(batch: EventBatch): void {
    if (this.#refusal) return
    if (this.#unread + this.#gatheredBytes > unreadLimit) {
      this.#lost += batch.count
      return
    }
    const packed = new Uint8Array(batch.packed) // of its own, so that it can be handed over
    this.#gathered.push({ ...batch, packed })
    this.#gatheredBytes += packed.byteLength
    if (this.#gatheredBytes >= gatherBytes) this.#send()
    else this.#timer ??= setTimeout(() => this.#send(), gatherMs).unref()
  }

  /**
   * Takes a batch over; resolves when it is on disk, a fifth of a second later at most.
   * @throws ClusterError `head.unavailable` when the head stops first: send it again to the next one.
   */
  store(batch: EventBatch): Promise<void> {
    if (this.#refusal) return Promise.reject(this.#refusal)
    const stored = new Promise<void>((resolve, reject) => this.#gatheredWaiters.push({ resolve, reject }))
    this.append(batch)
    this.#timer ??= setTimeout(() => this.#send(), gatherMs).unref()
    return stored
  }

  /** These processes or jobs are over: what they had not finished counts as failed, unless a report says otherwise. */
  ended(ended: Partial<Ended> & Pick<Ended, 'atMs'>): void {
    if (this.#isClosed) return
    this.#send()
    this.#tell({ type: 'ended', ended: { workerIds: [], nodeIds: [], jobIds: [], ...ended } })
  }

  /** @throws ClusterError `bad-argument` for a filter that does not fit its column, `limit.reached` when too many wait. */
  queryText(query: TaskQuery): Promise<TaskPageText> {
    return this.#ask('page', query)
  }

  /** As `queryText`, with the rows opened: for what looks at them. */
  async query(query: TaskQuery): Promise<TaskPage> {
    const { rowsJson, ...facts } = await this.queryText(query)
    return { ...facts, rows: JSON.parse(rowsJson) as Record<string, unknown>[] } // made of such rows by the thread
  }

  /** Every attempt of a task, the first one first, with all that is known of it. */
  async findAttempts(taskId: string): Promise<Record<string, unknown>[]> {
    const page = await this.query({
      filters: [{ column: 'task_id', operator: '=', values: [taskId] }],
      sort: { column: 'attempt_number', isDescending: false },
      limit: 1_000,
      after: null,
      excludeDriver: false,
      isDetailed: true,
    })
    return page.rows
  }

  summarizeByFunction(narrowing: Narrowing): Promise<HistoryQuestions['functions']['answer']> {
    return this.#ask('functions', narrowing)
  }
  summarizeByLineage(narrowing: Narrowing, limit: number): Promise<HistoryQuestions['lineage']['answer']> {
    return this.#ask('lineage', { ...narrowing, limit })
  }
  /** Attempts by job and state. */
  countStates(narrowing: Narrowing): Promise<Record<string, Record<string, number>>> {
    return this.#ask('counts', narrowing)
  }
  /** A JSON array of Chrome trace events, of the newest `limit` attempts that have ended. */
  timelineText(narrowing: Narrowing, limit: number): Promise<string> {
    return this.#ask('timeline', { ...narrowing, limit })
  }
  /** Batches as they came, newest first. */
  readBatches(ask: Omit<EventsRead, 'type'>): Promise<EventsReadReply> {
    return this.#ask('batches', ask)
  }
  figures(): Promise<HistoryFigures> {
    return this.#ask('figures', {})
  }

  /**
   * Calls `listener` every 50 ms with the attempts that changed, each once as it is by then; with more than `perSecond` of them, the
   * rest are counted as skipped. One listener.
   */
  onChanges(listener: (changes: readonly TaskChange[], skipped: number) => void, perSecond = 25_000): void {
    this.#listener = listener
    this.#tell({ type: 'watch', perSecond })
  }

  /** Resolves when everything taken is on disk and the thread has ended. */
  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  /** Why nothing is taken any more. */
  get #refusal(): ClusterError | undefined {
    return this.#isClosed ? stopping() : this.#ended
  }

  async #close(): Promise<void> {
    this.#send()
    this.#isClosed = true
    clearTimeout(this.#timer)
    const thread = this.#started ?? (this.#early.length > 0 ? this.#thread() : undefined)
    if (thread === undefined || this.#ended) return
    const ended = new Promise<void>((resolve) => thread.once('exit', () => resolve()))
    thread.ref()
    this.#tell({ type: 'close' })
    await ended
  }

  #thread(): Worker {
    if (this.#started) return this.#started
    const thread = new Worker(threadFile(), { workerData: this.#data, execArgv: [], name: 'history' })
    this.#started = thread
    thread.on('message', (message: FromThread) => this.#onMessage(message))
    thread.on('error', (error) => {
      this.#logger.error('history.failed', { reason: error.message })
      this.#end(new ClusterError('internal', `the history of tasks is out of order: ${error.message}`, { cause: error }))
    })
    thread.on('exit', () => this.#end(new ClusterError('internal', 'the history of tasks has ended')))
    thread.unref()
    for (const { message, transfer } of this.#early.splice(0)) thread.postMessage(message, transfer)
    return thread
  }

  #send(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const batches = this.#gathered
    const waiters = this.#gatheredWaiters
    if (batches.length === 0 && this.#lost === 0 && waiters.length === 0) return
    this.#gatheredWaiters = []
    this.#sent += 1
    if (waiters.length > 0) this.#unstored.set(this.#sent, waiters)
    const bytes = this.#gatheredBytes
    this.#gathered = []
    this.#gatheredBytes = 0
    this.#unread += bytes
    const lost = this.#lost
    this.#lost = 0
    this.#tell(
      { type: 'append', batches, bytes, number: this.#sent, lost },
      batches.map(({ packed }) => packed.buffer as ArrayBuffer), // made above, so never shared memory
    )
  }

  #ask<Name extends QuestionName>(name: Name, question: HistoryQuestions[Name]['ask']): Promise<HistoryQuestions[Name]['answer']> {
    if (this.#refusal) return Promise.reject(this.#refusal)
    if (this.#waiting.size >= questionLimit) {
      return Promise.reject(new ClusterError('limit.reached', `${questionLimit} questions about tasks wait already; ask again later`))
    }
    this.#send() // what came before is to be seen
    const id = this.#nextId
    this.#nextId += 1
    const answered = new Promise<unknown>((resolve, reject) => this.#waiting.set(id, { resolve, reject }))
    this.#tell({ type: 'ask', id, name, question })
    this.#started?.ref() // a question keeps its program alive until it is answered
    return answered as Promise<HistoryQuestions[Name]['answer']> // both ends share the table of questions
  }

  /** What nobody asked for yet is kept back while there is little of it: a small cluster inside a program needs no thread. */
  #tell(message: ToThread, transfer: ArrayBuffer[] = []): void {
    const canWait = message.type === 'ended' || (message.type === 'append' && !this.#unstored.has(message.number))
    if (this.#started === undefined && canWait && this.#early.length < earlyLimit) {
      this.#early.push({ message, transfer })
      return
    }
    this.#thread().postMessage(message, transfer)
  }

  #onMessage(message: FromThread): void {
    switch (message.type) {
      case 'appended':
        this.#unread -= message.bytes
        return
      case 'stored':
        return this.#noteStored(message.upTo)
      case 'answer':
        return this.#settle(message.id, ({ resolve }) => resolve(message.value))
      case 'failed':
        return this.#settle(message.id, ({ reject }) => reject(new ClusterError(message.code, message.message)))
      case 'changes':
        return this.#listener?.(message.changes, message.skipped)
      case 'note':
        return this.#logger[message.level](message.event, message.fields)
      case 'closed':
        return
    }
  }

  #noteStored(upTo: number): void {
    for (const [number, waiters] of this.#unstored) {
      if (number > upTo) break
      this.#unstored.delete(number)
      for (const { resolve } of waiters) resolve()
    }
  }

  #settle(id: number, settle: (waiting: Waiting) => void): void {
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    if (this.#waiting.size === 0 && !this.#isClosed) this.#started?.unref()
    if (waiting) settle(waiting)
  }

  #end(error: ClusterError): void {
    this.#ended ??= error
    const waiting: Pick<Waiter, 'reject'>[] = [
      ...this.#waiting.values(),
      ...this.#gatheredWaiters.splice(0),
      ...[...this.#unstored.values()].flat(),
    ]
    this.#waiting.clear()
    this.#unstored.clear()
    for (const { reject } of waiting) reject(error)
  }
}

const stopping = () => new ClusterError('head.unavailable', 'the head is stopping; ask again when it is back')

/** The source beside this file, or the bundle beside the one that this is part of. */
function threadFile(): URL {
  return new URL(import.meta.url.endsWith('.ts') ? './thread.ts' : './history.mjs', import.meta.url)
}
