import { randomBytes } from 'node:crypto'
import type * as z from 'zod'
import { ClusterError, type ErrorCode, type ErrorDetails, toError } from '../../runtime/base/errors.ts'
import type { Logger } from '../../runtime/base/logger.ts'
import type { CallContext, Caller, CallTable, Handlers } from './call-table.ts'
import { measureValue } from './value-size.ts'

export type CallError = {
  readonly code: ErrorCode
  readonly message: string
  readonly details: ErrorDetails
  readonly isRetryable: boolean
}
export type CallAnswer = { readonly ok: true; readonly output: unknown } | { readonly ok: false; readonly error: CallError }

/** As it came in: nothing of it is trusted. */
export type Call = { readonly method: unknown; readonly input: unknown; readonly caller: Caller; readonly signal: AbortSignal }

/** Answers every call, and never rejects. */
export type Dispatch = (call: Call) => Promise<CallAnswer>

export type DispatchOptions = {
  readonly logger: Logger
  /** Parses every output by its schema as well; for tests. @default false */
  readonly checkOutputs?: boolean
  /** Calls of one caller that run at the same time. @default 64 */
  readonly maxCallsPerCaller?: number
  /** @default 8 MiB */
  readonly maxInputBytes?: number
}

/**
 * Makes calls of the table: parses the input before any of it is trusted, runs the handler, and turns whatever is thrown into an answer.
 * An error that is not a ClusterError is logged under an id, and its text stays here.
 */
export function createDispatch<const Table extends CallTable>(table: Table, handlers: Handlers<Table>, options: DispatchOptions): Dispatch {
  const running = new Map<string, number>()
  const begin = ({ id }: Caller) => {
    const count = running.get(id) ?? 0
    const limit = options.maxCallsPerCaller ?? 64
    if (count >= limit) throw new ClusterError('too-many-requests', `${limit} calls of yours are running; wait for one to end`)
    running.set(id, count + 1)
    return () => {
      const left = (running.get(id) ?? 1) - 1
      if (left === 0) running.delete(id)
      else running.set(id, left)
    }
  }
  return async (call) => {
    try {
      const { method, input } = parseCall(table, call, options.maxInputBytes ?? 8 * 1024 * 1024)
      if (call.signal.aborted) throw cancelled(method)
      const ended = begin(call.caller)
      const context: CallContext = { caller: call.caller, signal: call.signal }
      const work = run(handlers, { method, input, context })
      void work.then(ended, ended) // the slot is taken until the work is over, whoever still waits for it
      const output = await untilAborted(work, call, method)
      if (options.checkOutputs === true) checkOutput(table, method, output)
      return { ok: true, output }
    } catch (error) {
      return { ok: false, error: describe(error, call, options.logger) }
    }
  }
}

function parseCall(table: CallTable, call: Call, maxInputBytes: number): { method: string; input: unknown } {
  const { method } = call
  const row = typeof method === 'string' && Object.hasOwn(table, method) ? table[method] : undefined
  if (row === undefined || typeof method !== 'string') {
    const name = typeof method === 'string' ? JSON.stringify(method.slice(0, 100)) : `of the type ${typeof method}`
    throw new ClusterError('not-found', `there is no call ${name}; this panel and who calls it may be of different versions`)
  }
  if (row.access === 'change' && call.caller.access !== 'change')
    throw new ClusterError('auth.refused', `${method} changes something, and you may only look`)
  const size = measureValue(call.input, maxInputBytes)
  if (size.kind === 'too-large') throw new ClusterError('too-large', `the input of ${method} is over its limit of ${maxInputBytes} bytes`)
  if (size.kind === 'too-deep') throw new ClusterError('bad-argument', `the input of ${method} is nested too deep`)
  const parsed = row.input.safeParse(call.input)
  if (!parsed.success) throw new ClusterError('bad-argument', `${method}: ${wrongFields(parsed.error)}`)
  return { method, input: parsed.data }
}

const shownIssues = 5

/** Such as `machines[0].host: a host name, an address, or an alias`. No value is repeated: it may be a secret. */
function wrongFields({ issues }: z.ZodError): string {
  const shown = issues.slice(0, shownIssues).map(({ path, message }) => `${fieldPath(path)}: ${message}`.slice(0, 300))
  return shown.join('; ') + (issues.length > shownIssues ? `; and ${issues.length - shownIssues} more` : '')
}

function fieldPath(path: readonly PropertyKey[]): string {
  const text = path.map((part, index) => (typeof part === 'number' ? `[${part}]` : `${index > 0 ? '.' : ''}${String(part)}`)).join('')
  return text === '' ? 'the input' : text
}

type Run = { readonly method: string; readonly input: unknown; readonly context: CallContext }

async function run<Table extends CallTable>(handlers: Handlers<Table>, { method, input, context }: Run): Promise<unknown> {
  // The table that made this input made the type of this handler too; only their common name is not known to the compiler here.
  const handler = handlers[method] as (input: unknown, context: CallContext) => unknown
  return handler.call(handlers, input, context)
}

/** Answers at once when nobody waits any more. A handler that does not look at its signal goes on. */
function untilAborted<T>(work: Promise<T>, { signal }: Call, method: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(cancelled(method))
    signal.addEventListener('abort', abort, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}

const cancelled = (method: string) => new ClusterError('task.cancelled', `${method} was cancelled by who called it`)

function checkOutput(table: CallTable, method: string, output: unknown): void {
  const parsed = table[method]?.output.safeParse(output)
  if (parsed?.success === false) throw new Error(`the output of ${method} is not what the contract says: ${wrongFields(parsed.error)}`)
}

function describe(thrown: unknown, { method, signal }: Pick<Call, 'method' | 'signal'>, logger: Logger): CallError {
  if (thrown instanceof ClusterError) {
    const { code, message, details, retryable } = thrown
    return { code, message, details, isRetryable: retryable }
  }
  const name = typeof method === 'string' ? method.slice(0, 100) : typeof method
  if (signal.aborted) return describe(cancelled(name), { method, signal }, logger) // what it threw for is that it was aborted
  const error = toError(thrown)
  const requestId = randomBytes(6).toString('hex')
  logger.error('dispatch.failed', { requestId, method: name, reason: error.message, stack: error.stack })
  const message = `${name} failed inside the panel; its log has the reason under ${requestId}`
  return { code: 'internal', message, details: { requestId }, isRetryable: false }
}
