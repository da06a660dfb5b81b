import type { Agent } from 'node:http'
import { WebSocket } from 'ws'
import { ClusterError } from '../base/errors.ts'
import { answeredError, cannotConnect } from './api-errors.ts'

/** A WebSocket of the head. Iterate it for its text messages; while nobody does, the head is held back. */
export type ApiSocket = AsyncIterable<string> & {
  send(text: string): void
  close(): void
}

type Opening = {
  readonly url: URL
  /** For messages. */
  readonly baseUrl: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly signal: AbortSignal | undefined
  /** Where its connection comes from. @default TCP to `url` */
  readonly agent?: Agent | undefined
}

const maxMessageBytes = 8 * 1024 * 1024
const maxWaiting = 64
const normalEnd = 1000
const openTimeoutMs = 30_000

/**
 * Resolves when the socket is open. Its iteration ends when the head closes with 1000, or we do; any other end throws `link.closed`,
 * with the code in `details.closeCode`, as what came may not be all.
 */
export function openApiSocket(opening: Opening): Promise<ApiSocket> {
  const { url, baseUrl, path, headers, signal, agent } = opening
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, {
      ...{ headers, maxPayload: maxMessageBytes, perMessageDeflate: false, handshakeTimeout: openTimeoutMs },
      ...(agent ? { agent } : {}),
    })
    const messages = new Messages(socket) // before it opens: a message may come with the handshake's answer
    const stop = () => socket.terminate()
    signal?.addEventListener('abort', stop, { once: true })
    socket.once('close', () => signal?.removeEventListener('abort', stop))
    socket.once('open', () => resolve(messages))
    socket.once('unexpected-response', (_request, answer) => {
      let body = ''
      answer.setEncoding('utf8').on('data', (text: string) => (body = (body + text).slice(0, 65_536)))
      answer.once('close', () => {
        reject(answeredError({ url: baseUrl, path, status: answer.statusCode ?? 0, body }))
        socket.terminate()
      })
    })
    socket.on('error', (error) => reject(cannotConnect(baseUrl, error)))
    if (signal?.aborted) stop()
  })
}

class Messages implements ApiSocket {
  readonly #socket: WebSocket
  #waiting: string[] = []
  #end: { readonly code: number; readonly reason: string } | undefined
  #isClosedByUs = false
  #wake: (() => void) | undefined

  constructor(socket: WebSocket) {
    this.#socket = socket
    socket.on('message', (data, isBinary) => {
      if (isBinary) return // nothing of ours is
      this.#waiting.push(String(data as Buffer)) // `ws` hands out buffers unless told otherwise
      if (this.#waiting.length >= maxWaiting) socket.pause()
      this.#wake?.()
    })
    socket.on('close', (code, reason) => {
      this.#end = { code, reason: reason.toString('utf8') }
      this.#wake?.()
    })
  }

  send(text: string): void {
    this.#socket.send(text)
  }

  close(): void {
    this.#isClosedByUs = true
    this.#socket.close(normalEnd)
    this.#socket.resume() // a paused socket would never see the other side's goodbye
  }

  async *[Symbol.asyncIterator](): AsyncIterator<string> {
    for (;;) {
      const batch = this.#waiting
      this.#waiting = []
      yield* batch
      if (this.#waiting.length > 0) continue
      if (this.#end) break
      this.#socket.resume()
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
    const { code, reason } = this.#end
    if (code === normalEnd || this.#isClosedByUs) return
    throw new ClusterError(
      'link.closed',
      `the connection to the head broke before the end (code ${code}${reason === '' ? '' : `: ${reason}`}); ask again to go on`,
      {
        details: { closeCode: code },
      },
    )
  }
}
