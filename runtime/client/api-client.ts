import { type IncomingMessage, request as httpRequest, type RequestOptions } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { Readable } from 'node:stream'
import type * as z from 'zod'
import { ClusterError, toError } from '../base/errors.ts'
import { answeredError, cannotConnect, notAHead } from './api-errors.ts'
import { type ApiSocket, openApiSocket } from './api-socket.ts'
import type { ApiTarget } from './api-target.ts'
import { ConnectAgent } from './connect-agent.ts'

export type ApiQuery = Readonly<Record<string, string | number | boolean | undefined | readonly string[]>>

export type ApiCall = {
  /** A name with a list comes once for each. Undefined ones are left out. */
  readonly query?: ApiQuery
  readonly signal?: AbortSignal
  /** Until the answer begins. @default 60 s */
  readonly timeoutMs?: number
}

export type ApiSend = ApiCall & {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly path: string
  /** Sent as JSON. */
  readonly json?: unknown
  /** Sent as it is. With a stream, `bodyBytes` says how long it is, where that is known. */
  readonly body?: Uint8Array | Readable
  readonly bodyBytes?: number
}

const answerTimeoutMs = 60_000
/** Of an answer that is held in memory. */
const maxAnswerBytes = 512 * 1024 * 1024

/**
 * Speaks with a head, ours or Ray's. Every call throws ClusterError: `head.unavailable` when nobody answers, `auth.missing` and
 * `auth.refused` for the token, the head's own code where it gave one, `protocol.violation` when this is no head.
 */
export class ApiClient {
  readonly #target: ApiTarget
  readonly #agent: ConnectAgent | undefined
  constructor(target: ApiTarget) {
    this.#target = target
    this.#agent = target.connect && new ConnectAgent(target.connect)
  }

  /** Ends the connections of a target with `connect`, and all that runs on them. */
  close(): void {
    this.#agent?.destroy()
  }

  /** `http://host:port`, for messages. */
  get url(): string {
    return this.#target.url
  }

  /** The answer of GET `path`, parsed. */
  async getJson<Schema extends z.ZodType>(path: string, schema: Schema, call: ApiCall = {}): Promise<z.infer<Schema>> {
    return this.sendJson({ ...call, method: 'GET', path }, schema)
  }

  /** Sends, and parses the answer. */
  async sendJson<Schema extends z.ZodType>(send: ApiSend, schema: Schema): Promise<z.infer<Schema>> {
    const text = (await this.send(send)).toString('utf8')
    let value: unknown
    try {
      value = JSON.parse(text)
    } catch {
      throw notAHead(this.url, `${send.path} is not JSON`)
    }
    const parsed = schema.safeParse(value)
    if (parsed.success) return parsed.data
    const [issue] = parsed.error.issues
    throw notAHead(this.url, `${send.path}: ${issue?.path.map(String).join('.') ?? ''} ${issue?.message ?? 'is not what it should be'}`)
  }

  /** Sends, and returns the body of the answer. */
  async send(send: ApiSend): Promise<Buffer> {
    const answer = await this.stream(send)
    try {
      return await readAll(answer)
    } catch (error) {
      throw error instanceof ClusterError ? error : cannotConnect(this.url, error)
    }
  }

  /** Sends, and returns the answer as it comes; the caller reads it to its end or destroys it. */
  async stream(send: ApiSend): Promise<IncomingMessage> {
    const answer = await this.#exchangeOrAgain(send)
    if (answer.statusCode === 200) return answer
    const body = await readAll(answer).catch(() => Buffer.alloc(0))
    throw answeredError({ url: this.url, path: send.path, status: answer.statusCode ?? 0, body: body.toString('utf8') })
  }

  /** Opens a WebSocket. What the head answers instead is thrown as by every call. */
  openSocket(path: string, call: Pick<ApiCall, 'query' | 'signal'> = {}): Promise<ApiSocket> {
    const url = this.#urlOf(path, call.query)
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
    return openApiSocket({ url, baseUrl: this.url, path, headers: this.#headers(), signal: call.signal, agent: this.#agent })
  }

  #urlOf(path: string, query: ApiQuery = {}): URL {
    const url = new URL(this.url + path)
    if (this.#agent) url.protocol = 'http:' // whatever secures it is in the connections that are given
    for (const [name, value] of Object.entries(query)) {
      if (value === undefined) continue
      for (const each of Array.isArray(value) ? value : [value]) url.searchParams.append(name, String(each))
    }
    return url
  }

  /** None that a browser sends: a head refuses writes that look like one's. That is also why this is not `fetch`, which adds some. */
  #headers(): Record<string, string> {
    const { token } = this.#target
    return { accept: '*/*', 'user-agent': 'shoal', ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) }
  }

  /** A kept connection may be closed by the head at the moment that we take it: a question that changes nothing is asked once more. */
  async #exchangeOrAgain(send: ApiSend): Promise<IncomingMessage> {
    try {
      return await this.#exchange(send)
    } catch (error) {
      if (!(error instanceof ClusterError && error.details['reused'] === 1) || send.method !== 'GET' || send.signal?.aborted) throw error
      return this.#exchange(send)
    }
  }

  #exchange(send: ApiSend): Promise<IncomingMessage> {
    const url = this.#urlOf(send.path, send.query)
    const json = send.json === undefined ? undefined : Buffer.from(JSON.stringify(send.json))
    const body = json ?? send.body
    const length = body instanceof Uint8Array ? body.byteLength : send.bodyBytes
    const options: RequestOptions = {
      method: send.method,
      ...(this.#agent ? { agent: this.#agent } : {}),
      headers: {
        ...this.#headers(),
        ...(json === undefined ? {} : { 'content-type': 'application/json' }),
        ...(body === undefined || length === undefined ? {} : { 'content-length': length }),
      },
      ...(send.signal ? { signal: send.signal } : {}),
    }
    return new Promise((resolve, reject) => {
      const request = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, options)
      const timeoutMs = send.timeoutMs ?? answerTimeoutMs
      const failed = (error: unknown) => {
        clearTimeout(timer)
        if (body && !(body instanceof Uint8Array)) body.destroy() // nobody reads it any more
        reject(cannotConnect(this.url, error, { reused: request.reusedSocket }))
      }
      let timer: NodeJS.Timeout | undefined
      const startTimer = () => {
        timer = setTimeout(
          () => request.destroy(new ClusterError('timeout', `${this.url} did not answer within ${timeoutMs} ms`)),
          timeoutMs,
        )
      }
      request.once('error', failed)
      request.once('response', (answer) => {
        request.off('finish', startTimer) // some answer before they have read everything
        clearTimeout(timer)
        resolve(answer)
      })
      request.once('finish', startTimer) // a long upload is not a slow answer
      if (body === undefined || body instanceof Uint8Array) request.end(body)
      else {
        body.once('error', (error) => request.destroy(toError(error)))
        body.pipe(request)
      }
    })
  }
}

async function readAll(answer: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength
    if (bytes > maxAnswerBytes) throw new ClusterError('too-large', `the answer is larger than ${maxAnswerBytes} bytes; ask for less`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
