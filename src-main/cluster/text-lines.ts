import type { JobTailFrame, LogStreamMessage } from '../../runtime/api/logs.ts'
import { LineSelector } from '../../runtime/logs/line-selector.ts'
import type { LogStreamQuestion } from './cluster-calls.ts'

type Line = Parameters<LineSelector['select']>[0][number]

const linesAtOnce = 1_000

/** Text in pieces to lines; the last `tail` of them where only these are wanted. */
export class TextLines {
  readonly #tail: number
  #rest = ''
  #lines: Line[] = []
  /** Where the line begins that has not ended. */
  lineStart: number
  end: number

  constructor(offset: number, tail: number) {
    this.#tail = tail
    this.lineStart = offset
    this.end = offset
  }

  /** Lines may go out as they come. */
  get isStreaming(): boolean {
    return this.#tail === Number.POSITIVE_INFINITY
  }

  push({ offset, next, text }: JobTailFrame): void {
    if (offset > this.end) this.#cutOff(offset)
    this.end = next
    const parts = (this.#rest + text).split('\n')
    this.#rest = parts.pop() ?? ''
    for (const part of parts) this.#add(part, Buffer.byteLength(part) + 1, false)
    if (this.#rest === '') this.lineStart = next // bytes that were no letters counted otherwise
    if (this.#lines.length > 2 * this.#tail + linesAtOnce) this.#lines = this.#lines.slice(-this.#tail)
  }

  /** `isAll`: the line that has not ended too. */
  take(isAll: boolean): readonly Line[] {
    if (isAll) this.#cutOff(this.end)
    const lines = this.isStreaming ? this.#lines : this.#tail === 0 ? [] : this.#lines.slice(-this.#tail)
    this.#lines = []
    return lines
  }

  #cutOff(next: number): void {
    if (this.#rest !== '') this.#add(this.#rest, Buffer.byteLength(this.#rest), true)
    this.#rest = ''
    this.lineStart = next
  }

  #add(text: string, bytes: number, isPiece: boolean): void {
    const offset = this.lineStart
    this.lineStart += bytes
    this.#lines.push({ offset, end: this.lineStart, text: text.endsWith('\r') && !isPiece ? text.slice(0, -1) : text, isPiece })
  }
}

type Telling = { readonly source: number; readonly selector: LineSelector; readonly readAtMs: number; readonly next: number }

/** Those that are wanted, as messages of a stream. */
export function* lineMessages(all: readonly Line[], { source, selector, readAtMs, next }: Telling): Generator<LogStreamMessage> {
  for (let at = 0; at < all.length; at += linesAtOnce) {
    const part = all.slice(at, at + linesAtOnce)
    const lines = selector.select(part)
    yield {
      type: 'lines',
      source,
      offsets: lines.map(({ offset }) => offset),
      times: lines.map(({ timeMs }) => timeMs ?? readAtMs),
      levels: lines.map(({ level }) => level),
      texts: lines.map(({ text }) => text),
      pieces: lines.flatMap(({ isPiece }, index) => (isPiece ? [index] : [])),
      next: at + linesAtOnce >= all.length ? next : (part.at(-1)?.end ?? next),
    }
  }
}

type Filter = Pick<LogStreamQuestion, 'text' | 'regex' | 'level' | 'ignore_case' | 'since_ms' | 'until_ms'>
export function selectorOf({ text, regex, level, ignore_case: ignoreCase, since_ms: sinceMs, until_ms: untilMs }: Filter): LineSelector {
  const pattern = regex ?? text
  return new LineSelector({
    pattern: pattern === undefined ? null : { kind: regex === undefined ? 'text' : 'regex', pattern, ignoreCase },
    level: level ?? null,
    sinceMs: sinceMs ?? null,
    untilMs: untilMs ?? null,
  })
}
