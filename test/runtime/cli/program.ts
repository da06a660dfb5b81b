// A program that joins the cluster, runs a task, asks for what no node has, and stays until its input ends.
import * as shoal from '#runtime/sdk/index.ts'

await shoal.init({ address: 'auto', onWarning: () => {} })
const twice = shoal.remote(function twice(x: number) {
  return x * 2
})
const result = await shoal.get(twice.remote(21))
shoal.remote((x: number) => x, { numCpus: 64 }).remote(1)
await shoal.placementGroup({ bundles: [{ CPU: 1 }], name: 'training' }).ready()
process.stdout.write(`${result}\n`)
process.stdin.resume().once('end', () => void shoal.shutdown())
