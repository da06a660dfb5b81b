/**
 * The words of a line as a shell takes them apart: quotes of both kinds, and a backslash before a quote, a space or itself. Nothing is expanded.
 * Undefined: a quote is not closed. `comment`: where a `#` begins a word, the rest is none of it.
 */
export function splitWords(line: string, options: { comment?: boolean } = {}): string[] | undefined {
  const words: string[] = []
  let word: string | undefined
  let quote = ''
  for (let at = 0; at < line.length; at += 1) {
    const letter = line.charAt(at)
    const next = line.charAt(at + 1)
    if (quote !== '') {
      if (letter === quote) quote = ''
      else if (letter === '\\' && quote === '"' && (next === '"' || next === '\\')) word += line.charAt((at += 1))
      else word += letter
    } else if (letter === '"' || letter === "'") {
      quote = letter
      word ??= ''
    } else if (letter === ' ' || letter === '\t') {
      if (word !== undefined) words.push(word)
      word = undefined
    } else if (letter === '#' && word === undefined && options.comment) break
    else if (letter === '\\' && /[\\"' ]/.test(next)) word = (word ?? '') + line.charAt((at += 1))
    else word = (word ?? '') + letter
  }
  if (quote !== '') return undefined
  if (word !== undefined) words.push(word)
  return words
}

/** Splits at commas and semicolons outside brackets: `gpu[1,3],cpu1` is two. */
export function splitAtCommas(text: string): string[] {
  const parts: string[] = []
  let depth = 0
  let from = 0
  for (let at = 0; at <= text.length; at += 1) {
    const letter = text.charAt(at)
    if (letter === '[') depth += 1
    else if (letter === ']') depth = Math.max(0, depth - 1)
    else if (at === text.length || (depth === 0 && (letter === ',' || letter === ';'))) {
      const part = text.slice(from, at).trim()
      if (part !== '') parts.push(part)
      from = at + 1
    }
  }
  return parts
}
