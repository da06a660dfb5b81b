import type * as z from 'zod'
import { ClusterError, toError } from '../base/errors.ts'
import type { Logger } from '../base/logger.ts'
import { Failure } from '../protocol/failures.ts'

/** Requests that may wait for their answers at a time, each way. */
const maxOpenRequests = 1_000_000

export type RequestOptions<T> = {
  /** What the answer must be. */
  reply: z.ZodType<T>
  /** How long to wait. @default no limit: the link's end is the limit */
  timeoutMs?: number | undefined
  /** Stops the waiting and tells the handler. */
  signal?: AbortSignal | undefined
}

export type RequestContext = {
  /** Fires when the asker gave up or the link closed. */
  readonly signal: AbortSignal
}

type Waiting = {
  readonly reply: z.ZodType
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
  readonly stopWatching: (() => void) | undefined
}

/** The requests this side sent and waits for. */
export class SentRequests {
  readonly #waiting = new Map<number, Waiting>()
  readonly #cancel: (id: number) => void
  #lastId = 0

  constructor(cancel: (id: number) => void) {
    this.#cancel = cancel
  }

  /** Sends by `write(id)` and waits. Rejects with what `write` throws. */
  start<T>(write: (id: number) => void, options: RequestOptions<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      options.signal?.throwIfAborted()
      const id = this.#newId()
      const giveUp = (error: Error) => {
        this.#take(id)
        this.#cancel(id)
        reject(error)
      }
      // The schema of this very request checks the value before it gets to `resolve`.
      this.#waiting.set(id, {
        reply: options.reply,
        resolve: resolve as (value: unknown) => void,
        reject,
        stopWatching: watch(options, giveUp),
      })
      try {
        write(id) // may close the link, which ends every request that waits
      } catch (error) {
        this.#take(id)
        throw error
      }
    })
  }

  /** Gives a reply to who waits for it; one that nobody waits for any more is dropped. @returns what is wrong with it, if anything. */
  settle(id: number, value: unknown): z.ZodError | undefined {
    const waiting = this.#take(id)
    if (waiting === undefined) return undefined
    const parsed = waiting.reply.safeParse(value)
    if (parsed.success) waiting.resolve(parsed.data)
    else
      waiting.reject(
        new ClusterError('protocol.violation', `the answer has the wrong form: ${parsed.error.issues[0]?.message ?? 'unknown'}`),
      )
    return parsed.error
  }

  fail(id: number, failure: unknown): void {
    this.#take(id)?.reject(errorOf(failure))
  }

  failAll(error: ClusterError): void {
    const waiting = [...this.#waiting.values()]
    this.#waiting.clear()
    for (const { reject, stopWatching } of waiting) {
      stopWatching?.()
      reject(error)
    }
  }

  #take(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id)
    if (waiting === undefined) return undefined
    this.#waiting.delete(id)
    waiting.stopWatching?.()
    return waiting
  }

  #newId(): number {
    if (this.#waiting.size >= maxOpenRequests) {
      throw new ClusterError(
        'link.overloaded',
        `${maxOpenRequests} requests wait for an answer on one link; wait for some before sending more`,
      )
    }
    do this.#lastId = this.#lastId === 0xffff_ffff ? 1 : this.#lastId + 1
    while (this.#waiting.has(this.#lastId))
    return this.#lastId
  }
}

export type RequestHandler<In> = (message: In, context: RequestContext) => unknown

export type Answer = { reply(id: number, value: unknown): void; failure(id: number, failure: Failure): void }

/** The requests the peer sent and that are being answered here. */
export class ReceivedRequests<In> {
  readonly #open = new Map<number, LazySignal>()
  readonly #answer: Answer
  readonly #logger: Logger

  constructor(answer: Answer, logger: Logger) {
    this.#answer = answer
    this.#logger = logger
  }

  /**
   * Runs `handler` and answers with what it returns or throws.
   * @throws ClusterError `protocol.violation` when the id is in use already.
   */
  run(id: number, message: In, handler: RequestHandler<In>): void {
    if (this.#open.has(id)) throw new ClusterError('protocol.violation', `request id ${id} is in use`)
    if (this.#open.size >= maxOpenRequests) throw new ClusterError('protocol.violation', `more than ${maxOpenRequests} open requests`)
    const context = new LazySignal()
    this.#open.set(id, context)
    try {
      const result = handler(message, context)
      if (result instanceof Promise)
        result.then(
          (value: unknown) => this.#reply(id, value),
          (error: unknown) => this.#fail(id, error),
        )
      else this.#reply(id, result)
    } catch (error) {
      this.#fail(id, error)
    }
  }

  cancel(id: number): void {
    this.#open.get(id)?.abort(new ClusterError('task.cancelled', 'the asker gave up on this request'))
  }

  cancelAll(error: ClusterError): void {
    const open = [...this.#open.values()]
    this.#open.clear()
    for (const context of open) context.abort(error)
  }

  #reply(id: number, value: unknown): void {
    if (!this.#open.delete(id)) return // the link closed meanwhile
    try {
      this.#answer.reply(id, value)
    } catch (error) {
      this.#answer.failure(id, this.#failureOf(error))
    }
  }

  #fail(id: number, error: unknown): void {
    if (this.#open.delete(id)) this.#answer.failure(id, this.#failureOf(error))
  }

  #failureOf(thrown: unknown): Failure {
    if (thrown instanceof ClusterError) return { code: thrown.code, message: thrown.message.slice(0, 65_536), details: thrown.details }
    const error = toError(thrown)
    this.#logger.error('link.handler-failed', { message: error.message, stack: error.stack })
    return { code: 'internal', message: `a request handler failed: ${error.message.slice(0, 4_096)}`, details: {} }
  }
}

/** Makes the signal when somebody looks at it: most handlers never do, and an AbortController costs more than the rest of a request. */
class LazySignal implements RequestContext {
  #controller: AbortController | undefined
  #reason: Error | undefined
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.#reason !== undefined) this.#controller.abort(this.#reason)
    }
    return this.#controller.signal
  }
  abort(reason: Error): void {
    this.#reason ??= reason
    this.#controller?.abort(reason)
  }
}

/** Calls `giveUp` at the deadline or on abort. Returns how to stop both, or undefined when there is neither. */
function watch(
  { timeoutMs, signal }: { timeoutMs?: number | undefined; signal?: AbortSignal | undefined },
  giveUp: (error: Error) => void,
): (() => void) | undefined {
  if (timeoutMs === undefined && signal === undefined) return undefined
  const onAbort = () => giveUp(toError(signal?.reason))
  signal?.addEventListener('abort', onAbort, { once: true })
  const timer =
    timeoutMs === undefined || timeoutMs > 2 ** 31 - 1 // what setTimeout can count; longer is as good as no limit
      ? undefined
      : setTimeout(
          () => giveUp(new ClusterError('timeout', `no answer within ${timeoutMs} ms`, { details: { waitedMs: timeoutMs } })),
          timeoutMs,
        )
  return () => {
    clearTimeout(timer)
    signal?.removeEventListener('abort', onAbort)
  }
}

function errorOf(failure: unknown): ClusterError {
  const parsed = Failure.safeParse(failure)
  if (parsed.success) return new ClusterError(parsed.data.code, parsed.data.message, { details: parsed.data.details })
  return new ClusterError('internal', 'the peer answered with an error that this version does not know; look into its log')
}
