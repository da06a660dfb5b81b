const fewBars = 64

/**
 * The bars by start, and by `compare` where that is not enough. Times of a lane are spread about evenly, so most bars are put where they
 * belong by their time alone; a comparison of each with each other would take seconds for a million.
 */
export function sortBars(list: readonly number[], start: Float64Array, compare: (one: number, other: number) => number): Uint32Array {
  const bars = new Uint32Array(list)
  if (isInOrder(bars, compare)) return bars
  if (bars.length < fewBars) return bars.sort(compare)
  const { sorted, ends } = distribute(bars, start)
  for (let bucket = 0, from = 0; bucket < ends.length; bucket += 1) {
    const to = ends[bucket] ?? 0
    if (to - from > fewBars) sorted.subarray(from, to).sort(compare)
    else insertEach(sorted, { from, to }, compare)
    from = to
  }
  return sorted
}

function isInOrder(bars: Uint32Array, compare: (one: number, other: number) => number): boolean {
  for (let index = 1; index < bars.length; index += 1) if (compare(bars[index - 1] ?? 0, bars[index] ?? 0) > 0) return false
  return true
}

/** Into as many buckets of equal time as there are bars. `ends` has the place behind each bucket. */
function distribute(bars: Uint32Array, start: Float64Array): { sorted: Uint32Array; ends: Uint32Array } {
  let [firstMs, lastMs] = [Infinity, -Infinity]
  for (const bar of bars) {
    firstMs = Math.min(firstMs, start[bar] ?? 0)
    lastMs = Math.max(lastMs, start[bar] ?? 0)
  }
  const scale = lastMs > firstMs ? (bars.length - 1) / (lastMs - firstMs) : 0
  const ends = new Uint32Array(bars.length)
  const bucketOf = bars.map((bar) => Math.min(bars.length - 1, Math.floor(((start[bar] ?? 0) - firstMs) * scale)))
  for (const bucket of bucketOf) ends[bucket] = (ends[bucket] ?? 0) + 1
  for (let bucket = 1; bucket < ends.length; bucket += 1) ends[bucket] = (ends[bucket] ?? 0) + (ends[bucket - 1] ?? 0)
  const sorted = new Uint32Array(bars.length)
  const places = ends.slice()
  for (let index = bars.length - 1; index >= 0; index -= 1) {
    const bucket = bucketOf[index] ?? 0
    const place = (places[bucket] ?? 0) - 1
    places[bucket] = place
    sorted[place] = bars[index] ?? 0
  }
  return { sorted, ends }
}

function insertEach(
  sorted: Uint32Array,
  span: { readonly from: number; readonly to: number },
  compare: (one: number, other: number) => number,
): void {
  for (let index = span.from + 1; index < span.to; index += 1) {
    const bar = sorted[index] ?? 0
    let place = index
    while (place > span.from && compare(sorted[place - 1] ?? 0, bar) > 0) {
      sorted[place] = sorted[place - 1] ?? 0
      place -= 1
    }
    sorted[place] = bar
  }
}
