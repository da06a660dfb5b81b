import type { LinePattern } from './line-pattern.ts'
import { matchLines, matchRanges } from './match-lines.ts'

/** What the worker is asked: which lines of a text hold the pattern, or where each of some lines holds it. */
export type SearchOrder =
  | { readonly type: 'lines'; readonly pattern: LinePattern; readonly text: string }
  | { readonly type: 'ranges'; readonly pattern: LinePattern; readonly lines: readonly string[] }

/** The part of a worker's global scope that is used here. */
type Scope = {
  onmessage: ((event: { data: SearchOrder }) => void) | null
  postMessage(answer: readonly number[] | readonly number[][] | null): void
}

const scope = globalThis as unknown as Scope // the page's types know a window only

scope.onmessage = ({ data }) => {
  if (data.type === 'lines') scope.postMessage(matchLines(data.text, data.pattern))
  else scope.postMessage(data.lines.map((line) => matchRanges(line, data.pattern)))
}
scope.postMessage(null) // from here on, time counts
