// π by throwing darts: many tasks, and results that are shown as they come. In the panel the tasks of `throwDarts` show the same progress.
//
//   shoal job submit --working-dir . -- node main.ts             or: shoal run main.ts, on this machine alone
//   node main.ts [--darts 200000000] [--tasks 200]
import { parseArgs } from 'node:util'
import * as shoal from 'shoal'
import { estimateOf, progressOf, seedOf, throwDarts } from './darts.ts'

const { values } = parseArgs({ options: { darts: { type: 'string', default: '200000000' }, tasks: { type: 'string', default: '200' } } })
const tasks = Number(values.tasks)
const dartsEach = Math.ceil(Number(values.darts) / tasks)

await shoal.init()
const startedMs = performance.now()
const throwOnCluster = shoal.remote(throwDarts)

let pending = Array.from({ length: tasks }, (_, task) => throwOnCluster.remote(dartsEach, seedOf(task)))
let inside = 0
let thrown = 0
let shown = 0
while (pending.length > 0) {
  const split = await shoal.wait(pending) // as soon as one is ready; the others go on meanwhile
  pending = split.pending
  for (const count of await shoal.get(split.ready)) inside += count
  thrown += split.ready.length * dartsEach
  const twentieth = Math.floor((thrown / (tasks * dartsEach)) * 20)
  if (twentieth > shown) console.log(progressOf(thrown, tasks * dartsEach, inside))
  shown = twentieth
}

console.log(`\n${thrown.toLocaleString('en')} darts: ${estimateOf(inside, thrown)}`)
console.log(`took ${((performance.now() - startedMs) / 1_000).toFixed(2)} s`)
