import type { Duplex } from 'node:stream'
import { ClusterError, toError } from '../../../runtime/base/errors.ts'
import type { ApiClient, ApiQuery } from '../../../runtime/client/api-client.ts'
import { answeredError } from '../../../runtime/client/api-errors.ts'

/** Bytes of one log, as they come: `stream` goes on without end. Whoever stops reading ends it. @throws as every call */
export type ReadRayLog = (kind: 'file' | 'stream', query: ApiQuery, signal?: AbortSignal) => AsyncGenerator<Buffer>

const pathOf = (kind: 'file' | 'stream') => `/api/v0/logs/${kind}`
/** Versions that know it mark their chunks where it is not said; others pass over it. */
const plainText = { format: 'text' }
/** The first that knows `format` is this or the one before: later ones are never marked. */
const unmarkedSince = [2, 34] as const

/** As this version of Ray sends logs. `connect` opens a connection to `url`. */
export function logReaderFor(version: string, way: MarkedWay & { readonly api: ApiClient }): ReadRayLog {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const isPlain = major > unmarkedSince[0] || (major === unmarkedSince[0] && minor >= unmarkedSince[1])
  return isPlain ? plainReader(way.api) : markedReader(way)
}

function plainReader(api: ApiClient): ReadRayLog {
  return async function* read(kind, query, signal) {
    const answer = await api.stream({ method: 'GET', path: pathOf(kind), query: { ...query, ...plainText }, ...(signal ? { signal } : {}) })
    try {
      for await (const chunk of answer as AsyncIterable<Buffer>) yield chunk
    } catch (error) {
      if (!signal?.aborted) throw brokeOff(error)
    } finally {
      answer.destroy()
    }
  }
}

type MarkedWay = { readonly url: string; readonly token: string | undefined; readonly connect: () => Promise<Duplex> }

/**
 * Older versions put a 1 before each chunk, and a 0 before the words of an error in the midst of them. Node's HTTP client does not tell where
 * chunks begin, so they are read by hand here.
 */
function markedReader({ url, token, connect }: MarkedWay): ReadRayLog {
  return async function* read(kind, query, signal) {
    const stream = await connect()
    const stop = () => stream.destroy()
    signal?.addEventListener('abort', stop, { once: true })
    try {
      const target = addressOf(url, pathOf(kind), { ...query, ...plainText })
      const headers = [`Host: ${target.host}`, 'Accept: */*', 'User-Agent: shoal', 'Connection: close']
      if (token !== undefined) headers.push(`Authorization: Bearer ${token}`)
      stream.write(`GET ${target.pathname}${target.search} HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n`)
      yield* withoutMarks(chunksOf(new ByteReader(stream), { url, path: pathOf(kind) }))
    } catch (error) {
      if (!signal?.aborted) throw error instanceof ClusterError ? error : brokeOff(error)
    } finally {
      signal?.removeEventListener('abort', stop)
      stream.destroy()
    }
  }
}

function addressOf(url: string, path: string, query: ApiQuery): URL {
  const target = new URL(url + path)
  for (const [name, value] of Object.entries(query)) if (value !== undefined) target.searchParams.append(name, String(value))
  return target
}

const one = '1'.charCodeAt(0)
const zero = '0'.charCodeAt(0)

async function* withoutMarks(chunks: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  let isMarked: boolean | undefined
  for await (const chunk of chunks) {
    const mark = chunk[0]
    isMarked ??= mark === one || mark === zero
    if (isMarked && mark === zero) {
      const words = chunk.subarray(1).toString('utf8').trim()
      const isMissing = /not found|no such file|does ?n.t exist/i.test(words)
      throw new ClusterError(isMissing ? 'not-found' : 'internal', words.slice(0, 2_000))
    }
    yield isMarked ? chunk.subarray(1) : chunk
  }
}

/** Of an answer in chunks, or of one that lasts as long as its connection. */
async function* chunksOf(reader: ByteReader, { url, path }: { url: string; path: string }): AsyncGenerator<Buffer> {
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(await reader.line())?.[1] ?? 0)
  const headers: string[] = []
  for (let line = await reader.line(); line !== ''; line = await reader.line()) headers.push(line.toLowerCase())
  const isChunked = headers.some((header) => /^transfer-encoding:.*chunked/.test(header))
  if (status !== 200) throw answeredError({ url, path, status, body: (await reader.rest(isChunked ? 65_536 : 16_384)).toString('utf8') })
  if (!isChunked) {
    const body = await reader.rest(Number.POSITIVE_INFINITY)
    if (body.byteLength > 0) yield body
    return
  }
  for (;;) {
    const size = Number.parseInt(await reader.line(), 16)
    if (!Number.isFinite(size)) throw new Error('a chunk has no size')
    if (size === 0) return
    yield await reader.bytes(size)
    await reader.line()
  }
}

class ByteReader {
  readonly #chunks: AsyncIterator<Buffer>
  #rest: Buffer = Buffer.alloc(0)

  constructor(stream: Duplex) {
    this.#chunks = (stream as AsyncIterable<Buffer>)[Symbol.asyncIterator]() // no encoding was set
  }

  async line(): Promise<string> {
    let end = this.#rest.indexOf('\r\n')
    for (; end < 0; end = this.#rest.indexOf('\r\n')) await this.#more()
    const text = this.#rest.subarray(0, end).toString('latin1')
    this.#rest = this.#rest.subarray(end + 2)
    return text
  }

  async bytes(count: number): Promise<Buffer> {
    while (this.#rest.byteLength < count) await this.#more()
    const taken = this.#rest.subarray(0, count)
    this.#rest = this.#rest.subarray(count)
    return taken
  }

  /** All that comes, up to so much. */
  async rest(most: number): Promise<Buffer> {
    for (let isMore = true; isMore && this.#rest.byteLength < most; ) {
      isMore = await this.#more().then(
        () => true,
        () => false,
      )
    }
    return this.#rest
  }

  async #more(): Promise<void> {
    const { done, value } = await this.#chunks.next()
    if (done) throw new Error('the connection was closed')
    this.#rest = this.#rest.byteLength === 0 ? value : Buffer.concat([this.#rest, value])
  }
}

const brokeOff = (error: unknown) =>
  new ClusterError('link.closed', `the log broke off: ${toError(error).message}; ask again to go on`, { cause: error })
