import { factsOfText, type LineFacts, noFacts } from './line-facts.ts'
import { LineChunk } from './line-chunk.ts'
import { LineText, movesBack } from './line-text.ts'
import type { LineReference, LogBatch, LogLine, LogNotice, LogSource, SourceState, StoredLine } from './log-line.ts'
import { mergeByTime } from './merge-by-time.ts'
import { nextFrame } from './next-frame.ts'
import { NumberedRows } from './numbered-rows.ts'
import { findPlace } from './places.ts'
import { utf8Length } from './utf8-length.ts'

export type LogStoreOptions = {
  /** The oldest lines go when there are more. They go by the chunk, so a few thousand fewer may be left. @default 2,000,000 */
  readonly maxLines?: number
  /** Of text in memory. @default 512 MiB */
  readonly maxBytes?: number
  /** Runs what tells the listeners, once and soon. @default at the next frame of the page */
  readonly schedule?: (run: () => void) => void
}

/** `loading`: the first answer is not here yet. `ended`: nothing will be added. */
export type LogPhase = 'loading' | 'open' | 'ended'

/** A longer one goes on in a line of its own: a string of JavaScript cannot grow for ever. */
export const longestLine = 16 * 1_048_576

type OpenLine = {
  readonly id: number
  readonly text: LineText
  readonly isRaw: boolean
  /** What was said of it, not read from it. */
  given: LineFacts
  /** Of the line before it. */
  readonly before: LineFacts
}
type SourceEntry = { info: LogSource; open: OpenLine | null; last: LineFacts }
type Piece = Omit<LogLine, 'isContinued'> & { readonly isRaw: boolean; readonly ends: boolean }

/**
 * The lines of a log, of one source or several, in the order in which they were handed in. Lines are only added; the last of each source
 * may still grow, or be written over in its place. Bounded: it drops its oldest lines, and the numbers of the others stay.
 */
export class LogStore {
  readonly #maxLines: number
  readonly #maxBytes: number
  readonly #schedule: (run: () => void) => void
  readonly #chunks: LineChunk[] = [new LineChunk(0)]
  readonly #entries: SourceEntry[] = []
  readonly #byKey = new Map<string, SourceEntry>()
  readonly #openLines = new Map<number, number>()
  readonly #rows = new NumberedRows()
  readonly #listeners = new Set<() => void>()
  #sources: readonly LogSource[] = []
  #phase: LogPhase = 'loading'
  #revision = 0
  #version = 0
  #isTold = true

  constructor({ maxLines = 2_000_000, maxBytes = 512 * 1_048_576, schedule = nextFrame }: LogStoreOptions = {}) {
    this.#maxLines = maxLines
    this.#maxBytes = maxBytes
    this.#schedule = schedule
  }

  /** Ids of the rows that are kept: from this one on, and below `endId`. */
  get firstId(): number {
    return this.#chunks[0]?.firstId ?? 0
  }

  get endId(): number {
    return this.#chunks.at(-1)?.endId ?? 0
  }

  get chunks(): readonly LineChunk[] {
    return this.#chunks
  }

  /** How many of the oldest lines went. */
  get droppedLines(): number {
    return this.#rows.numberOf(this.firstId) - 1
  }

  /** Lines that are kept. */
  get lineCount(): number {
    return this.#rows.numberOf(this.endId) - 1 - this.droppedLines
  }

  get sources(): readonly LogSource[] {
    return this.#sources
  }

  get phase(): LogPhase {
    return this.#phase
  }

  /** Those that may still change, with a number that changes when they do. */
  get openLines(): ReadonlyMap<number, number> {
    return this.#openLines
  }

