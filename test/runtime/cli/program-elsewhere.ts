// A program that runs a task on the machine labelled `machine=two`, hands it more than travels inline, and prints where it ran and what came back.
import * as shoal from '#runtime/sdk/index.ts'

await shoal.init({ address: 'auto' })
const double = shoal.remote(
  function double(numbers: Float64Array) {
    return { agentPid: process.ppid, doubled: numbers.map((value) => value * 2) }
  },
  { labelSelector: { machine: 'two' } },
)
const { agentPid, doubled } = await shoal.get(double.remote(await shoal.put(new Float64Array(200_000).fill(21))))
process.stdout.write(`${JSON.stringify({ agentPid, length: doubled.length, last: doubled.at(-1) })}\n`)
await shoal.shutdown()
