import type { LogPiece } from '../cluster-calls.ts'
import type { ReadRayLog } from './ray-log-bytes.ts'

export type RayPieceQuestion = {
  readonly nodeId: string
  readonly file: string
  readonly offset: number
  readonly maxBytes: number
  readonly signal?: AbortSignal
}

type Open = {
  readonly key: string
  readonly chunks: AsyncGenerator<Buffer>
  /** Read, and not given out yet. */
  rest: Buffer
  /** Offset of `rest`. */
  at: number
  readonly end: () => void
  idle: NodeJS.Timeout | undefined
}

/** Readers of one log at a time that are kept for their next piece. */
const keptOpen = 4
const keptMs = 30_000

/**
 * Reads logs piece by piece, though Ray sends them only whole: a reader that asks for the piece behind the last one goes on in the same answer,
 * any other begins at the start of the file and passes over what stands before.
 */
export class RayLogPieces {
  readonly #readLog: ReadRayLog
  #open: Open[] = []

  constructor(readLog: ReadRayLog) {
    this.#readLog = readLog
  }

  /** @throws as every call */
  async read({ nodeId, file, offset, maxBytes, signal }: RayPieceQuestion): Promise<LogPiece> {
    const key = `${nodeId}/${file}`
    const open = this.#take(key, offset) ?? this.#begin(key, { nodeId, file })
    let isEnd = false
    while (!isEnd && open.at + open.rest.byteLength < offset + maxBytes) {
      if (signal?.aborted) break
      const { done, value } = await open.chunks.next()
      if (done) isEnd = true
      else open.rest = Buffer.concat([open.rest, value])
      const passed = Math.min(open.rest.byteLength, Math.max(0, offset - open.at))
      open.rest = open.rest.subarray(passed)
      open.at += passed
    }
    const bytes = open.rest.subarray(0, maxBytes)
    const start = open.at
    open.rest = open.rest.subarray(bytes.byteLength)
    open.at += bytes.byteLength
    const isAll = isEnd && open.rest.byteLength === 0
    if (isAll || signal?.aborted) open.end()
    else this.#keep(open)
    return { offset: start, bytes, next: start + bytes.byteLength, isEnd: isAll }
  }

  close(): void {
    for (const { end, idle } of this.#open.splice(0)) {
      clearTimeout(idle)
      end()
    }
  }

  #take(key: string, offset: number): Open | undefined {
    const index = this.#open.findIndex((each) => each.key === key && each.at === offset)
    const open = index < 0 ? undefined : this.#open.splice(index, 1)[0]
    clearTimeout(open?.idle)
    return open
  }

  #keep(open: Open): void {
    open.idle = setTimeout(() => {
      this.#open = this.#open.filter((each) => each !== open)
      open.end()
    }, keptMs).unref()
    this.#open.push(open)
    if (this.#open.length > keptOpen) this.#open.shift()?.end()
  }

  #begin(key: string, { nodeId, file }: Pick<RayPieceQuestion, 'nodeId' | 'file'>): Open {
    const stop = new AbortController()
    const chunks = this.#readLog('file', { node_id: nodeId, filename: file, lines: -1 }, stop.signal)
    return { key, chunks, rest: Buffer.alloc(0), at: 0, end: () => stop.abort(), idle: undefined }
  }
}
