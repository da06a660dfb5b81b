import type { LinePattern } from './line-pattern.ts'
import type { PatternRunner } from './pattern-runner.ts'

type Entry = { readonly text: string; ranges: readonly number[] }

/** Where the lines in sight hold the pattern that is searched. It is found in the worker, so it is there a moment later. */
export class HitRanges {
  readonly #runner: PatternRunner
  readonly #onFound: () => void
  readonly #entries = new Map<number, Entry>()
  #pattern: LinePattern | null = null
  #asked: { id: number; text: string }[] = []

  constructor(runner: PatternRunner, onFound: () => void) {
    this.#runner = runner
    this.#onFound = onFound
  }

  /** Null: nothing is marked. */
  setPattern(pattern: LinePattern | null): void {
    this.#pattern = pattern
    this.#entries.clear()
    this.#asked = []
  }

  /** Begins and ends by turns, in the text that the row shows. */
  of(id: number, text: string): readonly number[] {
    const known = this.#entries.get(id)
    if (known?.text === text || this.#pattern === null) return known?.ranges ?? []
    if (this.#entries.size >= mostEntries) this.#entries.clear()
    this.#entries.set(id, { text, ranges: [] })
    if (this.#asked.length === 0) queueMicrotask(() => void this.#find())
    this.#asked.push({ id, text })
    return []
  }

  async #find(): Promise<void> {
    const [asked, pattern] = [this.#asked, this.#pattern]
    this.#asked = []
    if (pattern === null || asked.length === 0) return
    try {
      const found = await this.#runner.ranges(
        pattern,
        asked.map(({ text }) => text),
      )
      if (pattern !== this.#pattern) return
      for (const [at, { id, text }] of asked.entries()) this.#entries.set(id, { text, ranges: found[at] ?? [] })
      this.#onFound()
    } catch {
      if (pattern === this.#pattern) this.#pattern = null // it takes too long for some line: then none is marked, and the search says so itself
    }
  }
}

const mostEntries = 2_000