  setPhase(phase: LogPhase): void {
    this.#phase = phase
    if (phase === 'ended') for (const entry of this.#entries) this.#settle(entry)
    this.#touch()
  }

  /** Names a source, or says how it stands; one that ended or is gone has no unfinished line. */
  setSource(key: string, { label, state }: { readonly label?: string; readonly state?: SourceState }): void {
    const entry = this.#entryOf(key)
    entry.info = { ...entry.info, ...(label !== undefined && { label }), ...(state !== undefined && { state }) }
    if (entry.info.state !== 'live') this.#settle(entry)
    this.#sources = this.#entries.map(({ info }) => info)
    this.#touch()
  }

  append({ source, lines }: LogBatch): void {
    const entry = this.#entryOf(source)
    for (const line of lines) this.#addLine(entry, line)
    this.#bound()
  }

  /** Several sources, merged by the times of their lines; a line without one stays behind the one before it. */
  appendByTime(batches: readonly LogBatch[]): void {
    for (const { source, line } of mergeByTime(batches)) this.#addLine(this.#entryOf(source), line)
    this.#bound()
  }

  /**
   * A piece of a text, cut anywhere. Times and levels are read from its lines; `atMs` is for lines that tell none. `offset`: of its first byte.
   */
  appendText(source: string, text: string, { atMs = null, offset = null }: { atMs?: number | null; offset?: number | null } = {}): void {
    const entry = this.#entryOf(source)
    let from = 0
    let at = offset
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', from)) {
      const line = text.slice(from, end)
      this.#add(entry, { text: line, atMs, level: null, offset: at, isRaw: true, ends: true })
      if (at !== null) at += utf8Length(line) + 1
      from = end + 1
    }
    if (from < text.length) this.#add(entry, { text: text.slice(from), atMs, level: null, offset: at, isRaw: true, ends: false })
    this.#bound()
  }

  addNotice(source: string, notice: LogNotice): void {
    const entry = this.#entryOf(source)
    this.#settle(entry)
    this.#rows.addNotice(this.endId)
    const { chunk, index } = this.#push(entry, { text: '', atMs: null, level: null, offset: null })
    chunk.notices.set(index, notice)
    this.#bound()
  }

  /** @throws RangeError for an id that is not kept */
  lineAt(id: number): StoredLine {
    const chunk = this.chunkOf(id)
    const index = id - chunk.firstId
    const source = this.#entries[chunk.sources[index] ?? 0]?.info
    if (index < 0 || index >= chunk.count || source === undefined) throw new RangeError(`row ${id} is not in the log`)
    return {
      id,
      number: this.#rows.numberOf(id),
      text: chunk.textAt(index),
      source,
      atMs: chunk.timeAt(index),
      level: chunk.levelAt(index),
      offset: chunk.offsetAt(index),
      rewrites: chunk.rewrites.get(index) ?? 0,
      notice: chunk.notices.get(index) ?? null,
    }
  }

  /** What people see of a row's id, from 1; of a notice: that of the next line. */
  numberOf(id: number): number {
    return this.#rows.numberOf(id)
  }

  /** That which holds the row, or the nearest one. */
  chunkOf(id: number): LineChunk {
    const place = findPlace(this.#chunks.length, (at) => (this.#chunks[at]?.firstId ?? 0) > id)
    const chunk = this.#chunks[Math.max(0, place - 1)]
    if (chunk === undefined) throw new RangeError('a log has at least one chunk')
    return chunk
  }

  /** Id of the line that a link names, looked for from `fromId` on; undefined: it is not here, or not yet. */
  findLine(reference: LineReference, fromId = 0): number | undefined {
    if ('number' in reference) {
      const id = this.#rows.idOf(reference.number)
      return id >= this.firstId && id < this.endId ? id : undefined
    }
    const source = this.#byKey.get(reference.source)?.info.number
    if (source === undefined) return undefined
    for (const chunk of this.#chunks) {
      if (chunk.endId <= fromId) continue
      const index = chunk.findOffset(source, reference.offset)
      if (index !== -1) return chunk.firstId + index
    }
    return undefined
  }

  /** The time of the first line that has one. */
  findStartMs(): number | null {
    for (const chunk of this.#chunks) {
      const index = chunk.times.findIndex((atMs, at) => at < chunk.count && !Number.isNaN(atMs))
      if (index !== -1) return chunk.timeAt(index)
    }
    return null
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Changes when the listeners are told, not before. */
  getVersion = (): number => this.#version

  #entryOf(key: string): SourceEntry {
    const known = this.#byKey.get(key)
    if (known !== undefined) return known
    const info: LogSource = { number: this.#entries.length, key, label: key, state: 'live' }
    const made: SourceEntry = { info, open: null, last: noFacts }
    this.#entries.push(made)
    this.#byKey.set(key, made)
    this.#sources = [...this.#sources, info]
    return made
  }

  #addLine(entry: SourceEntry, line: LogLine): void {
    const { text, isContinued = false, ...facts } = line
    if (!text.includes('\n')) return this.#add(entry, { ...facts, text, isRaw: false, ends: !isContinued })
    const parts = text.split('\n')
    for (const [at, part] of parts.entries()) {
      this.#add(entry, { ...facts, text: part, isRaw: false, ends: at < parts.length - 1 || !isContinued })
    }
  }

  #add(entry: SourceEntry, piece: Piece): void {
    const text = piece.ends ? withoutReturns(piece.text) : piece.text
    if (entry.open === null && piece.ends && text.length <= longestLine && !movesBack(text)) {
      if (piece.isRaw) entry.last = factsOfText(text, entry.last, piece.atMs)
      this.#push(entry, { ...piece, text, ...(piece.isRaw && entry.last) })
    } else this.#grow(entry, piece)
  }

