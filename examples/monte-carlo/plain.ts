// The same darts on one core, with no cluster: what `main.ts` is compared with. It finds the same.
//
//   node plain.ts [--darts 200000000] [--tasks 200]
import { parseArgs } from 'node:util'
import { estimateOf, seedOf, throwDarts } from './darts.ts'

const { values } = parseArgs({ options: { darts: { type: 'string', default: '200000000' }, tasks: { type: 'string', default: '200' } } })
const tasks = Number(values.tasks)
const dartsEach = Math.ceil(Number(values.darts) / tasks)

const startedMs = performance.now()
let inside = 0
for (let task = 0; task < tasks; task += 1) inside += throwDarts(dartsEach, seedOf(task))
console.log(`${(tasks * dartsEach).toLocaleString('en')} darts: ${estimateOf(inside, tasks * dartsEach)}`)
console.log(`took ${((performance.now() - startedMs) / 1_000).toFixed(2)} s`)
