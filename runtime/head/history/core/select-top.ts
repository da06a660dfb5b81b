/** Keys of the rows to be put in order; the levels are compared one after the other. Lower comes first; NaN, no value, comes last. */
export type Level = (row: number) => number

/**
 * The first `count` of `rows` in order. Does not sort what is not asked for: a million rows take some milliseconds. No two rows may be
 * equal on all levels.
 */
export function selectTop(rows: Uint32Array, levels: readonly Level[], count: number): Uint32Array {
  const chosen = choose(rows, levels, { level: 0, count: Math.min(count, rows.length) })
  const keys = levels.map((level) => Float64Array.from(chosen, (row) => keyOf(level, row)))
  const order = Uint32Array.from(chosen, (_, at) => at)
  order.sort((one, other) => {
    for (const key of keys) {
      const left = key[one] ?? 0
      const right = key[other] ?? 0
      if (left !== right) return left < right ? -1 : 1
    }
    return 0
  })
  return order.map((at) => chosen[at] ?? 0)
}

const keyOf = (level: Level, row: number): number => {
  const key = level(row)
  return Number.isNaN(key) ? Number.POSITIVE_INFINITY : key
}

/** In no order. Rows that share the key at the cut are told apart by the next level. */
function choose(rows: Uint32Array, levels: readonly Level[], { level, count }: { level: number; count: number }): Uint32Array {
  const read = levels[level]
  if (count >= rows.length || read === undefined) return rows.subarray(0, count)
  if (count === 0) return rows.subarray(0, 0)
  const keys = new Float64Array(rows.length)
  for (let at = 0; at < rows.length; at += 1) keys[at] = keyOf(read, rows[at] ?? 0)
  const cut = smallest(keys.slice(), count)
  const before: number[] = []
  const equal: number[] = []
  for (let at = 0; at < rows.length; at += 1) {
    const key = keys[at] ?? 0
    if (key < cut) before.push(rows[at] ?? 0)
    else if (key === cut) equal.push(rows[at] ?? 0)
  }
  const rest = choose(Uint32Array.from(equal), levels, { level: level + 1, count: count - before.length })
  const chosen = new Uint32Array(before.length + rest.length)
  chosen.set(before)
  chosen.set(rest, before.length)
  return chosen
}

/** The `count`-th smallest (1 is the smallest); puts `keys` out of order (Hoare's selection, the middle of three as pivot). */
function smallest(keys: Float64Array, count: number): number {
  let low = 0
  let high = keys.length - 1
  const wanted = count - 1
  while (low < high) {
    const pivot = middleOf(keys[low] ?? 0, keys[(low + high) >>> 1] ?? 0, keys[high] ?? 0)
    let left = low
    let right = high
    while (left <= right) {
      while ((keys[left] ?? 0) < pivot) left += 1
      while ((keys[right] ?? 0) > pivot) right -= 1
      if (left > right) break
      const swapped = keys[left] ?? 0
      keys[left] = keys[right] ?? 0
      keys[right] = swapped
      left += 1
      right -= 1
    }
    if (wanted <= right) high = right
    else if (wanted >= left) low = left
    else return keys[wanted] ?? 0
  }
  return keys[low] ?? 0
}

const middleOf = (one: number, two: number, three: number): number => Math.max(Math.min(one, two), Math.min(Math.max(one, two), three))
