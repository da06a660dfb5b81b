// A program that runs a task on the machine labelled `machine=two`, hands it more than travels inline, and prints where it ran and what came back.
import * as shoal from '#runtime/sdk/index.ts'

await shoal.init({ address: 'auto' })
const sum = shoal.remote(
  async function sum(numbers: Float64Array) {
    const { runtimeContext } = await import('shoal')
    return { nodeId: runtimeContext().nodeId, doubled: numbers.map((value) => value * 2) }
  },
  { labelSelector: { machine: 'two' } },
)
const { nodeId, doubled } = await shoal.get(sum.remote(await shoal.put(new Float64Array(200_000).fill(21))))
process.stdout.write(`${JSON.stringify({ nodeId, length: doubled.length, last: doubled.at(-1) })}\n`)
await shoal.shutdown()
