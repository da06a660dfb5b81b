// The same on one core, with no cluster: what `main.ts` is compared with. It counts and finds the same.
//
//   node plain.ts [WORD …]
import { parseArgs } from 'node:util'
import { findWords, indexSpeeches, lineOf, readSpeeches, tableOf } from './words.ts'

const { positionals } = parseArgs({ allowPositionals: true })
const words = positionals.length > 0 ? positionals : ['slavery', 'railroad', 'telegraph', 'women', 'terrorism', 'computer', 'internet']

const speeches = readSpeeches()
const startedMs = performance.now()
const { counts, index } = indexSpeeches(speeches)
console.log(`${tableOf(counts)}\n`)
console.log(`took ${((performance.now() - startedMs) / 1_000).toFixed(2)} s\n`)
for (const [place, found] of findWords(index, words).entries()) console.log(lineOf(words[place] ?? '', found))
