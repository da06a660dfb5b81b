import { type LogLevel, type LogNotice, logLevels } from './log-line.ts'

export const linesPerChunk = 4_096
export const lettersPerChunk = 1_048_576

export type LineRecord = {
  readonly text: string
  readonly source: number
  readonly atMs: number | null
  readonly level: LogLevel | null
  readonly offset: number | null
}

/**
 * Some thousand lines side by side. Numbers stand in typed arrays. Texts are single strings as long as lines are added or still grow; then
 * they are joined to one, which takes a byte for each letter of a Latin text and no room for each line.
 */
export class LineChunk {
  readonly firstId: number
  count = 0
  /** Of its texts, by letters; wide ones count twice once it is joined. */
  bytes = 0
  times = new Float64Array(linesPerChunk)
  levels = new Uint8Array(linesPerChunk)
  sources = new Uint16Array(linesPerChunk)
  readonly rewrites = new Map<number, number>()
  readonly notices = new Map<number, LogNotice>()
  #offsets = new Float64Array(linesPerChunk)
  #texts: string[] | null = []
  #joined = ''
  #starts = new Uint32Array(0)
  #growing = 0
  #isFull = false

  constructor(firstId: number) {
    this.firstId = firstId
  }

  get endId(): number {
    return this.firstId + this.count
  }

  get isFull(): boolean {
    return this.#isFull
  }

  /** Adds a line at the end; one that `isGrowing` may be replaced until it settles. */
  push(line: LineRecord, isGrowing: boolean): void {
    const index = this.count++
    this.times[index] = line.atMs ?? Number.NaN
    this.levels[index] = codeOfLevel(line.level)
    this.sources[index] = line.source
    this.#offsets[index] = line.offset ?? Number.NaN
    this.#texts?.push(line.text)
    this.bytes += line.text.length
    if (isGrowing) this.#growing++
    if (this.count === linesPerChunk || this.bytes >= lettersPerChunk) this.seal()
  }

  /** No line is added any more. */
  seal(): void {
    this.#isFull = true
    this.#joinIfStill()
  }

  replace(index: number, line: { readonly text: string; readonly atMs: number | null; readonly level: LogLevel | null }): void {
    if (this.#texts === null) return
    this.bytes += line.text.length - (this.#texts[index]?.length ?? 0)
    this.#texts[index] = line.text
    this.times[index] = line.atMs ?? Number.NaN
    this.levels[index] = codeOfLevel(line.level)
  }

  settle(): void {
    this.#growing--
    this.#joinIfStill()
  }

  textAt(index: number): string {
    if (this.#texts !== null) return this.#texts[index] ?? ''
    return this.#joined.slice(this.#starts[index], (this.#starts[index + 1] ?? 0) - 1)
  }

  /** Several lines, with line feeds between them. */
  textOf(from: number, to: number): string {
    if (this.#texts !== null) return this.#texts.slice(from, to).join('\n')
    return to <= from ? '' : this.#joined.slice(this.#starts[from], (this.#starts[to] ?? 0) - 1)
  }

  offsetAt(index: number): number | null {
    return orNull(this.#offsets[index])
  }

  timeAt(index: number): number | null {
    return orNull(this.times[index])
  }

  levelAt(index: number): LogLevel | null {
    return logLevels[(this.levels[index] ?? 0) - 1] ?? null
  }

  /** Index of the line of a source that holds this byte as its first; -1: none. */
  findOffset(source: number, offset: number): number {
    for (let index = 0; index < this.count; index++) {
      if (this.#offsets[index] === offset && this.sources[index] === source && !this.notices.has(index)) return index
    }
    return -1
  }

  #joinIfStill(): void {
    if (!this.#isFull || this.#growing > 0 || this.#texts === null) return
    const starts = new Uint32Array(this.count + 1)
    let end = 0
    for (const [index, text] of this.#texts.entries()) {
      end += text.length + 1
      starts[index + 1] = end
    }
    this.#joined = this.#texts.join('\n')
    this.#starts = starts
    this.#texts = null
    this.bytes = notLatin.test(this.#joined) ? 2 * this.#joined.length : this.#joined.length
    if (this.count < linesPerChunk) this.#trim()
  }

  #trim(): void {
    this.times = this.times.slice(0, this.count)
    this.levels = this.levels.slice(0, this.count)
    this.sources = this.sources.slice(0, this.count)
    this.#offsets = this.#offsets.slice(0, this.count)
  }
}

const notLatin = /[\u0100-\uffff]/
const orNull = (value: number | undefined): number | null => (value === undefined || Number.isNaN(value) ? null : value)

/** 0 for none, else one more than its place. */
export const codeOfLevel = (level: LogLevel | null): number => (level === null ? 0 : logLevels.indexOf(level) + 1)
