import { tokenizer } from 'acorn'
import type { Edit } from './function-text.ts'

/** Tokens after which, or before which, a line break would change what the code means. */
const noBreakAfter = /^(return|throw|break|continue|yield|async|using)$/
const noBreakBefore = /^(=>|\+\+|--|using)$/

/**
 * Line breaks to insert into `text` so that its tokens stand on the lines where the user wrote them. Tools such as tsx
 * put a whole file on a few long lines; stack traces of the rebuilt function then still name the right line.
 *
 * @param originalLine the user's zero-based line of an offset of `text`, undefined where unknown
 */
export function alignLines(text: string, firstLine: number, originalLine: (offset: number) => number | undefined): Edit[] {
  const edits: Edit[] = []
  let line = firstLine
  let previous = ''
  let scanned = 0
  try {
    for (const token of tokenizer(text, { ecmaVersion: 'latest' })) {
      line += countLines(text.slice(scanned, token.start))
      scanned = token.start
      const current = text.slice(token.start, token.end)
      // A break before these would become part of the template's text.
      const isTemplate = token.type.label === 'template' || token.type.label === '${' || current === '`'
      const mayBreak = !isTemplate && !noBreakAfter.test(previous) && !noBreakBefore.test(current)
      const wanted = mayBreak ? originalLine(token.start) : undefined
      if (wanted !== undefined && wanted > line && wanted - line < 10_000 && token.start > 0) {
        edits.push({ start: token.start, end: token.start, text: '\n'.repeat(wanted - line) })
        line = wanted
      }
      previous = current
    }
  } catch {
    return edits // what the tokenizer cannot read stays as it is; the code itself is not affected
  }
  return edits
}

export function countLines(text: string): number {
  let count = 0
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count++
  return count
}
