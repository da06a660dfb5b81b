import { stripEscapes } from './escape-sequences.ts'
import { compilePattern, type LinePattern } from './line-pattern.ts'

/** Which lines of a text hold the pattern, counted from 0. Escape sequences are not looked at. */
export function matchLines(text: string, pattern: LinePattern): number[] {
  const plain = stripEscapes(text)
  return pattern.isRegex ? matchEach(plain, pattern) : matchWhole(plain, pattern)
}

/** Where a line holds the pattern: begin and end by turns, as many as a row can show. */
export function matchRanges(line: string, pattern: LinePattern): number[] {
  const ranges: number[] = []
  for (const match of line.matchAll(compilePattern(pattern))) {
    if (match[0] !== '') ranges.push(match.index, match.index + match[0].length)
    if (ranges.length >= 2 * maxRanges) break
  }
  return ranges
}

const maxRanges = 1_000

/** A plain text has no line feed, so all lines can be searched as one. */
function matchWhole(text: string, pattern: LinePattern): number[] {
  const found: number[] = []
  const find = finderOf(pattern)
  let line = 0
  let nextLine = text.indexOf('\n')
  for (let at = find(text, 0); at !== -1; at = find(text, nextLine + 1)) {
    while (nextLine !== -1 && nextLine < at) {
      nextLine = text.indexOf('\n', nextLine + 1)
      line++
    }
    found.push(line)
    if (nextLine === -1) break
  }
  return found
}

function finderOf(pattern: LinePattern): (text: string, from: number) => number {
  if (pattern.isCaseSensitive) return (text, from) => text.indexOf(pattern.text, from)
  const expression = compilePattern(pattern)
  return (text, from) => {
    expression.lastIndex = from
    return expression.exec(text)?.index ?? -1
  }
}

/** By itself each line: an expression may well match a line feed. */
function matchEach(text: string, pattern: LinePattern): number[] {
  const found: number[] = []
  const expression = compilePattern(pattern)
  let from = 0
  for (let line = 0; from <= text.length; line++) {
    const end = text.indexOf('\n', from)
    expression.lastIndex = 0
    if (expression.test(text.slice(from, end === -1 ? undefined : end))) found.push(line)
    if (end === -1) break
    from = end + 1
  }
  return found
}
