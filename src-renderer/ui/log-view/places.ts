/** The first place for which `isBehind` holds, of places where it holds for all after one; `count`: for none. */
export function findPlace(count: number, isBehind: (place: number) => boolean): number {
  let [low, high] = [0, count]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (isBehind(middle)) high = middle
    else low = middle + 1
  }
  return low
}
