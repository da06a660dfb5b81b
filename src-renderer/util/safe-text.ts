/** More than any cell or line shows; a text of megabytes would take seconds to lay out. */
const longestText = 1_000

// Controls, line ends and all that has no shape but changes what is seen around it. The two joiners are left: letters and emoji need them.
const unseen = /[\p{Cc}\p{Zl}\p{Zp}]|(?![\u200c\u200d])\p{Cf}/gu

/** A text from elsewhere as it may stand in a page: marks that hide or turn text around become visible, and what is long is cut. */
export function safeText(value: string, maxLength = longestText): string {
  const cut = value.length > maxLength ? `${value.slice(0, maxLength).replace(/[\ud800-\udbff]$/, '')}…` : value
  return cut.toWellFormed().replaceAll(unseen, shapeOf)
}

const shapes: Readonly<Record<string, string>> = { '\n': '↵', '\t': '⇥' }

const shapeOf = (mark: string): string => shapes[mark] ?? `⟨U+${(mark.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}⟩`
