import { type ColumnFilter, filterColumns } from './column-filter.ts'
import { HitRanges } from './hit-ranges.ts'
import { IdSet } from './id-set.ts'
import type { LineChunk } from './line-chunk.ts'
import { emptyPattern, faultOfPattern, type LinePattern } from './line-pattern.ts'
import type { LogLevel } from './log-line.ts'
import type { LogStore } from './log-store.ts'
import { nextFrame } from './next-frame.ts'
import { PatternRunner, PatternTooSlow, SearchStopped, type StartWorker } from './pattern-runner.ts'

/** What is marked (`search`) and what is shown (all else). `hidden`: keys of sources. */
export type LogQuery = {
  readonly search: LinePattern
  readonly filter: LinePattern
  readonly level: LogLevel | null
  readonly hidden: readonly string[]
  readonly sinceMs: number | null
  readonly untilMs: number | null
}

export const emptyQuery: LogQuery = { search: emptyPattern, filter: emptyPattern, level: null, hidden: [], sinceMs: null, untilMs: null }

/** Why a pattern was given up. `atLine`: the number of the line that it came to. */
export type SearchFailure =
  | { readonly kind: 'fault'; readonly message: string }
  | { readonly kind: 'slow'; readonly atLine: number }
  | { readonly kind: 'broken'; readonly message: string }

export type LogSearchOptions = {
  readonly startWorker: StartWorker
  /** For a megabyte of text, or one line. @default 4,000 */
  readonly limitMs?: number
  readonly schedule?: (run: () => void) => void
}

type Use = 'search' | 'filter'

/**
 * Which rows of a log are shown and which of them are hits, kept up with the log as it grows. Texts are searched in a worker, a chunk at a
 * time, and all else in slices of some milliseconds. It works while somebody listens.
 */
export class LogSearch {
  readonly #store: LogStore
  readonly #runner: PatternRunner
  readonly #ranges: HitRanges
  readonly #schedule: (run: () => void) => void
  readonly #shown = new IdSet()
  readonly #hits = new IdSet()
  readonly #unsettled = new Map<number, number>()
  readonly #failures: Record<Use, SearchFailure | null> = { search: null, filter: null }
  readonly #listeners = new Set<() => void>()
  #query = emptyQuery
  /** Rows below are judged by the filter, and of those shown the ones below `#searchedTo` for hits. */
  #filteredTo = 0
  #searchedTo = 0
  #turn = 0
  #isWorking = false
  /** There may be more to do than when the work began. */
  #isCalled = false
  #sliceFromMs = 0
  #version = 0
  #isTold = true
  #leave: (() => void) | null = null

