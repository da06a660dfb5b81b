import { alignUp, FreeRanges } from './core/free-ranges.ts'
import { openUnnamedSegment, type Segment } from './segment.ts'

const pageBytes = 4_096
/** Pages are taken as they are used. */
const totalBytes = 2 ** 30
/** One byte for each page: the other process sets the first of a value when it has read it. */
const marksBytes = totalBytes / pageBytes
/** The largest value that may lie there. */
export const maxStagedBytes = totalBytes - marksBytes
const lookEveryMs = 1_000

/** What a process that sends nothing for a while keeps; until then pages that exist are written at the speed of memory. */
type Keeping = { readonly bytes: number; readonly afterMs: number }
const usualKeeping: Keeping = { bytes: 16 * 2 ** 20, afterMs: 10_000 }

type Lent = { readonly offset: number; readonly lengthBytes: number }

/**
 * Memory through which this process hands large values to one other process of its user, which opens it by its path under /proc. It has no
 * name, so that nothing is left when either ends, however it ends.
 */
export class Staging {
  readonly #segment: Segment
  readonly #keeping: Keeping
  readonly #free = new FreeRanges()
  #lent: Lent[] = []
  /** Up to here there are pages. */
  #backedBytes = marksBytes
  #lastUseMs = 0
  #timer: NodeJS.Timeout | undefined
  #closed = false
  #shrinking: Promise<void> | undefined

  /** Undefined where there can be none: no Linux, or no room in memory. */
  static open({ directory = '/dev/shm', keeping = usualKeeping }: { directory?: string; keeping?: Keeping } = {}): Staging | undefined {
    const segment = process.platform === 'linux' ? openUnnamedSegment(directory, totalBytes) : undefined
    if (!segment) return undefined
    try {
      segment.write(0, new Uint8Array(marksBytes)) // so that both sides may write there through mappings
      return new Staging(segment, keeping)
    } catch {
      segment.close()
      return undefined
    }
  }

  private constructor(segment: Segment, keeping: Keeping) {
    this.#segment = segment
    this.#keeping = keeping
    this.#free.add(marksBytes, maxStagedBytes)
  }

  /** What the other process needs to open it. */
  get place(): { path: string; sizeBytes: number; marksBytes: number } {
    return { path: this.#segment.path, sizeBytes: totalBytes, marksBytes }
  }

  /** Lets `write` put a value there, and returns its offset; undefined when there is no room now, or not for so much. */
  stage(lengthBytes: number, write: (target: Uint8Array) => void): number | undefined {
    if (this.#closed) return undefined
    this.#takeBack()
    const wanted = alignUp(Math.max(lengthBytes, 1), pageBytes)
    const range = this.#free.takeLowest(wanted, wanted)
    if (!range) return undefined
    if (range.lengthBytes < wanted || !this.#put(range.address, lengthBytes, write)) {
      this.#free.add(range.address, range.lengthBytes)
      return undefined
    }
    this.#segment.fill(range.address / pageBytes, 1, { inPlace: true, write: (mark) => mark.fill(0) })
    this.#lent.push({ offset: range.address, lengthBytes: wanted })
    this.#lastUseMs = performance.now()
    this.#timer ??= setTimeout(() => this.#look(), lookEveryMs).unref()
    return range.address
  }

  /** Takes back what was never handed over. */
  unstage(offset: number): void {
    if (!this.#closed) this.#segment.fill(offset / pageBytes, 1, { inPlace: true, write: (mark) => mark.fill(1) })
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    clearTimeout(this.#timer)
    if (this.#shrinking) void this.#shrinking.then(() => this.#segment.close())
    else this.#segment.close()
  }

  /** Through a mapping only where there are pages, as elsewhere a full file system would end the process. */
  #put(offset: number, lengthBytes: number, write: (target: Uint8Array) => void): boolean {
    const end = offset + alignUp(lengthBytes, pageBytes)
    if (end <= this.#backedBytes) {
      this.#segment.fill(offset, lengthBytes, { inPlace: true, write })
      return true
    }
    const bytes = new Uint8Array(alignUp(lengthBytes, pageBytes))
    write(bytes)
    try {
      this.#segment.write(offset, bytes)
    } catch {
      return false // no room in memory
    }
    this.#backedBytes = end
    return true
  }

  #takeBack(): void {
    if (this.#lent.length === 0) return
    const marks = this.#marks()
    this.#lent = this.#lent.filter(({ offset, lengthBytes }) => {
      const isRead = marks[offset / pageBytes] === 1
      if (isRead) this.#free.add(offset, lengthBytes)
      return !isRead
    })
  }

  #marks(): Uint8Array {
    const mapped = this.#segment.shared(0, marksBytes)
    if (mapped) return mapped
    const copy = new Uint8Array(marksBytes)
    this.#segment.read(0, copy)
    return copy
  }

  #look(): void {
    this.#timer = undefined
    if (this.#closed) return
    this.#takeBack()
    if (this.#lent.length === 0 && performance.now() - this.#lastUseMs >= this.#keeping.afterMs) {
      this.#shrinking ??= this.#shrink().finally(() => {
        this.#shrinking = undefined
      })
      return
    }
    this.#timer = setTimeout(() => this.#look(), lookEveryMs).unref()
  }

  async #shrink(): Promise<void> {
    const from = marksBytes + this.#keeping.bytes
    const endBytes = this.#backedBytes
    if (endBytes <= from) return
    this.#free.take(maxStagedBytes, pageBytes) // all is free
    this.#free.add(marksBytes, this.#keeping.bytes)
    const gone = await this.#segment.punch(from, endBytes - from)
    if (gone) this.#backedBytes = from
    this.#free.add(from, totalBytes - from)
  }
}
