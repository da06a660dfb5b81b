/** Does the same for each, so many at once, and returns the results in order. Rejects as the first does; those that run go on. */
export async function eachOf<Item, Result>(
  items: readonly Item[],
  atOnce: number,
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results = new Array<Result>(items.length)
  let next = 0
  const runner = async () => {
    for (let index = next++; index < items.length; index = next++) {
      const item = items[index] as Item // the index is within the list
      results[index] = await work(item)
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, runner))
  return results
}
