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
  const { fromMs, msPerPx, width, nowMs, sink } = span
  const toMs = fromMs + width * msPerPx
  const narrowMs = wideBarPx * msPerPx
  let px = -1
  const close = () => {
    if (px < 0) return
    sink.pixel(px, sums, some)
    sums.fill(0)
    px = -1
  }
  const open = (next: number, bar: number) => {
    if (px === next) return
    close()
    px = next
    some.bar = bar
    some.hasFailed = false
  }
  for (let index = row.firstEndingAfter(fromMs); index < row.count; ) {
    const startMs = row.start[index] ?? 0
    if (startMs >= toMs) break
    const bar = row.bar[index] ?? 0
    const endMs = Math.max(startMs, Math.min(row.end[index] ?? 0, nowMs))
    if (endMs - startMs >= narrowMs) {
      close()
      sink.bar(bar, startMs, endMs)
      index += 1
      continue
    }
    const first = Math.max(0, Math.floor((startMs - fromMs) / msPerPx))
    open(first, bar)
    const block = startMs >= fromMs ? row.blockAt(index, fromMs + (first + 1) * msPerPx) : undefined
    if (block) {
      block.addTo(sums, index / block.size)
      if (block.failed[index / block.size]) some.hasFailed = true
      index += block.size
      continue
    }
    const each = classes.classOf(bar)
    for (let at = first; at < width; at += 1) {
      const leftMs = Math.max(startMs, fromMs + at * msPerPx)
      const rightMs = Math.min(endMs, fromMs + (at + 1) * msPerPx)
      if (at > first && rightMs <= leftMs) break
      open(at, bar)
      sums[each] = (sums[each] ?? 0) + Math.max(0, rightMs - leftMs)
      if (classes.isFailed(bar)) some.hasFailed = true
    }
    index += 1
  }
  close()
}
