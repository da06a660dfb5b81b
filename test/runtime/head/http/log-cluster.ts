import { request } from 'node:http'
import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { WebSocket } from 'ws'
import type * as z from 'zod'
import { LogStreamMessage } from '#runtime/api/logs.ts'
import { startCluster, type NodeOptions, type TestCluster, type TestNode } from '#test/support/cluster.ts'

/** A cluster whose API is asked with its token. */
export type LogCluster = {
  readonly cluster: TestCluster
  readonly get: (path: string, options?: { signal?: AbortSignal }) => Promise<Response>
  readonly post: (path: string, body: unknown) => Promise<{ status: number; body: string }>
  readonly socket: (path: string) => WebSocket
  stop(): Promise<void>
}

export async function startLogCluster(nodes: readonly NodeOptions[]): Promise<LogCluster> {
  const cluster = await startCluster({ nodes, api: true, headConfig: { deadAfterMs: 3_000 } })
  const headers = () => ({ authorization: `Bearer ${cluster.token()}` })
  return {
    cluster,
    get: (path, { signal } = {}) => fetch(`${cluster.apiUrl}${path}`, { headers: headers(), ...(signal ? { signal } : {}) }),
    post: (path, body) => postJson(`${cluster.apiUrl}${path}`, headers(), body),
    socket: (path) => new WebSocket(`${cluster.apiUrl.replace('http', 'ws')}${path}`, { headers: headers() }),
    stop: () => cluster.stop(),
  }
}

/** Not by `fetch`, which sends what only browsers send. */
function postJson(url: string, headers: Record<string, string>, body: unknown): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { method: 'POST', headers: { ...headers, 'content-type': 'application/json' } }, (answer) => {
      let text = ''
      answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: text }))
    })
    asked.on('error', reject)
    asked.end(JSON.stringify(body))
  })
}

export const logPath = (node: TestNode, name: string): string => join(node.layout.logDir, name)
export const writeLog = (node: TestNode, name: string, text: string | Uint8Array): void => writeFileSync(logPath(node, name), text)
export const appendLog = (node: TestNode, name: string, text: string | Uint8Array): void => appendFileSync(logPath(node, name), text)

/** Everything that came on a socket, and how it ended. */
export class SocketRecord {
  readonly frames: string[] = []
  readonly closed: Promise<number>
  readonly #socket: WebSocket

  constructor(socket: WebSocket) {
    this.#socket = socket
    socket.on('message', (data, isBinary) => {
      if (!isBinary) this.frames.push((data as Buffer).toString())
    })
    socket.on('error', () => {}) // 'close' tells the code
    this.closed = new Promise((resolve) => socket.once('close', resolve))
  }

  get text(): string {
    return this.frames.join('')
  }
  end(): void {
    this.#socket.terminate()
  }
}

/** The merged stream, put together as a client does it. */
export class StreamRecord {
  readonly messages: z.infer<typeof LogStreamMessage>[] = []
  readonly linesOf = new Map<string, string[]>()
  readonly resume: Record<string, number> = {}
  readonly closed: Promise<number>
  readonly #keys = new Map<number, string>()
  readonly #socket: WebSocket

  constructor(socket: WebSocket, order: object) {
    this.#socket = socket
    socket.once('open', () => socket.send(JSON.stringify({ type: 'open', ...order })))
    socket.on('message', (data) => this.#take(LogStreamMessage.parse(JSON.parse((data as Buffer).toString()))))
    socket.on('error', () => {}) // 'close' tells the code
    this.closed = new Promise((resolve) => socket.once('close', resolve))
  }

  get lines(): string[] {
    return [...this.linesOf.values()].flat()
  }
  has(type: z.infer<typeof LogStreamMessage>['type']): boolean {
    return this.messages.some((message) => message.type === type)
  }
  pause(): void {
    this.#socket.pause()
  }
  goOn(): void {
    this.#socket.resume()
  }
  end(): void {
    this.#socket.terminate()
  }

  #take(message: z.infer<typeof LogStreamMessage>): void {
    if (message.type !== 'lines') this.messages.push(message)
    if (message.type === 'source') {
      this.#keys.set(message.source, message.key)
      if (!this.linesOf.has(message.key)) this.linesOf.set(message.key, [])
      this.resume[message.key] ??= message.offset
    }
    if (message.type !== 'lines') return
    const key = this.#keys.get(message.source) ?? ''
    this.linesOf.get(key)?.push(...message.texts)
    this.resume[key] = message.next
  }
}
