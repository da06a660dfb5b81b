/** What is looked for in lines: a text as it is, or a regular expression of JavaScript. */
export type LinePattern = { readonly text: string; readonly isRegex: boolean; readonly isCaseSensitive: boolean }

export const emptyPattern: LinePattern = { text: '', isRegex: false, isCaseSensitive: false }

const kinds = { t: [false, false], T: [false, true], r: [true, false], R: [true, true] } as const

/** For an address: `t` or `r` before a text or a regular expression, in capitals if letters must be of the same case. Empty: no pattern. */
export const encodePattern = ({ text, isRegex, isCaseSensitive }: LinePattern): string =>
  text === '' ? '' : `${isRegex ? (isCaseSensitive ? 'R' : 'r') : isCaseSensitive ? 'T' : 't'}:${text}`

/** Reads what `encodePattern` gave; anything else is a plain text. */
export function decodePattern(encoded: string): LinePattern {
  const letter = encoded.slice(0, 1)
  if (encoded[1] !== ':' || !isKind(letter)) return { ...emptyPattern, text: encoded }
  const [isRegex, isCaseSensitive] = kinds[letter]
  return { text: encoded.slice(2), isRegex, isCaseSensitive }
}

const isKind = (letter: string): letter is keyof typeof kinds => Object.hasOwn(kinds, letter)

/** One that finds all places. @throws SyntaxError when it is no regular expression */
export function compilePattern({ text, isRegex, isCaseSensitive }: LinePattern): RegExp {
  const flags = isCaseSensitive ? 'g' : 'gi'
  if (!isRegex) return new RegExp(text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'), flags)
  try {
    return new RegExp(text, `${flags}u`)
  } catch {
    return new RegExp(text, flags) // the Unicode form refuses needless backslashes, such as \-
  }
}

/** Why it cannot be used; null: it can. */
export function faultOfPattern(pattern: LinePattern): string | null {
  try {
    compilePattern(pattern)
    return null
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
