import { apiErrorBody, statusOfCode } from '../../api/errors.ts'
import { failedEnvelope } from '../../api/envelope.ts'
import { ClusterError, toError } from '../../base/errors.ts'
import { shownText } from '../../base/shown-text.ts'
import type { Logger } from '../../base/logger.ts'
import type { HeadContext } from './parts.ts'

export type FailureAnswer = { readonly status: number; readonly contentType: string; readonly body: string }

const plainText = 'text/plain; charset=utf-8'
const json = 'application/json; charset=utf-8'

/**
 * How a failure is told, by the family of the path: text where Ray sends bare JSON, its envelope below `/api/v0/`, and
 * `{error: {code, message, details}}` below `/api/shoal/`. A refused token is text everywhere but there, as Ray's clients print it.
 */
export function failureAnswer(path: string, error: ClusterError, status: number = statusOfCode[error.code]): FailureAnswer {
  if (path.startsWith('/api/shoal/')) return { status, contentType: json, body: JSON.stringify(apiErrorBody(error)) }
  const message = shownText(error.message) // it may repeat what was sent, and clients print it to a terminal
  const isLog = path.startsWith('/api/v0/logs/') // those send bytes, and the client prints what comes instead
  const isEnveloped = path.startsWith('/api/v0/') && !isLog && status !== 401 && status !== 403
  if (isEnveloped) return { status, contentType: json, body: JSON.stringify(failedEnvelope(message)) }
  return { status, contentType: plainText, body: message }
}

/** For `app.onError`. What is not an operating error is logged, and told without its inner words. */
export function answerFailure(context: HeadContext, thrown: unknown, logger: Logger): Response {
  const { path, method } = context.req
  const error = thrown instanceof ClusterError ? thrown : hidden(thrown, { path, method, logger })
  return toResponse(failureAnswer(path, error))
}

export function answerUnknownPath(context: HeadContext): Response {
  const { path, method } = context.req
  const hint = path.endsWith('/') ? '' : ', and that a trailing slash belongs to some paths'
  const message = `404: Not Found: no ${method} ${path.slice(0, 200)} here; note that paths are exact${hint}`
  return toResponse(failureAnswer(path, new ClusterError('not-found', message)))
}

function hidden(thrown: unknown, { path, method, logger }: { path: string; method: string; logger: Logger }): ClusterError {
  const { message, stack } = toError(thrown)
  logger.error('http.handler-failed', { method, path: path.slice(0, 200), reason: message, stack })
  return new ClusterError('internal', `${method} ${path.slice(0, 200)} failed inside the head; its log says why`)
}

const toResponse = ({ status, contentType, body }: FailureAnswer): Response =>
  new Response(body, { status, headers: { 'content-type': contentType } })
