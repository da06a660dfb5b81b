import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'

export type WriterLimits = {
  /** Waiting bytes at which subscriptions pause, and at which they go on. */
  readonly highBytes: number
  readonly lowBytes: number
  /** Waiting bytes at which nothing more is read from the client either: its calls make answers. */
  readonly stopReadingBytes: number
  /** A client that takes nothing for so long, while something waits for it, is cut off. */
  readonly slowMs: number
  readonly pingEveryMs: number
  /** A client that says nothing at all, pongs included, for so long is gone. */
  readonly silentMs: number
}

export const writerLimits: WriterLimits = {
  highBytes: 1024 * 1024,
  lowBytes: 256 * 1024,
  stopReadingBytes: 16 * 1024 * 1024,
  slowMs: 60_000,
  pingEveryMs: 15_000,
  silentMs: 45_000,
}

type Flow = { readonly onFull: () => void; readonly onRoom: () => void }

/** Writes to a WebSocket, says when its client does not keep up, and ends one that is gone. */
export class SocketWriter {
  readonly #socket: WebSocket
  readonly #raw: Duplex
  readonly #limits: WriterLimits
  readonly #flow: Flow
  readonly #timer: NodeJS.Timeout
  #isFull = false
  #heardAtMs = performance.now()
  #pingedAtMs = performance.now()
  /** When the client last took something, or had nothing to take. */
  #takenAtMs = performance.now()

  constructor({ socket, raw }: { socket: WebSocket; raw: Duplex }, limits: WriterLimits, flow: Flow) {
    this.#socket = socket
    this.#raw = raw
    this.#limits = limits
    this.#flow = flow
    const heard = () => void (this.#heardAtMs = performance.now())
    socket.on('message', heard).on('pong', heard).on('ping', heard)
    this.#timer = setInterval(() => this.#look(), Math.min(1_000, limits.pingEveryMs)).unref()
    socket.once('close', () => clearInterval(this.#timer))
  }

  get isFull(): boolean {
    return this.#isFull
  }

  /** Takes every message while the socket is open; the limits say when to stop bringing them. */
  send(text: string): void {
    const socket = this.#socket
    if (socket.readyState !== socket.OPEN) return
    if (socket.bufferedAmount === 0) this.#takenAtMs = performance.now()
    socket.send(text, () => this.#taken())
    if (!this.#isFull && socket.bufferedAmount > this.#limits.highBytes) {
      this.#isFull = true
      this.#flow.onFull()
    }
    if (socket.bufferedAmount > this.#limits.stopReadingBytes) socket.pause()
  }

  /** Says goodbye, and does not wait for the answer for ever. */
  close(code: number, reason: string): void {
    this.#socket.close(code, reason)
    setTimeout(() => this.#raw.destroy(), 2_000).unref()
  }

  #taken(): void {
    this.#takenAtMs = performance.now()
    if (this.#socket.readyState !== this.#socket.OPEN || this.#socket.bufferedAmount > this.#limits.lowBytes) return
    if (this.#socket.isPaused) this.#socket.resume()
    if (!this.#isFull) return
    this.#isFull = false
    this.#flow.onRoom()
  }

  #look(): void {
    const nowMs = performance.now()
    if (this.#socket.bufferedAmount > 0) {
      if (nowMs - this.#takenAtMs > this.#limits.slowMs) this.#raw.destroy() // it would not read a goodbye either
      return // it is slow, not silent: it cannot answer a ping behind so much
    }
    if (nowMs - this.#heardAtMs > this.#limits.silentMs) return void this.#raw.destroy()
    if (nowMs - this.#pingedAtMs < this.#limits.pingEveryMs || this.#socket.readyState !== this.#socket.OPEN) return
    this.#pingedAtMs = nowMs
    this.#socket.ping()
  }
}
