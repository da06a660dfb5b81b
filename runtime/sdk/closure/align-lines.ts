import type { Token } from 'acorn'
import type { Edit } from './function-text.ts'

/** Tokens after which, or before which, a line break would change what the code means. */
const noBreakAfter = /^(return|throw|break|continue|yield|async|using)$/
const noBreakBefore = /^(=>|\+\+|--|using)$/

/** The offsets in `text` where a line break changes nothing. `shift` is how far the tokens' offsets are ahead of it. */
export function breakableOffsets(text: string, tokens: readonly Token[], shift: number): number[] {
  const offsets: number[] = []
  let previous = ''
  for (const token of tokens) {
    const start = token.start - shift
    const current = text.slice(start, token.end - shift)
    // A break before these would become part of the template's text.
    const isTemplate = token.type.label === 'template' || token.type.label === '${' || current === '`'
    if (start > 0 && start < text.length && !isTemplate && !noBreakAfter.test(previous) && !noBreakBefore.test(current)) offsets.push(start)
    previous = current
  }
  return offsets
}

type Alignment = {
  text: string
  breaks: readonly number[]
  /** The user's zero-based line where `text` starts. */
  firstLine: number
  /** The user's zero-based line of an offset of `text`, undefined where unknown. */
  originalLine: (offset: number) => number | undefined
}

/**
 * Line breaks to insert into `text` so that its tokens stand on the lines where the user wrote them. Tools such as tsx
 * put a whole file on a few long lines; stack traces of the rebuilt function then still name the right line.
 */
export function alignLines({ text, breaks, firstLine, originalLine }: Alignment): Edit[] {
  const edits: Edit[] = []
  let line = firstLine
  let scanned = 0
  for (const offset of breaks) {
    line += text.slice(scanned, offset).split('\n').length - 1
    scanned = offset
    const wanted = originalLine(offset)
    if (wanted === undefined || wanted <= line || wanted - line > 10_000) continue
    edits.push({ start: offset, end: offset, text: '\n'.repeat(wanted - line) })
    line = wanted
  }
  return edits
}
