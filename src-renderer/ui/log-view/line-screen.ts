import { begunSequence, escapeSequence, stripEscapes } from './escape-sequences.ts'

/**
 * One line of a terminal: what is written after a carriage return or a backspace takes the place of what stood there. Colours are kept,
 * orders that only concern this line are obeyed, and all others are dropped. The same text gives the same line in any pieces.
 */
export class LineScreen {
  /** How often it was written over after a carriage return. */
  rewrites = 0
  /** Of each column its letters; empty: the second half of a wide one. */
  readonly #letters: string[] = []
  readonly #styles: string[] = []
  #column = 0
  #style = ''
  /** What stood here was left or wiped, and the next letter begins it anew. */
  #isAnew = false
  #pending = ''
  /** What came behind the last column that is kept apart, as it came. */
  #overflow = ''

  get length(): number {
    return this.#letters.length + this.#overflow.length
  }

  /** `text` has no line feed. */
  write(text: string): void {
    const whole = this.#pending + text
    this.#pending = unfinished.exec(whole)?.[0] ?? ''
    this.#read(whole.slice(0, whole.length - this.#pending.length))
  }

  /** No more comes: what only began shows as what it is. */
  finish(): void {
    this.#read(stripEscapes(this.#pending))
    this.#pending = ''
  }

  /** With the colours that its letters were written in. */
  text(): string {
    const out: string[] = []
    let style = ''
    for (const [column, letters] of this.#letters.entries()) {
      const next = this.#styles[column] ?? ''
      if (next !== style) out.push(style === '' ? '' : plain, next)
      style = next
      out.push(letters)
    }
    if (style !== '') out.push(plain)
    return out.join('') + this.#overflow
  }

  #read(text: string): void {
    for (const [part] of text.matchAll(token)) this.#obey(part)
  }

  #obey(part: string): void {
    const first = part.charCodeAt(0)
    if (first === 0x0d) this.#return()
    else if (first === 0x08) this.#column = Math.max(0, this.#column - 1)
    else if (first === 0x09) this.#column = Math.min(maxColumns, this.#column + 8 - (this.#column % 8))
    else if (first === 0x1b) this.#order(part)
    else if (first >= 0x20 && first !== 0x7f) this.#print(part)
  }

  #return(): void {
    this.#column = 0
    this.#overflow = ''
    if (this.#letters.length > 0) this.#isAnew = true
  }

  #print(letters: string): void {
    if (this.#isAnew) this.rewrites++
    this.#isAnew = false
    let at = 0
    for (const letter of letters) {
      if (this.#column >= maxColumns) break
      this.#put(letter)
      at += letter.length
    }
    this.#overflow += letters.slice(at)
  }

  #put(letter: string): void {
    const column = this.#column
    if (column > 0 && letter > '~' && mark.test(letter)) {
      const base = this.#letters[column - 1] === '' && column > 1 ? column - 2 : column - 1
      this.#fillTo(column)
      this.#letters[base] += letter
      return
    }
    const width = letter > '~' && wide.test(letter) ? 2 : 1
    this.#fillTo(column)
    this.#cut(column)
    this.#cut(column + width)
    this.#letters[column] = letter
    this.#styles[column] = this.#style
    if (width === 2) {
      this.#letters[column + 1] = ''
      this.#styles[column + 1] = this.#style
    }
    this.#column += width
  }

  #fillTo(column: number): void {
    while (this.#letters.length < column) {
      this.#letters.push(' ')
      this.#styles.push('')
    }
  }

  /** Where a wide letter stands across this edge, only blanks stay of it. */
  #cut(column: number): void {
    if (this.#letters[column] !== '') return
    this.#letters[column] = ' '
    this.#letters[column - 1] = ' '
  }

  #order(sequence: string): void {
    const [, parameters = '', kind = ''] = order.exec(sequence) ?? []
    const count = Math.min(maxColumns, Number(parameters) || 0)
    switch (kind) {
      case 'm':
        this.#style = startsAnew.test(parameters) ? (parameters === '' || parameters === '0' ? '' : sequence) : this.#style + sequence
        if (this.#style.length > maxStyle) this.#style = sequence.slice(0, maxStyle)
        return
      case 'K':
        return this.#erase(count)
      case 'G':
        this.#column = Math.max(1, count) - 1
        return
      case 'C':
        this.#column = Math.min(maxColumns, this.#column + Math.max(1, count))
        return
      case 'D':
        this.#column = Math.max(0, this.#column - Math.max(1, count))
    }
  }

  /** 0: from here on, 1: up to here, 2: all. */
  #erase(extent: number): void {
    if (extent === 1) {
      this.#fillTo(Math.min(maxColumns, this.#column + 1))
      this.#cut(this.#column + 1)
      for (let column = 0; column <= this.#column && column < maxColumns; column++) {
        this.#letters[column] = ' '
        this.#styles[column] = ''
      }
      return
    }
    const kept = extent === 2 ? 0 : Math.min(this.#column, this.#letters.length)
    if (kept === 0 && this.#letters.length > 0) this.#isAnew = true
    this.#cut(kept)
    this.#letters.length = kept
    this.#styles.length = kept
    this.#overflow = ''
  }
}

const maxColumns = 20_000
const maxStyle = 512
const plain = '\u001b[0m'
// oxlint-disable-next-line no-control-regex -- the escape character is what it is to find
const order = /^\u001b\[([\d;:]*)([A-Za-z])$/
const startsAnew = /^0*(?:;|$)/
const token = new RegExp(`${escapeSequence}|[^\\u0000-\\u001f\\u007f]+|[\\s\\S]`, 'gu')
/** At the end of a piece: the beginning of a sequence, or the first half of a letter. */
const unfinished = new RegExp(`(?:${begunSequence}|[\\ud800-\\udbff])$`)
const mark = /^[\p{M}\u200b-\u200d\u2060]$/u
const wide =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f680}-\u{1faff}\u{20000}-\u{3fffd}]$/u
