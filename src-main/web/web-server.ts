import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import { ClusterError, toError } from '../../runtime/base/errors.ts'
import type { Logger } from '../../runtime/base/logger.ts'
import { closeCodes, maxMessageBytes } from '../contract/socket-protocol.ts'
import type { Dispatch } from '../host/dispatch.ts'
import type { TopicSource } from '../topics/topic-hub.ts'
import { endRaw, guardHeaders, sendJson } from './answers.ts'
import { listAssets } from './assets.ts'
import { ConnectionRoom } from './connection-room.ts'
import { errorText } from './error-text.ts'
import { PanelSocket, type SocketLimits } from './panel-socket.ts'
import { createRefusalLog, type RefusalLog } from './refusal-log.ts'
import { judge, type Verdict } from './request-guards.ts'
import { answerRoute } from './routes.ts'
import { callerOf, type Serving } from './serving.ts'
import { type SessionLimits, Sessions, type Visitor } from './sessions.ts'

export type WebServerOptions = {
  /** Loopback only. */
  readonly host: '127.0.0.1' | '::1'
  /** 0 takes a free one. */
  readonly port: number
  readonly dispatch: Dispatch
  readonly hub: TopicSource
  /** Folder of the built page. @default a page that says the panel runs */
  readonly assets?: string
  readonly logger: Logger
  readonly limits?: WebLimits
}

export type WebLimits = {
  readonly sessions?: SessionLimits
  readonly sockets?: SocketLimits
  /** WebSockets at the same time. @default 64 */
  readonly maxSockets?: number
  /** Connections of all kinds. @default 256 */
  readonly maxConnections?: number
  /** For the line and headers of a request. @default 10 s */
  readonly headersTimeoutMs?: number
  /** For a whole request, its body included. @default 30 s */
  readonly requestTimeoutMs?: number
}

export type WebServer = {
  /** Such as `http://127.0.0.1:4321`. */
  readonly url: string
  /** What a person opens. The token stands behind `#`, which no browser sends anywhere. */
  readonly urlWithToken: string
  /** For programs, as `Authorization: Bearer`. */
  readonly token: string
  /** The same for who may only look. */
  readonly readToken: string
  /** Breaks every connection off. */
  close(): Promise<void>
}

const maxHeaderBytes = 16 * 1024
const maxHeaders = 100
const slowReaderMs = 60_000

/**
 * Serves the panel to browsers and programs of this machine.
 * @throws ClusterError `bad-argument` for another address than loopback, a port that is taken, or a folder without a page
 */
export async function startWebServer(options: WebServerOptions): Promise<WebServer> {
  if (options.host !== '127.0.0.1' && options.host !== '::1')
    throw new ClusterError(
      'bad-argument',
      `the panel is served on 127.0.0.1 or ::1 only, not on ${String(options.host)}; reach it through an SSH tunnel`,
    )
  const { limits = {} } = options
  const server = createServer({
    maxHeaderSize: maxHeaderBytes,
    headersTimeout: limits.headersTimeoutMs ?? 10_000,
    requestTimeout: limits.requestTimeoutMs ?? 30_000,
    connectionsCheckingInterval: 500,
    keepAliveTimeout: 30_000,
    noDelay: true,
    shouldUpgradeCallback: ({ headers }) => headers.upgrade?.toLowerCase() === 'websocket',
  })
  server.maxHeadersCount = maxHeaders
  const assets = listAssets(options.assets)
  const port = await listen(server, options)
  const { dispatch, logger } = options
  const sessions = new Sessions(limits.sessions)
  const serving: Serving = { dispatch, logger, assets, sessions, cookieName: `shoal-panel-${port}`, posts: { running: 0 } }
  const panel = new PanelServer(server, { ...serving, port, hub: options.hub, limits })
  const url = `http://${options.host === '::1' ? '[::1]' : options.host}:${port}`
  logger.info('web.listening', { url })
  const { token, readToken } = sessions
  return { url, urlWithToken: `${url}/#token=${token}`, token, readToken, close: () => panel.close() }
}

function listen(server: Server, { host, port }: WebServerOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) =>
      reject(
        new ClusterError('bad-argument', `the panel cannot listen on ${host}, port ${port}: ${cause.message}; give another port, or 0`, {
          details: { reason: cause.code ?? '', port },
          cause,
        }),
      ),
    )
    server.listen({ host, port, backlog: 512 }, () => {
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : port)
    })
  })
}

type PanelParts = Serving & { readonly port: number; readonly hub: TopicSource; readonly limits: WebLimits }
type Upgrade = { readonly request: IncomingMessage; readonly socket: Duplex; readonly head: Buffer }

