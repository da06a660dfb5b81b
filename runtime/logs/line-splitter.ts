export type RawLine = {
  /** Of its first byte. */
  readonly offset: number
  /** Offset behind it and its line break. */
  readonly end: number
  readonly text: string
  /** Only a piece: the line goes on in the next one, or had not ended yet. */
  readonly isPiece: boolean
}

const newline = 10
/** Longer lines come in pieces. */
export const longestLineBytes = 65_536

/**
 * Cuts the bytes of a file into lines. Bytes that are not UTF-8 become replacement characters; letters that were split over chunks do
 * not, as lines are decoded whole. A line over 64 KiB comes in pieces that do not split a letter.
 */
export class LineSplitter {
  readonly #longest: number
  #rest: Buffer = Buffer.alloc(0)
  #offset: number

  constructor(offset: number, longestBytes = longestLineBytes) {
    this.#offset = offset
    this.#longest = longestBytes
  }

  /** Where the line begins that has not ended yet. */
  get offset(): number {
    return this.#offset
  }

  /** Bytes of it that are here. */
  get waitingBytes(): number {
    return this.#rest.byteLength
  }

  /** Bytes from where the last ones ended. */
  push(bytes: Uint8Array): RawLine[] {
    const added = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const all = this.#rest.byteLength === 0 ? added : Buffer.concat([this.#rest, added])
    const lines: RawLine[] = []
    let start = 0
    for (let end = all.indexOf(newline); ; end = all.indexOf(newline, start)) {
      while ((end < 0 ? all.byteLength : end) - start > this.#longest) {
        const cut = letterStart(all, start + this.#longest)
        lines.push(this.#take(all, { start, end: cut, next: cut, isPiece: true }))
        start = cut
      }
      if (end < 0) break
      lines.push(this.#take(all, { start, end, next: end + 1, isPiece: false }))
      start = end + 1
    }
    this.#rest = start === all.byteLength ? Buffer.alloc(0) : Buffer.from(all.subarray(start)) // a copy: the rest of the chunk may go
    return lines
  }

  /** What has come of a line that has not ended: all of it but a letter that is not whole. */
  flush({ atEnd }: { readonly atEnd: boolean }): RawLine[] {
    const rest = this.#rest
    const end = atEnd ? rest.byteLength : wholeLetters(rest)
    if (end === 0) return []
    const line = this.#take(rest, { start: 0, end, next: end, isPiece: true })
    this.#rest = Buffer.from(rest.subarray(end))
    return [line]
  }

  #take(all: Buffer, { start, end, next, isPiece }: { start: number; end: number; next: number; isPiece: boolean }): RawLine {
    const offset = this.#offset
    this.#offset += next - start
    const hasReturn = !isPiece && end > start && all[end - 1] === 13
    return { offset, end: this.#offset, text: all.toString('utf8', start, hasReturn ? end - 1 : end), isPiece }
  }
}

/** The last place at or before `at`, at most 3 bytes, where a letter begins. */
export function letterStart(bytes: Uint8Array, at: number): number {
  for (let back = 0; back < 4; back += 1) if (((bytes[at - back] ?? 0) & 0xc0) !== 0x80) return at - back
  return at // these are not letters
}

/** How many bytes there are up to the last letter that is whole. */
export function wholeLetters(bytes: Uint8Array): number {
  const end = bytes.byteLength
  for (let back = 1; back <= Math.min(3, end); back += 1) {
    const byte = bytes[end - back] ?? 0
    if ((byte & 0xc0) === 0x80) continue
    const needed = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1
    return needed > back ? end - back : end
  }
  return end
}
