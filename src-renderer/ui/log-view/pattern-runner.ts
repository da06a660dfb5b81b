import type { LinePattern } from './line-pattern.ts'
import type { SearchOrder } from './search-worker.ts'

/** `onMessage` gets all that the worker posts, `onError` why it does not run. */
export type WorkerEvents = { readonly onMessage: (data: unknown) => void; readonly onError: (message: string) => void }
export type SearchWorker = { readonly post: (order: SearchOrder) => void; readonly end: () => void }
export type StartWorker = (events: WorkerEvents) => SearchWorker

export class PatternTooSlow extends Error {
  override readonly name = 'PatternTooSlow'
}

export class SearchStopped extends Error {
  override readonly name = 'SearchStopped'
}

type Waiting = { readonly order: SearchOrder; readonly resolve: (answer: unknown) => void; readonly reject: (error: Error) => void }

/**
 * Runs patterns on texts in a worker, one after the other. An expression can take time that doubles with each letter of a line, and nothing
 * but ending the worker stops it.
 */
export class PatternRunner {
  readonly #startWorker: StartWorker
  readonly #limitMs: number
  #worker: SearchWorker | null = null
  #waiting: Waiting[] = []
  #current: Waiting | null = null
  #isReady = false
  #timer: ReturnType<typeof setTimeout> | undefined

  /** `limitMs`: for one request, a megabyte of text at the most, unless a single line is longer. */
  constructor(startWorker: StartWorker, limitMs: number) {
    this.#startWorker = startWorker
    this.#limitMs = limitMs
  }

  /** Which lines of the text hold the pattern. @throws PatternTooSlow */
  async lines(pattern: LinePattern, text: string): Promise<readonly number[]> {
    return (await this.#ask({ type: 'lines', pattern, text }, false)) as readonly number[] // what our own worker answers to this
  }

  /** Where each of the lines holds it. It comes before any whole text. @throws PatternTooSlow */
  async ranges(pattern: LinePattern, lines: readonly string[]): Promise<readonly (readonly number[])[]> {
    return (await this.#ask({ type: 'ranges', pattern, lines }, true)) as readonly (readonly number[])[] // what our own worker answers to this
  }

  /** Ends the worker; all that was asked fails with `SearchStopped`. */
  stop(): void {
    const asked = this.#current === null ? this.#waiting : [this.#current, ...this.#waiting]
    this.#waiting = []
    this.#end()
    for (const { reject } of asked) reject(new SearchStopped('the search was stopped'))
  }

  #ask(order: SearchOrder, isUrgent: boolean): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const waiting = { order, resolve, reject }
      if (isUrgent) this.#waiting.unshift(waiting)
      else this.#waiting.push(waiting)
      this.#next()
    })
  }

  #next(): void {
    if (this.#current !== null || this.#waiting.length === 0) return
    this.#worker ??= this.#start()
    if (!this.#isReady) return
    this.#current = this.#waiting.shift() ?? null
    if (this.#current === null) return
    this.#worker.post(this.#current.order)
    this.#timer = setTimeout(() => this.#fail(new PatternTooSlow(`no answer within ${this.#limitMs} ms`)), this.#limitMs)
  }

  #start(): SearchWorker {
    const worker = this.#startWorker({
      onMessage: (data) => worker === this.#worker && this.#take(data),
      onError: (message) => worker === this.#worker && this.#refuse(new Error(message)),
    })
    return worker
  }

  /** It does not run at all: what is asked next fails. */
  #refuse(error: Error): void {
    this.#current ??= this.#waiting.shift() ?? null
    this.#fail(error)
  }

  /** Its first message says that it runs; each other one is an answer. */
  #take(data: unknown): void {
    if (this.#isReady) {
      clearTimeout(this.#timer)
      this.#current?.resolve(data)
      this.#current = null
    }
    this.#isReady = true
    this.#next()
  }

  #fail(error: Error): void {
    const failed = this.#current
    this.#end()
    failed?.reject(error)
    this.#next()
  }

  #end(): void {
    clearTimeout(this.#timer)
    this.#current = null
    this.#worker?.end()
    this.#worker = null
    this.#isReady = false
  }
}
