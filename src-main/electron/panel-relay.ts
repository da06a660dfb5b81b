import { WebSocket } from 'ws'
import { maxMessageBytes } from '../contract/socket-protocol.ts'
import type { Endpoint } from './host-process.ts'

export type RelayIo = {
  /** Where the panel answers now; undefined while it is not there. */
  readonly endpoint: () => Endpoint | undefined
  readonly onMessage: (text: string) => void
  readonly onState: (state: 'open' | 'lost') => void
}

const retryMs = { first: 100, most: 5_000 } as const
/** Snapshots of one thing may be larger than what the panel takes. */
const maxReceivedBytes = 64 * 1024 * 1024
/** The panel pings every 15 s; without one for so long the connection is dead. */
const silentMs = 45_000
/** Characters that the page has been sent and has not taken: from here on nothing more is read, and the panel sees that we are slow. */
const maxUntaken = 16 * 1024 * 1024

/** One window's connection to the panel: passes messages on as they are, both ways, and opens again when it is lost. */
export class PanelRelay {
  readonly #io: RelayIo
  #socket: WebSocket | undefined
  #isWanted = false
  #retries = 0
  #retryTimer: NodeJS.Timeout | undefined
  #silenceTimer: NodeJS.Timeout | undefined
  #untaken = 0
  #isOpen = false

  constructor(io: RelayIo) {
    this.#io = io
  }

  /** The page listens, from the beginning: what it was told before went to a page that is gone. */
  open(): void {
    this.close()
    this.#isWanted = true
    this.#connect()
  }

  close(): void {
    this.#isWanted = false
    this.#isOpen = false
    clearTimeout(this.#retryTimer)
    clearTimeout(this.#silenceTimer)
    const socket = this.#socket
    this.#socket = undefined
    socket?.terminate()
  }

  /** The panel is there, or elsewhere: tries at once. */
  retry(): void {
    if (!this.#isWanted || this.#socket?.readyState === WebSocket.OPEN) return
    this.#retries = 0
    this.#connect()
  }

  /** From the page. */
  send(text: string): void {
    const socket = this.#socket
    if (socket?.readyState !== WebSocket.OPEN) return // the page was told, or is about to be
    if (Buffer.byteLength(text) > maxMessageBytes) return socket.terminate() // the panel would end it
    socket.send(text)
  }

  /** The page has handled so many characters. */
  taken(length: number): void {
    this.#untaken = Math.max(0, this.#untaken - length)
    if (this.#untaken < maxUntaken / 2 && this.#socket?.isPaused === true) this.#socket.resume()
  }

  #connect(): void {
    clearTimeout(this.#retryTimer)
    this.#socket?.removeAllListeners('close').terminate()
    const endpoint = this.#io.endpoint()
    if (endpoint === undefined) return this.#later()
    const socket = new WebSocket(`${endpoint.url.replace(/^http/, 'ws')}/ws`, {
      headers: { authorization: `Bearer ${endpoint.token}` },
      perMessageDeflate: false,
      maxPayload: maxReceivedBytes,
      handshakeTimeout: 10_000,
    })
    this.#socket = socket
    this.#untaken = 0
    socket.on('error', () => {}) // 'close' follows
    socket.on('ping', () => this.#hear(socket))
    socket.on('open', () => {
      this.#retries = 0
      this.#hear(socket)
      this.#isOpen = true
      this.#io.onState('open')
    })
    socket.on('message', (data) => {
      if (this.#socket !== socket) return
      this.#hear(socket)
      const text = String(data as Buffer) // `ws` hands out buffers unless told otherwise
      this.#untaken += text.length
      if (this.#untaken > maxUntaken) socket.pause()
      this.#io.onMessage(text)
    })
    socket.once('close', () => {
      if (this.#socket !== socket) return
      clearTimeout(this.#silenceTimer)
      if (this.#isOpen) this.#io.onState('lost')
      this.#isOpen = false
      this.#later()
    })
  }

  #later(): void {
    const waitMs = Math.min(retryMs.most, retryMs.first * 2 ** this.#retries)
    this.#retries += 1
    this.#retryTimer = setTimeout(() => this.#connect(), waitMs)
  }

  #hear(socket: WebSocket): void {
    clearTimeout(this.#silenceTimer)
    this.#silenceTimer = setTimeout(() => socket.terminate(), silentMs).unref()
  }
}
