/** Returns those of `known` that somebody who typed `typed` may have meant, the nearest first. */
export function findNearMisses(typed: string, known: readonly string[]): string[] {
  const word = typed.toLowerCase()
  const reach = Math.max(1, Math.floor(word.length / 3))
  return known
    .map((name) => ({ name, distance: word.length >= 2 && name.startsWith(word) ? 0 : editDistance(word, name) }))
    .filter(({ distance }) => distance <= reach)
    .sort((one, other) => one.distance - other.distance || one.name.localeCompare(other.name))
    .slice(0, 3)
    .map(({ name }) => name)
}

/** `; did you mean a or b?`, or nothing. */
export function nearMissHint(typed: string, known: readonly string[], prefix = ''): string {
  const near = findNearMisses(typed, known).map((name) => prefix + name)
  return near.length === 0 ? '' : `; did you mean ${near.join(' or ')}?`
}

/** Letters put in, left out, changed, or swapped with their neighbour. */
function editDistance(one: string, other: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: other.length + 1 }, (_, column) => column)
  for (let row = 1; row <= one.length; row += 1) {
    const current = [row]
    for (let column = 1; column <= other.length; column += 1) {
      const isSame = one[row - 1] === other[column - 1]
      let best = Math.min(at(last, column) + 1, at(current, column - 1) + 1, at(last, column - 1) + (isSame ? 0 : 1))
      const isSwap = row > 1 && column > 1 && one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1]
      if (isSwap) best = Math.min(best, at(beforeLast, column - 2) + 1)
      current.push(best)
    }
    beforeLast = last
    last = current
  }
  return at(last, other.length)
}

const at = (row: readonly number[], column: number): number => row[column] ?? Number.POSITIVE_INFINITY
