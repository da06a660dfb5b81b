// Counts the words of every State of the Union address and indexes them, then looks words up in the index, which stays on the nodes.
//
//   npm ci                                                       once, in this folder: the speeches go along with the job
//   shoal job submit --working-dir . -- node main.ts             or: shoal run main.ts, on this machine alone
//   node main.ts [--parts 12] [WORD …]                           words to look up; there are some that tell a story
import { parseArgs } from 'node:util'
import * as shoal from 'shoal'
import {
  addCounts,
  type Counts,
  findWords,
  type Index,
  indexSpeeches,
  lineOf,
  readSpeeches,
  type Speech,
  splitEvenly,
  tableOf,
} from './words.ts'

const { values, positionals } = parseArgs({ allowPositionals: true, options: { parts: { type: 'string', default: '12' } } })
const words = positionals.length > 0 ? positionals : ['slavery', 'railroad', 'telegraph', 'women', 'terrorism', 'computer', 'internet']

await shoal.init()
const speeches = readSpeeches()
console.log(`${speeches.length} speeches, from ${speeches[0]?.title} to ${speeches.at(-1)?.title}\n`)
const startedMs = performance.now()

// Two refs for each part: the counts come here, and the index stays where it was made.
const indexPart = shoal.remote(
  (part: Speech[]) => {
    const { counts, index } = indexSpeeches(part)
    return [counts, index] as [Counts, Index] // an array of two, for numReturns
  },
  { numReturns: 2 },
)
const parts = await Promise.all(splitEvenly(speeches, Number(values.parts)).map((part) => shoal.put(part)))
const indexed = parts.map((part) => indexPart.remote(part))

const total: Counts = new Map()
for (const [done, [counts]] of indexed.entries()) {
  addCounts(total, await shoal.get(counts))
  if ((done + 1) % 3 === 0)
    console.log(`${String(done + 1).padStart(3)} of ${parts.length} parts, ${total.size.toLocaleString('en')} different words so far`)
}
console.log(`\n${tableOf(total)}\n`)
console.log(`took ${((performance.now() - startedMs) / 1_000).toFixed(2)} s\n`)

// A lookup asks every part of the index, each where it lies; only what was found comes here.
const lookUp = shoal.remote((index: Index, asked: string[]) => findWords(index, asked))
const answers = await shoal.get(indexed.map(([, index]) => lookUp.remote(index, words)))
for (const [place, word] of words.entries())
  console.log(
    lineOf(
      word,
      answers.flatMap((answer) => answer[place] ?? []),
    ),
  )
