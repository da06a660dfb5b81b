import { createServer, type IncomingMessage, type Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { getRequestListener, type HttpBindings } from '@hono/node-server'
import { ClusterError, toError } from '../../base/errors.ts'
import type { Logger } from '../../base/logger.ts'
import { createApp } from './app.ts'
import type { TokenCheck } from './authenticate.ts'
import { createBodyWatch, refuseLongBody, type SlowBody, watchedBytes } from './body-limits.ts'
import { type ConnectionLimits, createConnections } from './connections.ts'
import { failureAnswer } from './failures.ts'
import { createInFlight, type InFlight } from './in-flight.ts'
import type { Access } from '../../session/api-tokens.ts'
import type { HeadApp, HttpParts, RequestBindings } from './parts.ts'
import { type GuardSettings, judge, type Verdict } from './request-guards.ts'
import { acceptSocket, type OpenedSocket } from './websocket.ts'

export type HttpPlace = {
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  /** Names beside loopback and the listening address under which the head may be called, such as that of a proxy. */
  readonly allowedHosts: readonly string[]
}

export type HttpOptions = {
  readonly tokens: TokenCheck
  readonly connections?: ConnectionLimits
  readonly slowBody?: SlowBody
  /** For the line and the headers of a request. @default 10 s */
  readonly headersTimeoutMs?: number
  /** A client that takes nothing of its answer for so long is cut off. @default 60 s */
  readonly slowReaderMs?: number
}

export type HttpServer = {
  readonly port: number
  /** Breaks every connection off. */
  close(): void
}

const maxHeaderBytes = 16 * 1024
const maxHeaders = 100
const headersTimeoutMs = 10_000
const keepAliveMs = 75_000
const slowReaderMs = 60_000
/** How long a refused body is read and thrown away, so that its sender comes to read why. */
const lingerMs = 10_000

type Serving = {
  readonly app: HeadApp
  readonly guards: GuardSettings
  readonly inFlight: InFlight
  readonly connections: ReturnType<typeof createConnections>
  readonly bodies: ReturnType<typeof createBodyWatch>
  readonly maxPackageBytes: number
  readonly logger: Logger
  readonly accessOf: WeakMap<IncomingMessage, Access>
  readonly answering: Set<Socket>
  readonly noteRefusal: (request: IncomingMessage, refusal: Refusal) => void
}

/**
 * Serves the head's HTTP API.
 * @throws ClusterError `bad-argument` when the address cannot be listened on; `details.reason` is the system's word, such as `EADDRINUSE`.
 */
export async function serveHttp(parts: HttpParts, place: HttpPlace, options: HttpOptions): Promise<HttpServer> {
  const serving: Serving = {
    app: createApp(parts, options.tokens),
    guards: { tokens: options.tokens, hosts: new Set([place.host, ...place.allowedHosts].map((name) => name.toLowerCase())) },
    inFlight: createInFlight(),
    connections: createConnections(options.connections),
    bodies: createBodyWatch(options.slowBody),
    maxPackageBytes: parts.head.state.config.maxPackageBytes,
    logger: parts.logger,
    accessOf: new WeakMap(),
    answering: new Set(),
    noteRefusal: createRefusalLog(parts.logger),
  }
  const server = createServer({
    maxHeaderSize: maxHeaderBytes,
    headersTimeout: options.headersTimeoutMs ?? headersTimeoutMs,
    requestTimeout: 0, // a package may take long; bodies are watched for their pace
    connectionsCheckingInterval: 1_000,
    keepAliveTimeout: keepAliveMs,
    noDelay: true,
    shouldUpgradeCallback: (request) => request.headers.upgrade?.toLowerCase() === 'websocket',
  })
  server.maxHeadersCount = maxHeaders
  const listener = routeListener(serving)
  server.on('connection', (socket) => admit(socket, serving))
  server.on('request', (request, response) => takeRequest(serving, { request, response, listener }))
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) =>
    takeRequest(serving, { request, response, listener, isAwaited: true }),
  )
  server.on('upgrade', (request, socket, head) => {
    takeUpgrade(serving, { request, socket, head }).catch((error: unknown) => {
      parts.logger.error('http.upgrade-failed', { reason: toError(error).message })
      socket.destroy()
    })
  })
  server.on('clientError', refuseBroken)
  // Fires when a connection was quiet: it rests between two requests, its client does not read, or a stream has nothing to say.
  server.setTimeout(options.slowReaderMs ?? slowReaderMs, (socket) => {
    if (socket.writableLength > 0 || !serving.answering.has(socket)) socket.destroy()
  })
  const port = await listen(server, place)
  return {
    port,
    close() {
      serving.bodies.close()
      server.close()
      serving.connections.closeAll()
    },
  }
}

