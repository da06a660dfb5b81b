import { Agent, type ClientRequest, type ClientRequestArgs } from 'node:http'
import type { Duplex } from 'node:stream'
import { ClusterError } from '../base/errors.ts'

/** Connections of one client at a time; streams and sockets count too. The rest of the calls wait for one. */
const maxConnections = 64
/** Kept open for the next call. */
const maxIdle = 4
/** Shorter than heads keep idle connections, so that no call meets one that is being closed. */
const idleMs = 3_000
const connectWithinMs = 20_000

/** Lets requests and WebSockets run over connections that `connect` opens, and keeps some of them for the next call. */
export class ConnectAgent extends Agent {
  readonly #connect: () => Promise<Duplex>
  readonly #idle = new WeakMap<Duplex, NodeJS.Timeout>()

  constructor(connect: () => Promise<Duplex>) {
    super({ keepAlive: true, maxSockets: maxConnections, maxFreeSockets: maxIdle, scheduling: 'lifo' })
    this.#connect = connect
  }

  override createConnection(_options: ClientRequestArgs, callback?: (error: Error | null, stream: Duplex) => void): null {
    void this.#open().then(
      (stream) => callback?.(null, stream),
      // The type wants a stream beside an error; Node looks at the error alone.
      (error: Error) => callback?.(error, undefined as unknown as Duplex),
    )
    return null
  }

  /** True: it is kept. */
  override keepSocketAlive(stream: Duplex): boolean {
    this.#idle.set(stream, setTimeout(() => stream.destroy(), idleMs).unref())
    return true
  }

  override reuseSocket(stream: Duplex, request: ClientRequest): void {
    clearTimeout(this.#idle.get(stream))
    super.reuseSocket(stream, request)
  }

  async #open(): Promise<Duplex> {
    let isLate = false
    const opening = this.#connect().then((stream) => {
      if (isLate) stream.destroy()
      return likeSocket(stream)
    })
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        isLate = true
        reject(new ClusterError('timeout', `no connection to the head within ${connectWithinMs} ms; the way there may be cut`))
      }, connectWithinMs)
    })
    try {
      return await Promise.race([opening, late])
    } finally {
      clearTimeout(timer)
      opening.catch(() => {}) // after the time limit nobody waits for it
    }
  }
}

/** What Node's HTTP client calls on a socket, and a channel of SSH does not have: nothing of it is needed there. */
const socketMethods = ['setKeepAlive', 'setNoDelay', 'setTimeout', 'ref', 'unref'] as const

function likeSocket(stream: Duplex): Duplex {
  for (const name of socketMethods) {
    if (!(name in stream)) Object.defineProperty(stream, name, { value: () => stream, configurable: true })
  }
  if (!('destroySoon' in stream)) Object.defineProperty(stream, 'destroySoon', { value: () => stream.destroy(), configurable: true })
  return stream
}
