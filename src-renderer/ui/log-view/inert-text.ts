/** A piece of text that is shown as it is, or the sign for a letter that would do something rather than be seen. */
export type InertPart = { readonly text: string; readonly isSign: boolean }

/** Splits text so that nothing in it acts on the page: control letters and marks of direction become signs. */
export function inertParts(text: string): readonly InertPart[] {
  if (!acting.test(text)) return [{ text, isSign: false }]
  const parts: InertPart[] = []
  let from = 0
  for (const match of text.matchAll(actingAll)) {
    if (match.index > from) parts.push({ text: text.slice(from, match.index), isSign: false })
    parts.push({ text: signOf(match[0]), isSign: true })
    from = match.index + match[0].length
  }
  if (from < text.length) parts.push({ text: text.slice(from), isSign: false })
  return parts
}

// Joiners stay: scripts and emoji are made with them. A tab is white space.
const source =
  '[\\u0000-\\u0008\\u000a-\\u001f\\u007f-\\u009f\\u00ad\\u061c\\u200b\\u200e\\u200f\\u2028-\\u202e\\u2060-\\u2069\\ufeff\\ufff9-\\ufffb\\u{e0000}-\\u{e007f}]'
const acting = new RegExp(source, 'u')
const actingAll = new RegExp(source, 'gu')

const names: Readonly<Record<number, string>> = {
  0x00ad: 'SHY',
  0x061c: 'ALM',
  0x200b: 'ZWSP',
  0x200e: 'LRM',
  0x200f: 'RLM',
  0x2028: 'LS',
  0x2029: 'PS',
  0x202a: 'LRE',
  0x202b: 'RLE',
  0x202c: 'PDF',
  0x202d: 'LRO',
  0x202e: 'RLO',
  0x2060: 'WJ',
  0x2066: 'LRI',
  0x2067: 'RLI',
  0x2068: 'FSI',
  0x2069: 'PDI',
  0xfeff: 'BOM',
}

function signOf(letter: string): string {
  const code = letter.codePointAt(0) ?? 0
  if (code < 0x20) return String.fromCharCode(0x2400 + code)
  if (code === 0x7f) return '\u2421'
  return `⟨${names[code] ?? `U+${code.toString(16).toUpperCase().padStart(4, '0')}`}⟩`
}