function routeListener({ app, accessOf }: Serving) {
  return getRequestListener(
    (request, env) => {
      const bindings = env as HttpBindings // this server speaks HTTP/1.1 only
      return app.fetch(request, { ...bindings, access: accessOf.get(bindings.incoming) } satisfies RequestBindings)
    },
    { overrideGlobalObjects: false },
  )
}

function admit(socket: Socket, { connections, logger }: Serving): void {
  socket.on('error', () => {}) // a client that goes away is no failure of ours
  if (connections.admit(socket)) return
  logger.warn('http.refused', { peer: socket.remoteAddress ?? '', connections: connections.count, reason: 'too many connections' })
  socket.end(
    rawAnswer({
      status: 503,
      contentType: 'text/plain; charset=utf-8',
      body: 'too many connections are at work on this head; try again\n',
    }),
  )
  socket.destroySoon()
}

type Exchange = {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly listener: ReturnType<typeof getRequestListener>
  /** The client waits for our word before it sends the body. */
  readonly isAwaited?: boolean
}

function takeRequest(serving: Serving, { request, response, listener, isAwaited = false }: Exchange): void {
  const { socket } = request
  for (const [name, value] of Object.entries(answerHeaders)) response.setHeader(name, value)
  lingerAtEnd(request)
  const verdict = verdictOn(request, serving)
  if (verdict.kind === 'refuse') {
    serving.noteRefusal(request, verdict)
    return refuse(verdict, { request, response })
  }
  const { path, access } = verdict
  const tooLong = refuseLongBody(request, path, serving.maxPackageBytes)
  if (tooLong !== undefined) return refuse({ kind: 'refuse', path, error: tooLong }, { request, response })
  const ended = serving.inFlight.begin(path)
  if (ended instanceof ClusterError) return refuse({ kind: 'refuse', path, error: ended }, { request, response })
  const rested = access === undefined ? () => {} : serving.connections.begin(socket)
  serving.answering.add(socket)
  response.once('close', () => {
    serving.answering.delete(socket)
    ended()
    rested()
  })
  if (access !== undefined) serving.accessOf.set(request, access)
  serving.bodies.watch(request, watchedBytes(request, path), (error, status) => {
    if (!response.headersSent) socket.end(rawAnswer(failureAnswer(path, error, status)))
    socket.destroySoon()
  })
  if (isAwaited) response.writeContinue()
  listener(request, response).catch((error: unknown) => {
    serving.logger.error('http.request-failed', { path: path.slice(0, 200), reason: toError(error).message })
    socket.destroy()
  })
}

const verdictOn = (request: IncomingMessage, { guards }: Serving): Verdict =>
  judge(
    {
      method: request.method ?? '',
      url: request.url ?? '',
      headers: request.headers,
      localAddress: request.socket.localAddress ?? '',
    },
    guards,
  )

type Refusal = Extract<Verdict, { kind: 'refuse' }>

/**
 * Node closes a connection behind its last answer. With a body still on its way the system then tells the sender of a reset, and the
 * answer is lost with it: so only our side is closed, and the rest is thrown away for a while.
 */
function lingerAtEnd(request: IncomingMessage): void {
  const { socket } = request
  socket.destroySoon = () => {
    socket.end()
    if (request.complete) return socket.writableFinished ? void socket.destroy() : void socket.once('finish', () => socket.destroy())
    request.resume()
    const timer = setTimeout(() => socket.destroy(), lingerMs)
    timer.unref()
    socket.once('close', () => clearTimeout(timer))
  }
}

/** Answers at once, and ends the connection where a body is still on its way. */
function refuse({ path, error, status }: Refusal, { request, response }: Pick<Exchange, 'request' | 'response'>): void {
  const { contentType, body, ...answer } = failureAnswer(path, error, status)
  const isOver = request.complete || (request.headers['transfer-encoding'] === undefined && !Number(request.headers['content-length'] ?? 0))
  response.writeHead(answer.status, {
    'content-type': contentType,
    'content-length': Buffer.byteLength(body),
    ...(isOver ? {} : { connection: 'close' }),
  })
  response.end(request.method === 'HEAD' ? undefined : body)
}

const refusalLogEveryMs = 1_000

