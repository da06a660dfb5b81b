import { memo } from 'react'
import { classNames } from '../class-names.ts'
import { type LineToken, parseLine } from './ansi-line.ts'
import { inertParts } from './inert-text.ts'

type LineContentProps = { readonly text: string; readonly ranges: readonly number[]; readonly isCurrent: boolean }

/** The text of a line in its colours, with what was searched for marked. */
export const LineContent = memo(function LineContent({ text, ranges, isCurrent }: LineContentProps) {
  return markedPieces(parseLine(text), ranges).map((piece, at) =>
    piece.isHit ? (
      <mark
        key={at}
        className={classNames('rounded-[2px]', isCurrent ? 'bg-accent text-on-accent' : 'bg-warn-line text-ink outline-1 outline-warn')}
      >
        <Inert text={piece.text} />
      </mark>
    ) : piece.className === '' ? (
      <Inert key={at} text={piece.text} />
    ) : (
      <span key={at} className={piece.className}>
        <Inert text={piece.text} />
      </span>
    ),
  )
})

function Inert({ text }: { readonly text: string }) {
  return inertParts(text).map((part, at) =>
    part.isSign ? (
      <span key={at} className="rounded-[2px] bg-idle-soft text-soft">
        {part.text}
      </span>
    ) : (
      part.text
    ),
  )
}

type Piece = LineToken & { readonly isHit: boolean }

/** Cuts the tokens where ranges begin and end. */
function markedPieces(tokens: readonly LineToken[], ranges: readonly number[]): readonly Piece[] {
  if (ranges.length === 0) return tokens.map((token) => ({ ...token, isHit: false }))
  const pieces: Piece[] = []
  let begin = 0
  let edge = 0
  for (const token of tokens) {
    const end = begin + token.text.length
    for (let from = begin; from < end; ) {
      while ((ranges[edge] ?? Number.POSITIVE_INFINITY) <= from) edge++
      const to = Math.min(end, ranges[edge] ?? end)
      pieces.push({ text: token.text.slice(from - begin, to - begin), className: token.className, isHit: edge % 2 === 1 })
      from = to
    }
    begin = end
  }
  return pieces
}
