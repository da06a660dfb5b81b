import { blockBars, type Level } from './level.ts'
import type { Row } from './row.ts'
import { type BarClasses, classCount } from './shading.ts'

/** Which time stands at which pixel. */
export type PixelSpan = {
  readonly fromMs: number
  readonly msPerPx: number
  /** Pixels. */
  readonly width: number
  /** Bars that run end here. */
  readonly nowMs: number
}

/** Bars at least this many pixels wide are told one by one. */
export const wideBarPx = 3

export type RowSink = {
  /** A bar wide enough to be seen as one; it may begin before the first pixel and end after the last. */
  bar(bar: number, startMs: number, endMs: number): void
  /** All narrow bars of one pixel: their time in it by class, and whether one failed. `bar` is one of them, for when they took no time at all. */
  pixel(px: number, sums: Float64Array, some: { readonly bar: number; readonly hasFailed: boolean }): void // both are overwritten by the next
}

// Kept between calls: a frame asks for hundreds of thousands of pixels.
const sums = new Float64Array(classCount)
const some = { bar: 0, hasFailed: false }

/**
 * Tells everything of a row that a span shows, in the order of time. It costs about as many steps as there are pixels, however many bars
 * there are: within a pixel whole blocks are taken at once.
 */
export function walkRow(row: Row, classes: BarClasses, span: PixelSpan & { readonly sink: RowSink }): void {
  row.prepare(classes)
  const { start, end, bar, count } = row
  const { fromMs, msPerPx, width, nowMs, sink } = span
  const toMs = fromMs + width * msPerPx
  const pixels = new PixelSums(sink)
  for (let index = row.firstEndingAfter(fromMs); index < count; ) {
    const startMs = start[index] ?? 0
    if (startMs >= toMs) break
    const each = bar[index] ?? 0
    const endMs = Math.max(startMs, Math.min(end[index] ?? 0, nowMs))
    if (endMs - startMs >= wideBarPx * msPerPx) {
      pixels.close()
      sink.bar(each, startMs, endMs)
      index += 1
      continue
    }
    const px = Math.max(0, Math.floor((startMs - fromMs) / msPerPx))
    const pixelEndMs = fromMs + (px + 1) * msPerPx
    pixels.open(px, each)
    const block = index % blockBars === 0 && startMs >= fromMs ? row.blockAt(index, pixelEndMs) : undefined
    if (block) pixels.addBlock(block, index / block.size)
    else {
      const narrow = { number: classes.classOf(each), hasFailed: classes.isFailed(each) }
      pixels.add(narrow, Math.min(endMs, pixelEndMs) - Math.max(startMs, fromMs))
      for (let at = px + 1; at < width && fromMs + at * msPerPx < endMs; at += 1) {
        pixels.open(at, each)
        pixels.add(narrow, Math.min(endMs, fromMs + (at + 1) * msPerPx) - (fromMs + at * msPerPx))
      }
    }
    index += block?.size ?? 1
  }
  pixels.close()
}

type Narrow = { readonly number: number; readonly hasFailed: boolean }

/** Gathers what lies in one pixel after the other. */
class PixelSums {
  readonly #sink: RowSink
  #px = -1

  constructor(sink: RowSink) {
    this.#sink = sink
  }

  open(px: number, bar: number): void {
    if (this.#px === px) return
    this.close()
    this.#px = px
    some.bar = bar
    some.hasFailed = false
  }

  add({ number, hasFailed }: Narrow, ms: number): void {
    sums[number] = (sums[number] ?? 0) + Math.max(0, ms)
    if (hasFailed) some.hasFailed = true
  }

  addBlock(level: Level, block: number): void {
    level.addTo(sums, block)
    if (level.failed[block]) some.hasFailed = true
  }

  close(): void {
    if (this.#px >= 0) this.#sink.pixel(this.#px, sums, some)
    sums.fill(0)
    this.#px = -1
  }
}
