/** Numbers in [0, 1). The same seed gives the same sequence on every machine (mulberry32). */
export type Random = () => number

export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** A whole number in [0, limit). */
export const randomBelow = (random: Random, limit: number): number => Math.floor(random() * limit)

/** One element of a list that is not empty. */
export function pickOne<T>(random: Random, items: readonly T[]): T {
  return items[randomBelow(random, items.length)] as T // the index is inside a list that is not empty
}

/** Doubles from `baseMs` to `maxMs`, then takes a random half off, so that many who wait do not return together. */
export function backoffMs(attempt: number, limits: { baseMs: number; maxMs: number }, random: Random): number {
  const full = Math.min(limits.maxMs, limits.baseMs * 2 ** Math.min(attempt, 30))
  return full * (0.5 + random() / 2)
}
