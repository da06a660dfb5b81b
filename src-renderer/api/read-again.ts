import type { QueryClient, QueryKey } from '@tanstack/react-query'

/**
 * A function that reads a query again. Called while an answer is on its way, it reads once more after that: what changed meanwhile may not
 * be in it.
 */
export function readerOf(client: QueryClient, queryKey: QueryKey): () => void {
  let isReading = false
  let isAgain = false
  const read = async () => {
    isReading = true
    do {
      isAgain = client.isFetching({ queryKey, exact: true }) > 0
      await client.invalidateQueries({ queryKey, exact: true }, { cancelRefetch: false })
    } while (isAgain)
    isReading = false
  }
  return () => {
    if (isReading) isAgain = true
    else void read()
  }
}