/** A line for a refused request, at most one a second: a flood of them must not fill the disk. */
function createRefusalLog(logger: Logger): Serving['noteRefusal'] {
  let loggedAtMs = Number.NEGATIVE_INFINITY
  let unlogged = 0
  return (request, { path, error }) => {
    const nowMs = performance.now()
    if (nowMs - loggedAtMs < refusalLogEveryMs) return void (unlogged += 1)
    const peer = `${request.socket.remoteAddress ?? ''}:${request.socket.remotePort ?? 0}`
    logger.warn('http.refused', { peer, code: error.code, method: request.method, path: path.slice(0, 200), unlogged })
    loggedAtMs = nowMs
    unlogged = 0
  }
}

type UpgradeRequest = { readonly request: IncomingMessage; readonly socket: Duplex; readonly head: Buffer }

async function takeUpgrade(serving: Serving, upgrade: UpgradeRequest): Promise<void> {
  const { request, socket } = upgrade
  socket.on('error', () => {}) // as above; from here on the socket is ours
  const verdict = verdictOn(request, serving)
  if (verdict.kind === 'refuse') {
    serving.noteRefusal(request, verdict)
    return endRaw(socket, failureAnswer(verdict.path, verdict.error, verdict.status))
  }
  const { path, access } = verdict
  const ended = serving.inFlight.begin(path, true)
  if (ended instanceof ClusterError) return endRaw(socket, failureAnswer(path, ended))
  const rested = serving.connections.begin(request.socket)
  socket.once('close', () => {
    ended()
    rested()
  })
  const taken: { take: OpenedSocket | undefined } = { take: undefined }
  const answer = await routeUpgrade(serving, { request, access, upgrade: taken })
  if (socket.destroyed) return
  if (taken.take === undefined) return endRaw(socket, answer)
  acceptSocket(upgrade, taken.take, (error) =>
    serving.logger.warn('http.socket-failed', { path: path.slice(0, 200), reason: toError(error).message }),
  )
}

type Routed = {
  readonly request: IncomingMessage
  readonly access: Access | undefined
  readonly upgrade: { take: OpenedSocket | undefined }
}

/** Asks the same router as every request; what it answers matters only where no socket was opened. */
async function routeUpgrade({ app }: Serving, { request, access, upgrade }: Routed): Promise<RawAnswer> {
  const headers = new Headers()
  for (const [name, value] of Object.entries(request.headers)) if (typeof value === 'string') headers.set(name, value)
  const url = new URL(request.url ?? '/', 'http://localhost')
  const bindings: RequestBindings = { incoming: request, outgoing: new ServerResponse(request), access, upgrade }
  const response = await app.fetch(new Request(url, { headers }), bindings)
  return { status: response.status, contentType: response.headers.get('content-type') ?? 'text/plain', body: await response.text() }
}

type RawAnswer = ReturnType<typeof failureAnswer>

function endRaw(socket: Duplex, answer: RawAnswer): void {
  socket.end(rawAnswer(answer))
  setTimeout(() => socket.destroy(), 1_000).unref()
}

const answerHeaders = {
  'X-Content-Type-Options': 'nosniff',
  'Cache-Control': 'no-store',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
} as const

/** A whole answer as bytes, for a socket that no response object stands for; the connection ends with it. */
function rawAnswer({ status, contentType, body }: RawAnswer): string {
  const headers = [
    ...Object.entries(answerHeaders).map(([name, value]) => `${name}: ${value}`),
    `Content-Type: ${contentType}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ]
  return `HTTP/1.1 ${status} Refused\r\n${headers.join('\r\n')}\r\n\r\n${body}`
}

/** What the parser could not read, or what came too slowly. */
function refuseBroken(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable || error.code === 'ECONNRESET') return void socket.destroy()
  const [status, body] = brokenRequests[error.code ?? ''] ?? [400, 'this is not an HTTP/1.1 request that we can read\n']
  endRaw(socket, { status, contentType: 'text/plain; charset=utf-8', body })
}

const brokenRequests: Readonly<Record<string, readonly [number, string]>> = {
  HPE_HEADER_OVERFLOW: [431, `the request line and its headers are larger than the ${maxHeaderBytes} bytes that we take\n`],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'the headers of the request came too slowly\n'],
}

function listen(server: Server, { host, port }: HttpPlace): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) =>
      reject(
        new ClusterError(
          'bad-argument',
          `the HTTP API cannot listen on ${host}, port ${port}: ${cause.code === 'EADDRNOTAVAIL' ? 'this machine has no such address' : cause.message}`,
          {
            details: { reason: cause.code ?? '', port },
            cause,
          },
        ),
      ),
    )
    server.listen({ host, port, backlog: 1_024 }, () => {
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : port)
    })
  })
}