  #grow(entry: SourceEntry, piece: Piece): void {
    const open = entry.open ?? this.#begin(entry, piece)
    const room = longestLine - open.text.length
    if (piece.text.length > room) {
      this.#grow(entry, { ...piece, text: piece.text.slice(0, room), ends: true })
      return this.#grow(entry, { ...piece, text: piece.text.slice(room) })
    }
    open.text.append(piece.text)
    open.given = { atMs: open.given.atMs ?? piece.atMs, level: open.given.level ?? piece.level }
    if (piece.ends) this.#settle(entry)
    else this.#show(entry, open)
  }

  #begin(entry: SourceEntry, piece: Piece): OpenLine {
    const { chunk, index } = this.#push(entry, { ...piece, text: '' }, true)
    entry.open = { id: chunk.firstId + index, text: new LineText(), isRaw: piece.isRaw, given: piece, before: entry.last }
    return entry.open
  }

  #show(entry: SourceEntry, { id, text, isRaw, given, before }: OpenLine): void {
    const chunk = this.chunkOf(id)
    const shown = text.text
    if (isRaw) entry.last = factsOfText(shown, before, given.atMs)
    chunk.replace(id - chunk.firstId, { text: shown, ...(isRaw ? entry.last : given) })
    if (text.rewrites > 0) chunk.rewrites.set(id - chunk.firstId, text.rewrites)
    this.#openLines.set(id, ++this.#revision)
  }

  #settle(entry: SourceEntry): void {
    const { open } = entry
    if (open === null) return
    open.text.finish()
    this.#show(entry, open)
    this.#forget(entry, open)
    this.chunkOf(open.id).settle()
  }

  #push(entry: SourceEntry, line: Omit<LogLine, 'isContinued'>, isGrowing = false): { chunk: LineChunk; index: number } {
    let chunk = this.chunkOf(this.endId)
    if (chunk.isFull) {
      chunk = new LineChunk(this.endId)
      this.#chunks.push(chunk)
    }
    const index = chunk.count
    chunk.push({ ...line, source: entry.info.number }, isGrowing)
    if (isGrowing) this.#openLines.set(chunk.firstId + index, ++this.#revision)
    return { chunk, index }
  }

  #bound(): void {
    if (this.#phase === 'loading') this.#phase = 'open'
    let bytes = this.#chunks.reduce((sum, chunk) => sum + chunk.bytes, 0)
    while (this.#chunks.length > 1 && (bytes > this.#maxBytes || this.endId - this.firstId > this.#maxLines)) {
      bytes -= this.#chunks.shift()?.bytes ?? 0
      for (const entry of this.#entries) if (entry.open !== null && entry.open.id < this.firstId) this.#forget(entry, entry.open)
      this.#rows.drop(this.firstId)
    }
    this.#touch()
  }

  #forget(entry: SourceEntry, open: OpenLine): void {
    this.#openLines.delete(open.id)
    entry.open = null
  }

  #touch(): void {
    if (!this.#isTold) return
    this.#isTold = false
    this.#schedule(() => {
      this.#isTold = true
      this.#version++
      for (const listener of this.#listeners) listener()
    })
  }
}

function withoutReturns(text: string): string {
  let end = text.length
  while (end > 0 && text.charCodeAt(end - 1) === 0x0d) end--
  return end === text.length ? text : text.slice(0, end)
}
