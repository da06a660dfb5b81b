import { expect, test } from 'vitest'
import { entryBudgetBytes, readBundleSizes } from '#test/bench/ui/bundle-sizes.ts'

test('what every page needs before its own part stays within its budget, compressed', () => {
  const { entry, largest, total } = readBundleSizes()
  const inWords = `entry ${entry.gzipBytes} of ${entry.bytes}, largest script ${largest.name} ${largest.gzipBytes} of ${largest.bytes}, all ${total.gzipBytes} of ${total.bytes} bytes`
  // React alone is more than this: less means that the files of the entry were not found
  expect(entry.gzipBytes, inWords).toBeGreaterThan(60_000)
  expect(entry.gzipBytes, inWords).toBeLessThanOrEqual(entryBudgetBytes)
})