  constructor(store: LogStore, { startWorker, limitMs = 4_000, schedule = nextFrame }: LogSearchOptions) {
    this.#store = store
    this.#schedule = schedule
    this.#runner = new PatternRunner(startWorker, limitMs)
    this.#ranges = new HitRanges(this.#runner, () => this.#tellSoon())
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    this.#leave ??= this.#store.subscribe(() => {
      this.#tell()
      void this.#work()
    })
    void this.#work()
    return () => {
      this.#listeners.delete(listener)
      if (this.#listeners.size > 0) return
      this.#leave?.()
      this.#leave = null
      this.#runner.stop()
    }
  }

  /** Changes when the listeners are told. */
  getVersion = (): number => this.#version

  setQuery(query: LogQuery): void {
    const isSameFilter = JSON.stringify({ ...query, search: null }) === JSON.stringify({ ...this.#query, search: null })
    const isSameSearch = JSON.stringify(query.search) === JSON.stringify(this.#query.search)
    if (isSameFilter && isSameSearch) return
    this.#query = query
    this.#turn++
    this.#unsettled.clear()
    this.#hits.clear()
    this.#searchedTo = 0
    this.#failures.search = faultIn(query.search)
    this.#ranges.setPattern(this.#isUsed('search') ? query.search : null)
    if (!isSameFilter) {
      this.#failures.filter = faultIn(query.filter)
      this.#shown.clear()
      this.#filteredTo = 0
    }
    this.#tellSoon()
    if (this.#leave !== null) void this.#work()
  }

  get isWorking(): boolean {
    return this.#isWorking
  }

  failureOf(use: Use): SearchFailure | null {
    return this.#failures[use]
  }

  /** Whether some rows may be hidden. */
  get isFiltered(): boolean {
    const { level, hidden, sinceMs, untilMs } = this.#query
    return this.#hasFilterText() || level !== null || hidden.length > 0 || sinceMs !== null || untilMs !== null
  }

  get rowCount(): number {
    return this.isFiltered ? this.#shown.count : this.#store.endId - this.#store.firstId
  }

  /** @throws RangeError for a row that is not there */
  idOfRow(row: number): number {
    const id = this.isFiltered ? this.#shown.at(row) : this.#store.firstId + row
    if (id === undefined) throw new RangeError(`row ${row} is none of the ${this.rowCount} rows`)
    return id
  }

  /** The row of this line, or where it would stand. */
  rowOfId(id: number): number {
    return this.isFiltered ? this.#shown.rankOf(id) : Math.min(Math.max(0, id - this.#store.firstId), this.rowCount)
  }

  get hitCount(): number {
    return this.#hits.count
  }

  isHit(id: number): boolean {
    return this.#hits.has(id)
  }

  /** How many-th of the hits it is, from 1; 0: it is none. */
  hitNumberOf(id: number): number {
    return this.#hits.has(id) ? this.#hits.rankOf(id) + 1 : 0
  }

  /** The nearest hit behind a row, or before it; past the last it begins anew. Undefined: there is no hit. */
  findHit(id: number, direction: 'next' | 'previous'): number | undefined {
    if (direction === 'next') return this.#hits.at(this.#hits.rankOf(id + 1)) ?? this.#hits.at(0)
    return this.#hits.at(this.#hits.rankOf(id) - 1) ?? this.#hits.at(this.#hits.count - 1)
  }

  /** Begins and ends of what is found in the text that a row shows, by turns. */
  rangesOf(id: number, shownText: string): readonly number[] {
    return this.#hits.has(id) ? this.#ranges.of(id, shownText) : []
  }

  #hasFilterText(): boolean {
    return this.#query.filter.text !== '' && this.#failures.filter?.kind !== 'fault'
  }

  #isUsed(use: Use): boolean {
    return this.#query[use].text !== '' && this.#failures[use] === null
  }

  async #work(): Promise<void> {
    this.#isCalled = true
    if (this.#isWorking) return
    this.#isWorking = true
    this.#sliceFromMs = performance.now()
    while (this.#isCalled) {
      this.#isCalled = false
      await this.#workOff()
    }
    this.#isWorking = false
    this.#tellSoon()
  }

  async #workOff(): Promise<void> {
    try {
      while (this.#listeners.size > 0 && (await this.#step())) {
        this.#tellSoon()
        if (performance.now() - this.#sliceFromMs > sliceMs) await this.#pause()
      }
    } catch (error) {
      if (!(error instanceof SearchStopped)) throw error
    }
  }

  async #pause(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve))
    this.#sliceFromMs = performance.now()
  }

  /** False: nothing is left to do. */
  async #step(): Promise<boolean> {
    const { firstId, endId } = this.#store
    this.#shown.dropBelow(firstId)
    this.#hits.dropBelow(firstId)
    this.#filteredTo = Math.max(this.#filteredTo, firstId)
    this.#searchedTo = Math.max(this.#searchedTo, firstId)
    const changed = this.#findChanged()
    if (changed.length > 0) await this.#judgeAgain(changed)
    else if (this.isFiltered && this.#filteredTo < endId && (this.#isUsed('filter') || !this.#hasFilterText())) await this.#filterOn()
    else if (this.#isUsed('search') && this.#searchedTo < (this.isFiltered ? this.#filteredTo : endId)) await this.#searchOn()
    else return false
    return true
  }

  async #filterOn(): Promise<void> {
    const chunk = this.#store.chunkOf(this.#filteredTo)
    const range = { from: this.#filteredTo, to: chunk.endId }
    const turn = this.#turn
    this.#noteOpenLines(range)
    const shown = await this.#match('filter', chunk, filterColumns(chunk, range, this.#columns()))
    if (turn !== this.#turn || shown === null) return
    this.#shown.append(shown)
    this.#filteredTo = range.to
  }

  async #searchOn(): Promise<void> {
    const chunk = this.#store.chunkOf(this.#searchedTo)
    const range = { from: this.#searchedTo, to: this.isFiltered ? Math.min(chunk.endId, this.#filteredTo) : chunk.endId }
    const turn = this.#turn
    this.#noteOpenLines(range)
    const candidates = this.isFiltered ? this.#shown.slice(range.from, range.to) : filterColumns(chunk, range, allLines)
    const hits = await this.#match('search', chunk, candidates)
    if (turn !== this.#turn || hits === null) return
    this.#hits.append(hits)
    this.#searchedTo = range.to
  }

  /** A line that was not finished when it was judged. */
  async #judgeAgain(ids: readonly number[]): Promise<void> {
    for (const id of ids) {
      const turn = this.#turn
      const revision = this.#store.openLines.get(id)
      if (revision === undefined) this.#unsettled.delete(id)
      else this.#unsettled.set(id, revision)
      const chunk = this.#store.chunkOf(id)
      const passing = this.isFiltered ? filterColumns(chunk, { from: id, to: id + 1 }, this.#columns()) : [id]
      const shown = id < this.#filteredTo || !this.isFiltered ? await this.#match('filter', chunk, passing) : null
      if (turn !== this.#turn) return
      if (shown !== null && this.isFiltered) this.#shown.set(id, shown.length > 0)
      if (shown === null || id >= this.#searchedTo || !this.#isUsed('search')) continue
      const hits = await this.#match('search', chunk, shown)
      if (turn !== this.#turn) return
      if (hits !== null) this.#hits.set(id, hits.length > 0)
    }
  }

  /** Those of the lines that hold the pattern of this use. Null: it was given up. */
  async #match(use: Use, chunk: LineChunk, ids: readonly number[]): Promise<readonly number[] | null> {
    const pattern = this.#query[use]
    if (!this.#isUsed(use)) return use === 'filter' ? ids : []
    if (ids.length === 0) return ids
    const turn = this.#turn
    try {
      const found = await this.#runner.lines(pattern, textOf(chunk, ids))
      this.#sliceFromMs = performance.now()
      return found.map((at) => ids[at] ?? 0)
    } catch (error) {
      if (error instanceof SearchStopped) throw error
      if (turn === this.#turn) this.#giveUp(use, { error, id: ids[0] ?? 0 })
      return null
    }
  }

  #giveUp(use: Use, { error, id }: { error: unknown; id: number }): void {
    const message = error instanceof Error ? error.message : String(error)
    this.#failures[use] = error instanceof PatternTooSlow ? { kind: 'slow', atLine: this.#store.numberOf(id) } : { kind: 'broken', message }
    if (use === 'search') this.#ranges.setPattern(null)
  }

  #columns(): ColumnFilter {
    const { level, hidden, sinceMs, untilMs } = this.#query
    const hiddenSources = new Set(this.#store.sources.filter(({ key }) => hidden.includes(key)).map(({ number }) => number))
    const hasNotices = !this.#hasFilterText() && level === null && sinceMs === null && untilMs === null
    return { level, hiddenSources, sinceMs, untilMs, hasNotices }
  }

  #noteOpenLines({ from, to }: { from: number; to: number }): void {
    for (const [id, revision] of this.#store.openLines) if (id >= from && id < to) this.#unsettled.set(id, revision)
  }

  /** A very long line is not judged again before it is finished. */
  #findChanged(): number[] {
    const changed: number[] = []
    for (const [id, judged] of this.#unsettled) {
      const revision = this.#store.openLines.get(id)
      if (id < this.#store.firstId) this.#unsettled.delete(id)
      else if (revision === undefined || (revision !== judged && this.#store.lineAt(id).text.length < longLetters)) changed.push(id)
    }
    return changed
  }

  #tell(): void {
    this.#version++
    for (const listener of this.#listeners) listener()
  }

  #tellSoon(): void {
    if (!this.#isTold) return
    this.#isTold = false
    this.#schedule(() => {
      this.#isTold = true
      this.#tell()
    })
  }
}

const sliceMs = 8
const longLetters = 1_048_576
const allLines: ColumnFilter = { level: null, hiddenSources: new Set(), sinceMs: null, untilMs: null, hasNotices: false }

function faultIn(pattern: LinePattern): SearchFailure | null {
  const message = pattern.text === '' ? null : faultOfPattern(pattern)
  return message === null ? null : { kind: 'fault', message }
}

function textOf(chunk: LineChunk, ids: readonly number[]): string {
  const [first = 0, last = -1] = [ids[0], ids.at(-1)]
  if (last - first === ids.length - 1) return chunk.textOf(first - chunk.firstId, last + 1 - chunk.firstId)
  return ids.map((id) => chunk.textAt(id - chunk.firstId)).join('\n')
}
