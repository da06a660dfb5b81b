import type { Socket } from 'node:net'

/**
 * Counts connections. When there are too many, the oldest that has shown no token yet makes room: so strangers end each other, and who
 * has a token is served.
 */
export class ConnectionRoom {
  readonly #max: number
  readonly #sockets = new Set<Socket>()
  /** In the order in which they came. */
  readonly #strangers = new Set<Socket>()

  constructor(max: number) {
    this.#max = max
  }

  get count(): number {
    return this.#sockets.size
  }

  /** False: every other one is at work for somebody with a token. */
  admit(socket: Socket): boolean {
    if (this.#sockets.size >= this.#max) {
      const [oldest] = this.#strangers
      if (oldest === undefined) return false
      this.#forget(oldest)
      oldest.destroy()
    }
    this.#sockets.add(socket)
    this.#strangers.add(socket)
    socket.once('close', () => this.#forget(socket))
    return true
  }

  /** It has shown a token or a session. */
  trust(socket: Socket): void {
    this.#strangers.delete(socket)
  }

  /** Its request is over: the next one must show the token again. */
  rest(socket: Socket): void {
    if (this.#sockets.has(socket)) this.#strangers.add(socket)
  }

  closeAll(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  #forget(socket: Socket): void {
    this.#sockets.delete(socket)
    this.#strangers.delete(socket)
  }
}
