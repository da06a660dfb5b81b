// How darts are thrown. Nothing here knows of a cluster: `main.ts` and `plain.ts` both use it.

/** How many of `count` darts at a square fall into the circle inside. The same seed throws the same darts on every machine. */
export function throwDarts(count: number, seed: number): number {
  let state = seed
  const random = () => {
    state ^= state << 13 // xorshift32: small and fast
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
  let inside = 0
  for (let dart = 0; dart < count; dart += 1) if (random() ** 2 + random() ** 2 < 1) inside += 1
  return inside
}

/** Far apart for neighbours, so that no two tasks throw the same darts. */
export const seedOf = (task: number): number => (Math.imul(task + 1, 0x9e3779b1) ^ 0x2545f491) | 1

/** Such as `π ≈ 3.14159 ± 0.00020`: twice the standard error, within which it lies 95 times of 100. */
export function estimateOf(inside: number, thrown: number): string {
  const share = inside / thrown
  return `π ≈ ${(4 * share).toFixed(5)} ± ${(8 * Math.sqrt((share * (1 - share)) / thrown)).toFixed(5)}`
}

/** A bar, the share, and what is known by now. */
export function progressOf(thrown: number, all: number, inside: number): string {
  const bar = '#'.repeat(Math.round((thrown / all) * 30)).padEnd(30, '.')
  return `[${bar}] ${String(Math.round((thrown / all) * 100)).padStart(3)} %  ${estimateOf(inside, thrown)}`
}
