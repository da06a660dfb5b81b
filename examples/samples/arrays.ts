// Objects: arrays of 1 to 20 MB are put into the store, passed to tasks that read them in place, and let go. Some are kept, and one list only grows.
import { setTimeout as pause } from 'node:timers/promises'
import * as shoal from 'shoal'

await shoal.init()

const minutes = Number(process.argv[2] ?? 10)
const megabyte = 1_048_576

const sum = shoal.remote((values: Float64Array) => values.reduce((total, value) => total + value, 0), { numCpus: 0.25, name: 'sum' })
const scale = shoal.remote((values: Float64Array, factor: number) => values.map((value) => value * factor), {
  numCpus: 0.25,
  name: 'scale',
})
const arrayOf = (bytes: number, value: number) => new Float64Array(bytes / 8).fill(value)

/** The last few results, which somebody may ask for again: they stay as long as a ref to them does. */
const kept: shoal.ObjectRef<Float64Array>[] = []
/** A leak as programs have them: each round adds a ref that nobody looks at again, so its megabyte is never freed. */
const forgotten: shoal.ObjectRef<Float64Array>[] = []

const startedMs = Date.now()
for (let round = 1; Date.now() - startedMs < minutes * 60_000; round += 1) {
  const size = [1, 2, 5, 10, 20][round % 5] ?? 1
  const original = await shoal.put(arrayOf(size * megabyte, 1))
  const scaled = scale.remote(original, round) // made on whichever node has room; only its ref comes back
  const totals = await shoal.get([sum.remote(original), sum.remote(scaled)])
  console.log(`round ${round}: ${size} MB, sums ${totals.join(' and ')}, ${kept.length} kept, ${forgotten.length} forgotten`)
  if (size <= 2) kept.push(scaled)
  if (kept.length > 6) kept.shift()
  if (round % 3 === 0 && forgotten.length < 40) forgotten.push(await shoal.put(arrayOf(megabyte, round)))
  await pause(4_000)
}
