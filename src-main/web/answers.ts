import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { ErrorCode } from '../../runtime/base/errors.ts'
import type { CallError } from '../host/dispatch.ts'

const statuses: Partial<Record<ErrorCode, number>> = {
  'not-found': 404,
  'machine.not-found': 404,
  'cluster.not-found': 404,
  'bad-argument': 400,
  'auth.missing': 401,
  'auth.refused': 403,
  'method-refused': 405,
  'too-large': 413,
  'too-many-requests': 429,
  timeout: 504,
  internal: 500,
}
/** Operating errors without a status of their own: the request was right, and how things stand is not. */
const otherStatus = 409

export const statusOf = (code: ErrorCode): number => statuses[code] ?? otherStatus

/** On every answer. No CORS header is ever sent. */
export const guardHeaders = (host: string): Record<string, string> => pageHeaders(`'self' ws://${host}`) // some browsers do not count WebSockets as 'self'

/** Nothing is kept, framed, sniffed, told to other sites, or loaded from elsewhere. `connect`: whom the page may talk to, as its policy has it. */
export function pageHeaders(connect: string): Record<string, string> {
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self' 'unsafe-inline'", // menus, dialogs and terminals place themselves by styles of their own; scripts stay ours alone
    "img-src 'self' data:",
    "font-src 'self'",
    `connect-src ${connect}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ]
  return {
    'Content-Security-Policy': policy.join('; '),
    'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'DENY',
    'Referrer-Policy': 'no-referrer',
    'Cache-Control': 'no-store',
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
  }
}

export type JsonAnswer = { readonly status: number; readonly body: unknown; readonly headers?: Readonly<Record<string, string>> }

export const errorAnswer = (status: number, error: CallError): JsonAnswer => ({ status, body: { error } })

/** Ends the exchange. With a body still on its way the connection ends too, without a reset that would eat the answer. */
export function sendJson(request: IncomingMessage, response: ServerResponse, { status, body, headers = {} }: JsonAnswer): void {
  if (response.headersSent || response.destroyed) return
  const text = body === undefined ? '' : JSON.stringify(body)
  const isOver = request.complete || !hasBody(request)
  if (!isOver) lingerAtEnd(request)
  response.writeHead(status, {
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': Buffer.byteLength(text),
    ...headers,
    ...(isOver ? {} : { Connection: 'close' }),
  })
  response.end(request.method === 'HEAD' ? undefined : text)
}

const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0

const lingerMs = 2_000

/** Only our side closes; what still comes is thrown away for a while, so that its sender comes to read the answer. */
function lingerAtEnd(request: IncomingMessage): void {
  const { socket } = request
  socket.destroySoon = () => {
    socket.end()
    request.resume()
    const timer = setTimeout(() => socket.destroy(), lingerMs).unref()
    socket.once('close', () => clearTimeout(timer))
  }
}

/** A whole answer for a socket that no response object stands for; the connection ends with it. */
export function endRaw(socket: Duplex, status: number, error: CallError): void {
  const body = JSON.stringify({ error })
  const headers = [
    ...Object.entries(guardHeaders('127.0.0.1')).map(([name, value]) => `${name}: ${value}`),
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ]
  socket.end(`HTTP/1.1 ${status} Refused\r\n${headers.join('\r\n')}\r\n\r\n${body}`)
  const timer = setTimeout(() => socket.destroy(), 1_000).unref()
  socket.once('close', () => clearTimeout(timer))
}
