import { createServer, type IncomingHttpHeaders, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import { networkInterfaces } from 'node:os'
import { ClusterError, toError } from '../../base/errors.ts'
import { bearer, type TokenCheck } from '../http/authenticate.ts'
import type { HttpParts } from '../http/parts.ts'
import { plainAddress } from '../http/request-guards.ts'
import { frameMessage, unframeMessage } from './codec.ts'
import { createMethods, type Method } from './methods.ts'

/** Codes of gRPC. */
const codes = { invalidArgument: 3, resourceExhausted: 8, unimplemented: 12, internal: 13, unauthenticated: 16 } as const

const maxConnections = 64
const maxRequestBytes = 64 * 1024
const maxHeaderBytes = 16 * 1024
const idleMs = 120_000

export type GrpcShim = {
  /** Takes a connection that does not begin as TLS does. Only those of this very machine are served: nothing here is encrypted. */
  take(socket: Socket): void
  close(): void
}

/** Speaks just enough gRPC, without TLS, for the `ray` command of this machine. A token is wanted as everywhere. */
export function createGrpcShim(parts: HttpParts, tokens: TokenCheck): GrpcShim {
  const methods = createMethods(parts)
  const sessions = new Set<ServerHttp2Session>()
  const server = createServer({ maxSessionMemory: 1, settings: { maxConcurrentStreams: 16, maxHeaderListSize: maxHeaderBytes } })
  server.on('session', (session) => {
    sessions.add(session)
    session.once('close', () => sessions.delete(session))
    session.on('error', () => {}) // the connection ends, and with it what was asked on it
    session.setTimeout(idleMs, () => session.destroy())
  })
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {}) // the same
    answer(stream, headers, { methods, tokens }).catch((error: unknown) => {
      const isOurs = error instanceof ClusterError
      if (!isOurs) parts.logger.error('grpc.failed', { reason: toError(error).message })
      refuse(stream, codeOf(error), isOurs ? error.message : 'the head failed; its log says why')
    })
  })
  server.on('sessionError', () => {}) // a peer that speaks something else: its connection ends
  return {
    take(socket) {
      socket.on('error', () => {}) // as above
      if (sessions.size >= maxConnections || !isOwnAddress(socket.remoteAddress ?? '')) {
        parts.logger.warn('grpc.refused', { peer: socket.remoteAddress ?? '', reason: 'not of this machine, or too many' })
        return void socket.destroy()
      }
      server.emit('connection', socket)
    },
    close() {
      for (const session of sessions) session.destroy()
    },
  }
}

type Serving = { readonly methods: ReadonlyMap<string, Method>; readonly tokens: TokenCheck }

async function answer(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, { methods, tokens }: Serving): Promise<void> {
  const body = await readBody(stream)
  const carried = bearer(String(headers['authorization'] ?? ''))
  if (carried.kind !== 'token' || tokens.accessOf(carried.token) === undefined) {
    return refuse(
      stream,
      codes.unauthenticated,
      `${headers['authorization'] === undefined ? 'InvalidAuthToken: no token came' : 'InvalidAuthToken: the token is not of this cluster'}; set RAY_AUTH_MODE=token and RAY_AUTH_TOKEN to that of the file api-token in the head's folder`,
    )
  }
  const path = String(headers[':path'] ?? '')
  const method = methods.get(path)
  if (method === undefined)
    return refuse(
      stream,
      codes.unimplemented,
      `this head does not serve ${path.slice(0, 200)}: only what ray status, ray list and ray logs ask`,
    )
  const message = method(unframeMessage(body))
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
  stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
  stream.end(frameMessage(message))
}

/** Not by iterating: that ends the stream with the first error, and the caller would never hear why. */
function readBody(stream: ServerHttp2Stream): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let bytes = 0
    stream.on('data', (chunk: Buffer) => {
      bytes += chunk.byteLength
      if (bytes <= maxRequestBytes) return void chunks.push(chunk)
      chunks.length = 0
      reject(new ClusterError('too-large', `a request is at most ${maxRequestBytes} bytes`))
    })
    stream.once('end', () => resolve(Buffer.concat(chunks)))
    stream.once('close', () => reject(new ClusterError('link.closed', 'the caller went away'))) // no news once it is settled
  })
}

function refuse(stream: ServerHttp2Stream, code: number, message: string): void {
  if (stream.destroyed || stream.headersSent) return
  stream.respond(
    {
      ':status': 200,
      'content-type': 'application/grpc',
      'grpc-status': String(code),
      'grpc-message': encodeURIComponent(message).replaceAll('%20', ' '),
    },
    { endStream: true },
  )
  if (!stream.readableEnded) stream.close() // what more the caller sends is not read
}

function codeOf(error: unknown): number {
  if (!(error instanceof ClusterError)) return codes.internal
  switch (error.code) {
    case 'protocol.violation':
      return codes.invalidArgument
    case 'not-supported':
      return codes.unimplemented
    case 'too-large':
      return codes.resourceExhausted
    default:
      return codes.internal
  }
}

/** Does this connection come from the machine we run on? Its other end is then an address of ours. */
function isOwnAddress(address: string): boolean {
  const plain = plainAddress(address)
  if (plain === '::1' || plain.startsWith('127.')) return true
  return Object.values(networkInterfaces()).some((all) => all?.some((each) => each.address.toLowerCase() === plain) === true)
}
