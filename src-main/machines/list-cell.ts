/** Several texts in one cell: semicolons between them, a backslash before what would otherwise part them, `none` for an empty list. */
export function joinCell(texts: readonly string[]): string {
  return texts.length === 0 ? 'none' : texts.map(escaped).join(';')
}

/** Also commas and bars part them, as people write them; a backslash that stands before nothing special is itself. */
export function splitCell(cell: string): string[] {
  if (cell.trim() === 'none') return []
  const texts: string[] = []
  let text = ''
  let keptLength = 0 // what was escaped is not trimmed
  const end = () => {
    const trimmed = text.slice(0, keptLength) + text.slice(keptLength).trimEnd()
    if (trimmed !== '') texts.push(trimmed)
    text = ''
    keptLength = 0
  }
  for (let at = 0; at < cell.length; at += 1) {
    const letter = cell.charAt(at)
    const next = cell.charAt(at + 1)
    if (letter === '\\' && (/[\\;,|]/.test(next) || /\s/.test(next))) {
      text += next
      keptLength = text.length
      at += 1
    } else if (letter === ';' || letter === ',' || letter === '|') end()
    else if (text !== '' || !/\s/.test(letter)) text += letter
  }
  end()
  return texts
}

const escaped = (text: string): string => text.replaceAll(/[\\;,|]|^\s+|\s+$/g, (part) => part.replaceAll(/[^]/g, '\\$&'))
