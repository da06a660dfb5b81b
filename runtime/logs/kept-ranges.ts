import { readSync, type Stats } from 'node:fs'

const pageBytes = 4_096
const rememberedFiles = 20_000

/**
 * From which byte on each file is kept. What went is a hole: it reads as zeros. This process remembers what it cut itself; of other files
 * it finds the end of the hole by halving, as nothing but zeros can stand before it.
 */
export class KeptRanges {
  readonly #first = new Map<string, number>()

  /** Offset of the oldest byte that is kept. */
  firstOffset(fd: number, stats: Stats): number {
    const key = keyOf(stats)
    const known = this.#first.get(key)
    if (known !== undefined && known <= stats.size) return known
    if (stats.size === 0) return 0
    const first = findFirst(fd, stats.size)
    this.#remember(key, first)
    return first
  }

  /** The same without opening the file, where its name alone tells: most have no hole. Undefined: open it. */
  guess(stats: Stats): number | undefined {
    const known = this.#first.get(keyOf(stats))
    if (known !== undefined && known <= stats.size) return known
    return stats.blocks * 512 >= stats.size ? 0 : undefined
  }

  /** Say it before the bytes go: who reads meanwhile then knows which of them are zeros. */
  raise(stats: Stats, firstOffset: number): void {
    this.#remember(keyOf(stats), firstOffset)
  }

  #remember(key: string, firstOffset: number): void {
    this.#first.delete(key)
    this.#first.set(key, firstOffset)
    if (this.#first.size <= rememberedFiles) return
    const oldest = this.#first.keys().next()
    if (!oldest.done) this.#first.delete(oldest.value)
  }
}

/** Which file it is, whatever its name. */
export const keyOf = (stats: Stats): string => `${stats.dev}:${stats.ino}:${stats.birthtimeMs}`

/** A page of zeros that a program wrote itself, behind a hole, may be taken for a part of it. */
function findFirst(fd: number, sizeBytes: number): number {
  const page = Buffer.allocUnsafe(pageBytes)
  const firstIn = (index: number): number => {
    const length = readSync(fd, page, 0, pageBytes, index * pageBytes)
    for (let at = 0; at < length; at += 1) if (page[at] !== 0) return index * pageBytes + at
    return -1
  }
  const atStart = firstIn(0)
  if (atStart >= 0) return atStart
  let empty = 0
  let filled = Math.ceil(sizeBytes / pageBytes)
  while (filled - empty > 1) {
    const middle = Math.floor((empty + filled) / 2)
    if (firstIn(middle) < 0) empty = middle
    else filled = middle
  }
  const found = firstIn(filled)
  return found < 0 ? sizeBytes : found
}
