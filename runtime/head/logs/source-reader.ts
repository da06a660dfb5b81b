import type { LogStreamMessage } from '../../api/logs.ts'
import { ClusterError } from '../../base/errors.ts'
import type { LineSelector, StampedLine } from '../../logs/line-selector.ts'
import { LineSplitter } from '../../logs/line-splitter.ts'
import { pause, unlessAborted } from './abortable.ts'
import type { LogService } from './log-service.ts'

export type SourceStart = {
  readonly number: number
  readonly key: string
  readonly nodeId: string
  readonly file: string
  readonly offset: number
}

export type SourceReaderIo = {
  readonly service: LogService
  readonly selector: LineSelector
  readonly signal: AbortSignal
  /** Takes lines, and the offset behind all that was looked at. */
  readonly add: (lines: readonly StampedLine[], next: number) => void
  /** Takes what else is to be told, behind the lines so far. */
  readonly tell: (message: LogStreamMessage) => void
  /** Resolves when lines may be added. */
  readonly room: () => Promise<void>
}

/** A line of 32 KiB, every letter of which becomes six, still fits a frame. */
const longestPieceBytes = 32_768
/** Many read at once, and lines as objects take ten times the room of their bytes. */
const readBytes = 131_072
const tellLagMs = 1_000
/** So long a line that does not end is held back. */
const holdPieceMs = 1_000
const retryMs = 250
const lagBytes = 1_048_576
const retryAfter: ReadonlySet<string> = new Set(['node.unreachable', 'link.closed', 'timeout', 'too-many-requests', 'limit.reached'])

/** Follows one file for a merged stream: reads, cuts into lines, picks those that are wanted. */
export class SourceReader {
  readonly number: number
  readonly key: string
  readonly nodeId: string
  readonly #io: SourceReaderIo
  readonly #stopped = new AbortController()
  #file: string
  #offset: number
  #splitter: LineSplitter
  #isCaughtUp = false
  #isCopy = false
  #toldLagMs = Number.NEGATIVE_INFINITY
  #toldLag = false
  #brokeAtMs = performance.now()

  constructor({ number, key, nodeId, file, offset }: SourceStart, io: SourceReaderIo) {
    this.number = number
    this.key = key
    this.nodeId = nodeId
    this.#file = file
    this.#offset = offset
    this.#splitter = new LineSplitter(offset, longestPieceBytes)
    this.#io = io
    if (io.signal.aborted) this.stop()
    else io.signal.addEventListener('abort', () => this.stop(), { once: true, signal: this.#stopped.signal })
  }

  get file(): string {
    return this.#file
  }
  get offset(): number {
    return this.#splitter.offset
  }
  /** All that was there was read, or nothing more comes. */
  get isCaughtUp(): boolean {
    return this.#isCaughtUp
  }

  /** Whether it had another name. */
  rename(file: string): boolean {
    const isOther = file !== this.#file
    this.#file = file
    return isOther
  }

  stop(): void {
    this.#stopped.abort()
  }

  /** Reads until it is stopped, or nothing more can come. @throws ClusterError `bad-argument` when the pattern takes too long. */
  async run(): Promise<void> {
    const { service } = this.#io
    const { signal } = this.#stopped
    let behindBytes = Number.MAX_SAFE_INTEGER // the first time, not to wait
    while (!signal.aborted) {
      try {
        await unlessAborted(this.#io.room(), signal)
        const place = { nodeId: this.nodeId, file: this.#file, offset: this.#offset }
        const chunk = await service.readNext(place, {
          ...{ behindBytes, maxBytes: readBytes, signal },
          ...(this.#splitter.waitingBytes > 0 ? { waitMs: holdPieceMs } : {}),
        })
        this.#noteCopy(chunk.source === 'head-copy' && !chunk.isAway)
        if (chunk.bytes.byteLength === 0) {
          behindBytes = 0
          this.#atEnd(chunk.offset)
          if (this.#isCopy) return this.#end('all that the head has of this file was sent; its node is gone, or has removed it')
          continue
        }
        this.#take(chunk.offset, chunk.bytes)
        behindBytes = chunk.sizeBytes - this.#offset
        this.#isCaughtUp ||= behindBytes <= 0
        this.#noteLag(behindBytes)
      } catch (error) {
        if (signal.aborted) return
        if (!(error instanceof ClusterError)) throw error
        if (error.code === 'not-found') return this.#end(error.message)
        if (!retryAfter.has(error.code)) throw error
        await pause(retryMs, signal)
      }
    }
  }

  #take(offset: number, bytes: Uint8Array): void {
    if (offset !== this.#offset) this.#jump(offset)
    const lines = this.#splitter.push(bytes)
    this.#offset = offset + bytes.byteLength
    this.#add(lines)
    const nowMs = performance.now()
    if (lines.length > 0 || this.#splitter.waitingBytes === 0) this.#brokeAtMs = nowMs
    else if (nowMs - this.#brokeAtMs > holdPieceMs) this.#showPiece()
  }

  #atEnd(offset: number): void {
    if (offset !== this.#offset) this.#jump(offset)
    if (this.#isCopy || performance.now() - this.#brokeAtMs > holdPieceMs) this.#showPiece()
    this.#isCaughtUp = true
    this.#noteLag(0)
  }

  /** What there is of a line that does not end, such as a question or a bar of progress. */
  #showPiece(): void {
    if (this.#splitter.waitingBytes > 0) this.#add(this.#splitter.flush({ atEnd: this.#isCopy }))
    this.#brokeAtMs = performance.now()
  }

  #add(lines: Parameters<LineSelector['select']>[0]): void {
    if (lines.length > 0) this.#io.add(this.#io.selector.select(lines), this.#splitter.offset)
  }

  /** A part went before it was read, or the file was begun anew. */
  #jump(offset: number): void {
    this.#add(this.#splitter.flush({ atEnd: true }))
    if (offset > this.#offset) this.#io.tell({ type: 'gap', source: this.number, from: this.#offset, to: offset })
    this.#offset = offset
    this.#splitter = new LineSplitter(offset, longestPieceBytes)
  }

  #noteCopy(isCopy: boolean): void {
    if (isCopy && !this.#isCopy) this.#io.tell({ type: 'copy', source: this.number })
    this.#isCopy = isCopy
  }

  #noteLag(behindBytes: number): void {
    const nowMs = performance.now()
    const isLagging = behindBytes > lagBytes
    if (isLagging ? nowMs - this.#toldLagMs < tellLagMs : !this.#toldLag || behindBytes > 0) return
    this.#toldLagMs = nowMs
    this.#toldLag = isLagging
    this.#io.tell({ type: 'lag', source: this.number, behind_bytes: isLagging ? behindBytes : 0 })
  }

  #end(reason: string): void {
    this.#isCaughtUp = true
    this.#io.tell({ type: 'end', source: this.number, reason: reason.slice(0, 1_000) })
  }
}
