import type { LineFilter, LogLevel } from '../protocol/logs.ts'
import { isAtLeast, LineStamper } from './line-facts.ts'
import { createMatcher, type LineMatcher } from './line-matcher.ts'
import type { RawLine } from './line-splitter.ts'

export type StampedLine = RawLine & { readonly timeMs: number | null; readonly level: LogLevel | null }

/** Lines before one that was found, which it may go on from. */
const lookedBack = 20

/** Stamps the lines of one file and picks those that are wanted. */
export class LineSelector {
  readonly #filter: LineFilter
  readonly #matches: LineMatcher | undefined
  readonly #stamper = new LineStamper()

  /** @throws ClusterError `bad-argument` for a pattern that is no regular expression. */
  constructor(filter: LineFilter, matches?: LineMatcher) {
    this.#filter = filter
    this.#matches = matches ?? (filter.pattern === null ? undefined : createMatcher(filter.pattern))
  }

  /** One of the same filter, that knows no line yet. */
  forFile(): LineSelector {
    return new LineSelector(this.#filter, this.#matches)
  }

  /** @throws ClusterError `bad-argument` when the pattern takes too long. */
  select(lines: readonly RawLine[]): StampedLine[] {
    const { level, sinceMs, untilMs } = this.#filter
    if (this.#matches === undefined || level !== null || sinceMs !== null || untilMs !== null) {
      const stamped = lines.map((line) => ({ ...line, ...this.#stamper.stamp(line.text) })).filter((line) => this.#isWanted(line))
      if (this.#matches === undefined || stamped.length === 0) return stamped
      const fits = this.#matches(stamped.map(({ text }) => text))
      return stamped.filter((_, at) => fits[at])
    }
    const fits = this.#matches(lines.map(({ text }) => text)) // few fit, as a rule: the others need no stamp
    return lines.flatMap((_, at) => (fits[at] === true ? [this.#stampAt(lines, at)] : []))
  }

  /** Its facts, with those of the lines right before it. */
  #stampAt(lines: readonly RawLine[], at: number): StampedLine {
    const stamper = new LineStamper()
    for (let before = Math.max(0, at - lookedBack); before < at; before += 1) stamper.stamp(lines[before]?.text ?? '')
    const line = lines[at] as RawLine // `at` comes from this very list
    return { ...line, ...stamper.stamp(line.text) }
  }

  #isWanted({ timeMs, level }: StampedLine): boolean {
    const { sinceMs, untilMs } = this.#filter
    if (this.#filter.level !== null && !isAtLeast(level, this.#filter.level)) return false
    if (sinceMs !== null && timeMs !== null && timeMs < sinceMs) return false
    return untilMs === null || timeMs === null || timeMs <= untilMs
  }
}
