// Loaded by listen.ts when somebody listens for other machines: processes that never do need not load TLS.
import { createServer, type Socket } from 'node:net'
import { createServer as createTlsServer, type TLSSocket } from 'node:tls'
import { closeListener, type Greeting, greet, type Listener, type ListenOptions, listening, refuse } from './greet-dialer.ts'
import { handshakeTimeoutMs, ignoreErrors } from './handshake.ts'
import { type Identity, identifyClient, serverTlsOptions } from './identity.ts'
import { kernelKeepaliveMs, type KeepaliveOptions, networkKeepalive } from './keepalive.ts'
import { createStrangers } from './strangers.ts'

export type TlsPlace = {
  host: string
  port: number
  identity: Identity
  keepalive?: KeepaliveOptions | undefined
  /** Takes connections whose first byte is not TLS's, with that byte still to be read. Absent: they fail as a broken handshake. */
  onPlain?: ((socket: Socket) => void) | undefined
}

/** First byte of a TLS handshake. */
const tlsHandshake = 0x16

/** What `listenTls` does. */
export async function listenOverTls(at: TlsPlace, options: ListenOptions): Promise<Listener> {
  const strangers = createStrangers(options)
  const tls = createTlsServer({
    ...serverTlsOptions(at.identity),
    noDelay: true,
    handshakeTimeout: options.handshakeMs ?? handshakeTimeoutMs,
  })
  const keepalive = at.keepalive ?? networkKeepalive
  /** Addresses of connections in the TLS handshake. A TLS socket whose peer has gone does not know its address any more, the TCP socket's owner does. */
  const inTls = new Set<string>()
  const refuseTls = (peer: string, reason: string) =>
    options.logger.warn('link.refused', { peer, code: 'auth.refused', reason: `TLS: ${reason}` })
  tls.on('secureConnection', (socket) => {
    const address = addressOf(socket)
    inTls.delete(address)
    greetSecure(socket, { options, strangers, address, node: undefined, isNetwork: true, keepalive })
  })
  tls.on('tlsClientError', (error, socket) => {
    if (inTls.delete(addressOf(socket))) refuseTls(addressOf(socket), error.message)
    socket.destroy()
  })
  // Plain TCP is taken first, so that connections are counted before any handshake costs us time.
  const server = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: kernelKeepaliveMs }, (socket) => {
    ignoreErrors(socket)
    const address = addressOf(socket)
    if (!strangers.admit(socket, address, socket.remoteAddress ?? '')) return
    const beginTls = () => {
      inTls.add(address)
      socket.once('close', () => inTls.delete(address) && refuseTls(address, 'the connection closed in the handshake'))
      tls.emit('connection', socket)
    }
    const { onPlain } = at
    if (onPlain === undefined) return beginTls()
    peekByte(socket, options.handshakeMs ?? handshakeTimeoutMs, (first) => {
      if (first === tlsHandshake) return beginTls()
      strangers.release(address)
      onPlain(socket)
    })
  })
  await listening(server, { host: at.host, port: at.port })
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : at.port
  return { address: `${at.host}:${port}`, port, unref: () => void server.unref(), close: () => closeListener(server, strangers) }
}

function greetSecure(socket: TLSSocket, greeting: Greeting): void {
  ignoreErrors(socket)
  socket.once('close', () => greeting.strangers.release(greeting.address))
  try {
    void greet(socket, { ...greeting, node: identifyClient(socket) })
  } catch (error) {
    refuse(socket, greeting, error)
  }
}

/** Calls back with the first byte that comes, and leaves it to be read; a connection that sends nothing for `withinMs` ends. */
function peekByte(socket: Socket, withinMs: number, onByte: (first: number) => void): void {
  const timer = setTimeout(() => socket.destroy(), withinMs)
  timer.unref()
  socket.once('close', () => clearTimeout(timer))
  socket.once('readable', () => {
    const bytes: unknown = socket.read()
    clearTimeout(timer)
    if (!Buffer.isBuffer(bytes)) return void socket.destroy() // it ended before it began
    socket.unshift(bytes)
    onByte(bytes[0] ?? 0)
  })
}

const addressOf = (socket: Socket): string => `${socket.remoteAddress ?? 'unknown'}:${socket.remotePort ?? 0}`
