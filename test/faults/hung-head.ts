import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as shoal from 'shoal'
import { check, finish, until } from '../support/checks.ts'
import { startCluster } from '../support/cluster.ts'

// A head that neither answers nor closes its links looks like a cut wire: only the other nodes can tell that it is not one.
const config = { fenceMarginMs: 100 }
const cluster = await startCluster({
  nodes: [1, 2, 3].map(() => ({ cpus: 1, resources: { anywhere: 1 }, config })),
  headConfig: { deadAfterMs: 1_500, heartbeatMs: 300 },
})
await shoal.init({ address: cluster.address, tempDir: cluster.tempDir, onWarning: () => {} })

const Counter = shoal.actor(
  class {
    #count = 0
    add() {
      this.#count += 1
      return this.#count
    }
  },
  { resources: { anywhere: 1 }, numCpus: 0, maxRestarts: 5, schedulingStrategy: 'SPREAD' },
)
const counters = cluster.nodes.map(() => Counter.remote())
const addToAll = () => shoal.get(counters.map((counter) => counter.add.remote()))
const questions = (logDir: string) => readFileSync(join(logDir, 'agent.log'), 'utf8').split('"head.witnesses-asked"').length - 1
/** The first one is on the machine of the head. */
const others = cluster.nodes.slice(1)
const ids = async () => (await shoal.nodes()).map(({ nodeId, alive }) => `${nodeId} ${alive}`).sort()

await check('a head that hangs for longer than a node may be silent ends nothing: the nodes ask each other, and go on', async () => {
  assert.deepEqual(await addToAll(), [1, 1, 1])
  const before = await ids()
  process.kill(cluster.headPid, 'SIGSTOP')
  await until('the nodes have asked each other twice', () => others.every(({ layout }) => questions(layout.logDir) >= 2), 40_000)
  assert.deepEqual(await addToAll(), [2, 2, 2])
  process.kill(cluster.headPid, 'SIGCONT')
  assert.deepEqual(await ids(), before)
  assert.deepEqual(await addToAll(), [3, 3, 3])
})

await shoal.shutdown()
await cluster.stop()
finish()
