import type { LogStreamMessage } from '../../api/logs.ts'
import type { StampedLine } from '../../logs/line-selector.ts'

/** Lines of one source that wait to be sent. */
type Waiting = { readonly source: number; lines: StampedLine[]; next: number; readonly readAtMs: number }

/** A message stays below what a WebSocket frame may hold, whatever its lines are made of: a control letter becomes six. */
const messageBytes = 40_000
const messageLines = 2_000

/** Gathers what is to be sent: lines of one source together, unless something else was said of it between them. */
export class StreamBatch {
  #entries: (Waiting | LogStreamMessage)[] = []
  readonly #open = new Map<number, Waiting>()
  #bytes = 0

  /** Of lines. */
  get bytes(): number {
    return this.#bytes
  }
  get isEmpty(): boolean {
    return this.#entries.length === 0
  }

  /** `next`: offset behind all that was looked at. */
  add(source: number, { lines, next, readAtMs }: Omit<Waiting, 'source' | 'lines'> & { readonly lines: readonly StampedLine[] }): void {
    const open = this.#open.get(source)
    if (open === undefined) {
      const entry = { source, lines: [...lines], next, readAtMs }
      this.#open.set(source, entry)
      this.#entries.push(entry)
    } else {
      open.lines.push(...lines)
      open.next = next
    }
    for (const line of lines) this.#bytes += line.end - line.offset
  }

  /** Comes behind the lines of its source so far. */
  tell(message: LogStreamMessage): void {
    this.#entries.push(message)
    if ('source' in message) this.#open.delete(message.source)
  }

  /** Takes all out, in order. */
  *take(): Generator<LogStreamMessage> {
    const entries = this.#entries
    this.#entries = []
    this.#open.clear()
    this.#bytes = 0
    for (const entry of entries) {
      if ('lines' in entry) yield* messagesOf(entry)
      else yield entry
    }
  }
}

function* messagesOf({ source, lines, next, readAtMs }: Waiting): Generator<LogStreamMessage> {
  let start = 0
  do {
    let end = start
    for (let bytes = 0; end < lines.length && end - start < messageLines; end += 1) {
      const line = lines[end]
      if (line === undefined) break
      bytes += line.end - line.offset
      if (bytes > messageBytes && end > start) break
    }
    const part = lines.slice(start, end)
    const last = end >= lines.length
    yield {
      type: 'lines',
      source,
      offsets: part.map(({ offset }) => offset),
      times: part.map(({ timeMs }) => timeMs ?? readAtMs),
      levels: part.map(({ level }) => level),
      texts: part.map(({ text }) => text),
      pieces: part.flatMap(({ isPiece }, index) => (isPiece ? [index] : [])),
      next: last ? next : (part.at(-1)?.end ?? next),
    }
    start = end
  } while (start < lines.length)
}
