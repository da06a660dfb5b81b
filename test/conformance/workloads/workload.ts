/** Tasks that end well, one that fails, one that runs on, and a named actor; until the file in argv[2] is there. */
import { existsSync } from 'node:fs'
import * as shoal from 'shoal'

await shoal.init()
const square = shoal.remote(
  function square(x: number) {
    console.log(`square of ${x}`)
    return x * x
  },
  { numCpus: 0.1, maxRetries: 0 },
)
const fail = shoal.remote(
  function fail(): number {
    throw new RangeError('on purpose')
  },
  { numCpus: 0.1, maxRetries: 0 },
)
const linger = shoal.remote(
  async function linger(path: string) {
    const { existsSync: exists } = await import('node:fs')
    while (!exists(path)) await new Promise((resolve) => setTimeout(resolve, 100))
  },
  { numCpus: 0.1 },
)
const Counter = shoal.actor(
  class Counter {
    #n = 0
    add(k: number) {
      console.log(`adding ${k}`)
      return (this.#n += k)
    }
  },
  { numCpus: 0.1 },
)

const stopFile = process.argv[2] ?? ''
export const kept = shoal.put(new Float64Array(100_000))
await shoal.get([0, 1, 2].map((i) => square.remote(i)))
await shoal.get(fail.remote()).catch(() => {})
const counter = Counter.options({ name: 'counter' }).remote()
await shoal.get(counter.add.remote(2))
const group = shoal.placementGroup({ bundles: [{ CPU: 0.1 }], strategy: 'PACK', name: 'pair' })
await group.ready()
const running = linger.remote(stopFile)
console.log('workload stands')
await shoal.get(running)
if (!existsSync(stopFile)) process.exitCode = 1
