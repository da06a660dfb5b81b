import { expect, test } from 'vitest'
import { randomBelow, seededRandom } from '#runtime/base/random.ts'
import { sortBars } from '#src-renderer/ui/timeline/sort-bars.ts'

/** Starts of each kind, by name. */
const kinds: Record<string, (random: () => number, index: number) => number> = {
  'spread evenly': (random) => randomBelow(random, 1_000_000),
  'all the same': () => 7,
  'in a few heaps': (random) => [0, 1, 1_000_000, 1_000_001][randomBelow(random, 4)] ?? 0,
  'in order': (_, index) => index,
  'in order but for one far away': (_, index) => (index === 500 ? -1e15 : index),
}

test.each(Object.keys(kinds))('bars whose starts are %s come out as a plain sort puts them', (kind) => {
  const random = seededRandom(4)
  for (const count of [0, 1, 63, 64, 5_000]) {
    const start = Float64Array.from({ length: count }, (_, index) => kinds[kind]?.(random, index) ?? 0)
    const keys = Uint32Array.from({ length: count }, () => randomBelow(random, 1 << 30))
    const compare = (one: number, other: number) =>
      (start[one] ?? 0) - (start[other] ?? 0) || (keys[one] ?? 0) - (keys[other] ?? 0) || one - other
    const list = Array.from({ length: count }, (_, index) => index)
    expect(Array.from(sortBars(list, start, compare))).toEqual([...list].sort(compare))
  }
})
