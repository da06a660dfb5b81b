// Word counts by map and reduce: mappers return one part for each reducer, and refs carry the parts there without passing this program.
import * as shoal from 'shoal'

await shoal.init()

const reducers = 3
const words = ['shoal', 'herring', 'net', 'tide', 'reef', 'kelp', 'current', 'wave']
const chunks = Array.from({ length: 12 }, (_, chunk) =>
  Array.from({ length: 20_000 }, (__, i) => words[(i * (chunk + 1)) % words.length]).join(' '),
)

// With numReturns a call gives an array of refs: here the words of a chunk, parted by the reducer that counts them.
const map = shoal.remote(
  (text: string) => {
    const parts = Array.from({ length: reducers }, () => new Map<string, number>())
    for (const word of text.split(' ')) {
      const part = parts[word.length % reducers]
      part?.set(word, (part.get(word) ?? 0) + 1)
    }
    return parts
  },
  { numReturns: reducers },
)
const reduce = shoal.remote((...parts: Map<string, number>[]) => {
  const total = new Map<string, number>()
  for (const part of parts) for (const [word, count] of part) total.set(word, (total.get(word) ?? 0) + count)
  return total
})

const mapped = chunks.map((chunk) => map.remote(chunk))
const reduced = Array.from({ length: reducers }, (_, reducer) =>
  reduce.remote(...mapped.map((parts) => parts[reducer] as (typeof parts)[number])),
)
const counts = (await shoal.get(reduced)).flatMap((total) => [...total])
for (const [word, count] of counts.sort((one, other) => other[1] - one[1] || one[0].localeCompare(other[0])))
  console.log(`${word} ${count}`)
console.log(`${counts.reduce((total, [, count]) => total + count, 0)} words`)
