import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as shoal from 'shoal'
import { check, finish, rejection, until } from '../support/checks.ts'
import { startCluster } from '../support/cluster.ts'

const cluster = await startCluster({
  nodes: [
    { cpus: 2, labels: { zone: 'a', disk: 'ssd' }, config: { infeasibleTimeoutMs: 3_000 } },
    { cpus: 2, labels: { zone: 'b', disk: 'ssd' }, resources: { special: 2 }, objectStoreBytes: 256 * 1024 * 1024 },
    { cpus: 2, labels: { zone: 'c' } },
  ],
})
const [a, b, c] = cluster.nodes.map((node) => node.nodeId) as [string, string, string] // as many as were asked for
const warnings: string[] = []
await shoal.init({ address: cluster.address, tempDir: cluster.tempDir, onWarning: (message) => warnings.push(message) })

const where = shoal.remote(() => shoal.runtimeContext().nodeId)
const stay = shoal.remote(async (ms: number) => {
  await new Promise((resolve) => setTimeout(resolve, ms))
  return shoal.runtimeContext().nodeId
})
/** Tasks say here where they run, and wait to be let go. */
class Board {
  readonly runs: { nodeId: string; what: string }[] = []
  #isOpen = false
  async note(what: string, nodeId: string): Promise<void> {
    this.runs.push({ what, nodeId })
    while (!this.#isOpen) await new Promise((resolve) => setTimeout(resolve, 5))
  }
  async list(): Promise<{ nodeId: string; what: string }[]> {
    return this.runs
  }
  async open(): Promise<void> {
    this.#isOpen = true
  }
}
const BoardActor = shoal.actor(Board, { schedulingStrategy: { nodeId: a } })
const noted = shoal.remote(async (board: shoal.ActorHandle<Board>, what: string) => {
  const { nodeId, attempt } = shoal.runtimeContext()
  await shoal.get(board.note.remote(`${what}, attempt ${attempt}`, nodeId))
  return nodeId
})
const cpusOf = async (nodeId: string): Promise<number> =>
  (await shoal.nodes()).find((node) => node.nodeId === nodeId)?.available['CPU'] ?? 0

/** Workers are kept for the next task of their kind for a moment after the last. */
const allFree = () => until('all CPUs are free', async () => (await shoal.availableResources())['CPU'] === 6)

class Place {
  node(): string {
    return shoal.runtimeContext().nodeId
  }
}
const Placed = shoal.actor(Place)

await check('the cluster has the resources of its nodes together', async () => {
  const total = await shoal.clusterResources()
  assert.deepEqual([total['CPU'], total['special']], [6, 2])
  assert.equal((await shoal.nodes()).length, 3)
})

await check('a custom resource takes tasks and actors to the node that has it', async () => {
  const seen = await shoal.get([1, 2, 3].map(() => where.options({ resources: { special: 1 } }).remote()))
  assert.deepEqual(new Set(seen), new Set([b]))
  const actor = Placed.options({ resources: { special: 1 } }).remote()
  assert.equal(await shoal.get(actor.node.remote()), b)
  await shoal.kill(actor)
})

await check('the default strategy goes on to other nodes when this one is full', async () => {
  const seen = await shoal.get(Array.from({ length: 6 }, () => stay.remote(1_500)))
  assert.deepEqual(new Set(seen), new Set([a, b, c]))
})

await check('SPREAD uses all nodes, even when one had room for all', async () => {
  await allFree()
  const board = BoardActor.remote()
  const light = noted.options({ numCpus: 0.1, schedulingStrategy: 'SPREAD' })
  const refs = Array.from({ length: 6 }, (_, i) => light.remote(board, `light ${i}`))
  await until('all six run', async () => (await shoal.get(board.list.remote())).length === 6)
  assert.deepEqual(new Set((await shoal.get(board.list.remote())).map(({ nodeId }) => nodeId)), new Set([a, b, c]))
  await shoal.get(board.open.remote())
  await shoal.get(refs)
  const actors = [1, 2, 3].map(() => Placed.options({ numCpus: 0.1, schedulingStrategy: 'SPREAD' }).remote())
  assert.deepEqual(new Set(await shoal.get(actors.map((actor) => actor.node.remote()))), new Set([a, b, c]))
  await Promise.all(actors.map((actor) => shoal.kill(actor)))
})

await check('node affinity runs tasks and actors on that node', async () => {
  for (const nodeId of [a, b, c]) {
    assert.equal(await shoal.get(where.options({ schedulingStrategy: { nodeId } }).remote()), nodeId)
    const actor = Placed.options({ schedulingStrategy: { nodeId }, numCpus: 0.5 }).remote()
    assert.equal(await shoal.get(actor.node.remote()), nodeId)
    await shoal.kill(actor)
  }
})

await check('label selectors choose nodes: a value, !value, in() and !in()', async () => {
  const on = async (labelSelector: Record<string, string>) => shoal.get(where.options({ labelSelector }).remote())
  assert.equal(await on({ zone: 'b' }), b)
  assert.equal(await on({ zone: 'in(c,x)' }), c)
  assert.equal(await on({ zone: '!a', disk: 'ssd' }), b)
  assert.equal(await on({ zone: '!in(a, b)' }), c)
  assert.equal(await on({ disk: '!ssd' }), c) // a node without the label matches a negation
  const actor = Placed.options({ labelSelector: { zone: 'c' } }).remote()
  assert.equal(await shoal.get(actor.node.remote()), c)
  await shoal.kill(actor)
})

await check('fallbackStrategy is tried in its order when no node matches', async () => {
  const options = {
    labelSelector: { zone: 'nowhere' },
    fallbackStrategy: [{ labelSelector: { zone: 'elsewhere' } }, { labelSelector: { zone: 'c' } }],
  }
  assert.equal(await shoal.get(where.options(options).remote()), c)
  const actor = Placed.options(options).remote()
  assert.equal(await shoal.get(actor.node.remote()), c)
  await shoal.kill(actor)
})

/** An array that lies on b, where nothing runs any more as far as the head knows. */
async function makeOnB(length: number): Promise<shoal.ObjectRef<Float64Array>> {
  const gate = join(cluster.tempDir, `gate-${length}`)
  const make = shoal
    .remote(async (n: number, path: string) => {
      const { existsSync } = await import('node:fs')
      while (!existsSync(path)) await new Promise((resolve) => setTimeout(resolve, 5))
      return new Float64Array(n)
    })
    .options({ resources: { special: 1 } })
  const data = make.remote(length, gate)
  // A node that is half in use comes after the others: without this look the head might say that all is free before it has heard of b's work.
  await until('b is seen at work', async () => (await cpusOf(b)) === 1)
  writeFileSync(gate, '')
  await shoal.wait([data], { fetchLocal: false })
  await allFree()
  return data
}

await check('a task runs where its large argument lies', async () => {
  const use = shoal.remote((data: Float64Array) => [data.length, shoal.runtimeContext().nodeId] as const)
  const data = await makeOnB(2_000_000)
  assert.deepEqual(await shoal.get(use.remote(data)), [2_000_000, b])
})

await check('a large argument does not keep a task waiting for its node', async () => {
  const use = shoal.remote((_data: Float64Array) => shoal.runtimeContext().nodeId)
  const data = await makeOnB(1_000_000)
  const blockers = [1, 2].map(() => stay.options({ schedulingStrategy: { nodeId: b } }).remote(20_000))
  await until('b is full', async () => (await cpusOf(b)) === 0)
  const seen = await shoal.get(use.remote(data), { timeout: '15s' })
  assert.notEqual(seen, b)
  for (const ref of blockers) shoal.cancel(ref, { force: true })
})

await check('what no node can hold is warned about with the nearest fit, and fails in the stated time', async () => {
  const error = await rejection(shoal.get(where.options({ numCpus: 64 }).remote(), { timeout: '20s' }))
  assert(error instanceof shoal.TaskUnschedulableError, `${error.name}: ${error.message}`)
  assert.match(error.message, /64/)
  assert(
    warnings.some((warning) => /64/.test(warning) && /cannot be placed/.test(warning)),
    warnings.join('\n'),
  )
})

await check('an infeasible task runs once a node that can hold it joins', async () => {
  const ref = where.options({ resources: { rare: 1 } }).remote()
  const added = await cluster.addNode({ cpus: 1, resources: { rare: 1 } })
  assert.equal(await shoal.get(ref, { timeout: '20s' }), added.nodeId)
  await cluster.stopNode(added)
})

await check('hard affinity to a node that is gone fails at once, soft affinity goes elsewhere', async () => {
  const added = await cluster.addNode({ cpus: 1 })
  assert.equal(await shoal.get(where.options({ schedulingStrategy: { nodeId: added.nodeId } }).remote()), added.nodeId)
  await cluster.killNode(added)
  await until('the node is seen as dead', async () => (await shoal.nodes()).find((node) => node.nodeId === added.nodeId)?.alive === false)
  const startedMs = performance.now()
  const error = await rejection(shoal.get(where.options({ schedulingStrategy: { nodeId: added.nodeId } }).remote(), { timeout: '20s' }))
  assert(error instanceof shoal.TaskUnschedulableError, `${error.name}: ${error.message}`)
  const actor = Placed.options({ schedulingStrategy: { nodeId: added.nodeId } }).remote()
  const actorError = await rejection(shoal.get(actor.node.remote(), { timeout: '20s' }))
  assert(actorError instanceof shoal.ActorUnschedulableError, `${actorError.name}: ${actorError.message}`)
  assert(performance.now() - startedMs < 2_500, 'both failed before the time for infeasible requests was over')
  const soft = { schedulingStrategy: { nodeId: added.nodeId, soft: true } }
  assert([a, b, c].includes(await shoal.get(where.options(soft).remote())))
})

await check('a task on a node that dies runs again on another', async () => {
  const board = BoardActor.remote()
  const added = await cluster.addNode({ cpus: 1, resources: { rare: 1 } })
  const spare = await cluster.addNode({ cpus: 1, resources: { rare: 1 } })
  const ref = noted.options({ resources: { rare: 1 } }).remote(board, 'rare')
  const runs = () => shoal.get(board.list.remote())
  await until('it runs', async () => (await runs()).length === 1)
  const [first, second] = (await runs())[0]?.nodeId === added.nodeId ? [added, spare] : [spare, added]
  await cluster.killNode(first)
  await until('it runs again', async () => (await runs()).length === 2, 30_000)
  assert.deepEqual((await runs())[1], { what: 'rare, attempt 1', nodeId: second.nodeId })
  await shoal.get(board.open.remote())
  assert.equal(await shoal.get(ref), second.nodeId)
})

await shoal.shutdown()
await cluster.stop()
finish()
