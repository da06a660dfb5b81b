import assert from 'node:assert/strict'
import * as shoal from 'shoal'
import { check, finish, rejection, until } from '../support/checks.ts'
import { startCluster } from '../support/cluster.ts'
const t=performance.now()
const cluster = await startCluster({ nodes: [{ cpus: 2 }, { cpus: 2, resources: { b: 1 }, labels: { zone: 'b' } }, { cpus: 2, labels: { zone: 'c' } }] })
console.log('started', performance.now()-t)
await shoal.init({ address: cluster.address, tempDir: cluster.tempDir })
console.log('init', performance.now()-t)
console.log(await shoal.availableResources())
const where = shoal.remote(() => shoal.runtimeContext().nodeId)
await check('custom', async () => {
 assert.equal(await shoal.get(where.options({resources:{b:1}}).remote()), cluster.nodes[1]!.nodeId)
})
await shoal.shutdown()
await cluster.stop()
finish()