/** Connections, guards and WebSockets of one listening server. */
class PanelServer {
  readonly #server: Server
  readonly #parts: PanelParts
  readonly #room: ConnectionRoom
  readonly #noteRefusal: RefusalLog
  readonly #sockets = new Set<PanelSocket>()
  readonly #answering = new Set<Duplex>()
  readonly #acceptor = new WebSocketServer({
    noServer: true,
    maxPayload: maxMessageBytes,
    perMessageDeflate: false, // memory for each client, and a way to make much out of little
    clientTracking: false,
  })

  constructor(server: Server, parts: PanelParts) {
    this.#server = server
    this.#parts = parts
    this.#room = new ConnectionRoom(parts.limits.maxConnections ?? 256)
    this.#noteRefusal = createRefusalLog(parts.logger)
    server.on('connection', (socket) => this.#admit(socket))
    server.on('request', (request, response) => this.#answer(request, response))
    server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => this.#answer(request, response, true))
    server.on('upgrade', (request, socket, head) => this.#upgrade({ request, socket, head }))
    server.on('clientError', refuseBroken)
    // Fires when a connection was quiet: it rests between requests, its client does not read, or a call takes its time.
    server.setTimeout(slowReaderMs, (socket) => {
      if (socket.writableLength > 0 || !this.#answering.has(socket)) socket.destroy()
    })
  }

  close(): Promise<void> {
    for (const socket of this.#sockets) socket.close(closeCodes.goingAway, 'the panel ends')
    return new Promise((resolve) => {
      this.#server.close(() => resolve())
      setImmediate(() => this.#room.closeAll())
    })
  }

  #admit(socket: Socket): void {
    socket.on('error', () => {}) // a client that goes away is no failure of ours
    if (this.#room.admit(socket)) return
    this.#parts.logger.warn('web.refused', { reason: 'too many connections', connections: this.#room.count })
    endRaw(socket, 503, errorText(new ClusterError('too-many-requests', 'too many connections are at work here; try again')))
    socket.destroySoon() // nothing that it says is read
  }

  #answer(request: IncomingMessage, response: ServerResponse, isAwaited = false): void {
    const { socket } = request
    const verdict = this.#judge(request, false)
    const host = verdict.kind === 'pass' ? (request.headers.host ?? '') : `127.0.0.1:${this.#parts.port}` // one that passed is one of three
    for (const [name, value] of Object.entries(guardHeaders(host))) response.setHeader(name, value)
    if (verdict.kind === 'refuse') {
      this.#noteRefusal(request, verdict.error)
      return sendJson(request, response, { status: verdict.status, body: { error: errorText(verdict.error) } })
    }
    if ('visitor' in verdict.route) this.#room.trust(socket)
    this.#answering.add(socket)
    response.once('close', () => {
      this.#answering.delete(socket)
      this.#room.rest(socket)
    })
    answerRoute(this.#parts, { request, response, route: verdict.route, isAwaited }).catch((error: unknown) => {
      if (error instanceof ClusterError && error.code !== 'link.closed') this.#noteRefusal(request, error)
      if (!(error instanceof ClusterError)) this.#parts.logger.error('web.request-failed', { reason: toError(error).message })
      socket.destroy()
    })
  }

  #judge(request: IncomingMessage, isUpgrade: boolean): Verdict {
    const { method = '', url = '', headers, rawHeaders } = request
    const hostCount = rawHeaders.filter((text, index) => index % 2 === 0 && text.toLowerCase() === 'host').length
    return judge({ method, url, headers, hostCount, isUpgrade }, this.#parts)
  }

  #upgrade({ request, socket, head }: Upgrade): void {
    socket.on('error', () => {}) // from here on the socket is ours
    const verdict = this.#judge(request, true)
    if (verdict.kind === 'refuse') {
      this.#noteRefusal(request, verdict.error)
      return endRaw(socket, verdict.status, errorText(verdict.error))
    }
    const { route } = verdict
    if (route.kind !== 'socket') return void socket.destroy() // `judge` lets no other upgrade pass
    const limit = this.#parts.limits.maxSockets ?? 64
    if (this.#sockets.size >= limit)
      return endRaw(socket, 503, errorText(new ClusterError('too-many-requests', `${limit} windows are open; close one`)))
    this.#room.trust(request.socket)
    this.#acceptor.handleUpgrade(request, socket, head, (webSocket) => this.#open(webSocket, socket, route.visitor))
  }

  #open(webSocket: WebSocket, raw: Duplex, visitor: Visitor): void {
    const { dispatch, hub, limits } = this.#parts
    const panelSocket = new PanelSocket({ socket: webSocket, raw, caller: callerOf(visitor), dispatch, hub, limits: limits.sockets ?? {} })
    const onEnded = () => panelSocket.close(closeCodes.sessionEnded, 'this session has ended')
    visitor.onEnded.add(onEnded)
    this.#sockets.add(panelSocket)
    webSocket.once('close', () => {
      visitor.onEnded.delete(onEnded)
      this.#sockets.delete(panelSocket)
    })
  }
}

const brokenRequests: Readonly<Record<string, readonly [number, string]>> = {
  HPE_HEADER_OVERFLOW: [431, `the request line and its headers are larger than the ${maxHeaderBytes} bytes that we take`],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'the request came too slowly'],
}

/** What the parser could not read, or what came too slowly. */
function refuseBroken(error: NodeJS.ErrnoException, socket: Duplex): void {
  // Browsers open connections ahead of need. Whoever gets words on one that asked nothing takes them for the answer to what it asks next.
  const isUnused = error.code === 'ERR_HTTP_REQUEST_TIMEOUT' && 'bytesRead' in socket && socket.bytesRead === 0
  if (!socket.writable || error.code === 'ECONNRESET' || isUnused) return void socket.destroy()
  const [status, message] = brokenRequests[error.code ?? ''] ?? [400, 'this is not an HTTP/1.1 request that we can read']
  endRaw(socket, status, errorText(new ClusterError('bad-argument', message)))
}
