// The same search on one core, with no cluster: what `main.ts` is compared with. It finds the same, as both are seeded.
//
//   node plain.ts [--folds 5] [--seed 7]
import { parseArgs } from 'node:util'
import { crossValidate, listSettings, loadFlowers, tableOf } from './forest.ts'

const { values } = parseArgs({ options: { folds: { type: 'string', default: '5' }, seed: { type: 'string', default: '7' } } })
const judging = { folds: Number(values.folds), seed: Number(values.seed) }

const flowers = loadFlowers()
const startedMs = performance.now()
console.log(tableOf(listSettings().map((settings) => crossValidate(flowers, settings, judging))))
console.log(`took ${((performance.now() - startedMs) / 1_000).toFixed(2)} s`)
