// Finds good settings of a random forest that tells iris flowers apart: 108 combinations, each cross-validated in a task of its own.
//
//   npm ci                                                       once, in this folder: the packages go along with the job
//   shoal job submit --working-dir . -- node main.ts             or: shoal run main.ts, on this machine alone
//   node main.ts [--folds 5] [--seed 7]                          more folds take longer and judge better
import { hostname } from 'node:os'
import { parseArgs } from 'node:util'
import * as shoal from 'shoal'
import { crossValidate, type Judged, kindNames, listSettings, loadFlowers, type Settings, tableOf } from './forest.ts'

const { values } = parseArgs({ options: { folds: { type: 'string', default: '5' }, seed: { type: 'string', default: '7' } } })
const judging = { folds: Number(values.folds), seed: Number(values.seed) }

await shoal.init()
const flowers = loadFlowers()
const all = listSettings()
console.log(`${flowers.kinds.length} flowers of ${kindNames.join(', ')}; ${all.length} combinations, ${judging.folds} folds each\n`)
const startedMs = performance.now()

// The flowers are stored once. Each node gets one copy, and the tasks there read it in place.
const shared = await shoal.put(flowers)
const judge = shoal.remote((data: typeof flowers, settings: Settings) => ({ ...crossValidate(data, settings, judging), node: hostname() }))

let pending = all.map((settings) => judge.remote(shared, settings))
const judged: Judged[] = []
const onNode = new Map<string, number>()
let best = 0
while (pending.length > 0) {
  // As they come, in whatever order.
  const split = await shoal.wait(pending)
  pending = split.pending
  for (const { node, ...one } of await shoal.get(split.ready)) {
    judged.push(one)
    onNode.set(node, (onNode.get(node) ?? 0) + 1)
    best = Math.max(best, one.accuracy)
    if (judged.length % 12 === 0) {
      const bar = '#'.repeat(Math.round((judged.length / all.length) * 27)).padEnd(27, '.')
      console.log(`[${bar}] ${String(judged.length).padStart(3)} of ${all.length}, best so far ${(best * 100).toFixed(1)} %`)
    }
  }
}

console.log(`\n${tableOf(judged)}`)
console.log(
  `on ${[...onNode]
    .map(([node, count]) => `${node}: ${count}`)
    .sort()
    .join(', ')}`,
)
console.log(`took ${((performance.now() - startedMs) / 1_000).toFixed(2)} s`)
