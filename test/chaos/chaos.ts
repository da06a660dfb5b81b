import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import * as shoal from 'shoal'
import { seededRandom } from '#runtime/base/random.ts'
import { endProcess, type ProcessRecord } from '#runtime/session/process-record.ts'
import { check, finish } from '../support/checks.ts'
import { startCluster, type TestNode } from '../support/cluster.ts'
import { markedProcesses } from './marked-processes.ts'

/** Set SHOAL_SEED to kill the same things in the same order again; when each dies is up to the machine. */
const seed = Number(process.env['SHOAL_SEED'] ?? Date.now() % 1_000_000)
const taskCount = 10_000
const actorCount = 50
const callsPerActor = 20
/** Of the tasks, those that work on objects of other tasks: as many pairs, and twice as many parts. */
const pairCount = 100
const killCount = 30
const limitMs = 240_000

const marker = `SHOAL_CHAOS_MARK=${process.pid}-${seed}`
process.env['SHOAL_CHAOS_MARK'] = `${process.pid}-${seed}` // every process of the cluster inherits it
process.stderr.write(`chaos seed ${seed}\n`)

const cluster = await startCluster({ nodes: [{ cpus: 2 }, { cpus: 2 }, { cpus: 2 }, { cpus: 2 }], headConfig: { linkGraceMs: 1_000 } })
await shoal.init({ address: cluster.address, tempDir: cluster.tempDir, onWarning: () => {} })
const nodeIds = new Set(cluster.nodes.map((node) => node.nodeId))
const folders = new Set(cluster.nodes.flatMap((node) => [node.tempDir, node.layout.socketDir]))
const killed = { workers: 0, agents: 0, heads: 0 }
let resultCount = 0
/** Those who wait for so many results. */
const waiters = new Set<{ count: number; wake: () => void }>()

const work = shoal.remote(
  async (index: number) => {
    await new Promise((resolve) => setTimeout(resolve, 5 + (index % 11)))
    return index * 3 + 1
  },
  { maxRetries: -1 },
)
const bulk = shoal.remote((index: number) => new Uint8Array(200_000).fill(index % 251), { maxRetries: -1 })
const total = shoal.remote((one: Uint8Array, other: Uint8Array) => one.reduce((sum, byte) => sum + byte, 0) + other.length, {
  maxRetries: -1,
})
const Keeper = shoal.actor(
  class {
    readonly #index: number
    constructor(index: number) {
      this.#index = index
    }
    answer(call: number) {
      return this.#index * 1_000 + call
    }
  },
  { numCpus: 0, maxRestarts: -1, maxTaskRetries: -1 },
)

await check(`every result is right while workers, agents and the head are killed (seed ${seed})`, async () => {
  const parts = Array.from({ length: 2 * pairCount }, (_, index) => bulk.remote(index))
  const pairs = Array.from({ length: pairCount }, (_, index) => ({
    index,
    ref: total.remote(parts[index] as never, parts[index + pairCount] as never),
  }))
  const actors = Array.from({ length: actorCount }, (_, index) => keep(index))
  const tasks = Array.from({ length: taskCount - 3 * pairCount }, (_, index) => ({ index, ref: work.remote(index) }))
  const all = [
    wreak(tasks.length),
    ...tasks.map(async ({ index, ref }) => {
      assert.equal(await shoal.get(ref), index * 3 + 1)
      resultCount += 1
      for (const waiter of waiters) if (waiter.count <= resultCount) waiter.wake()
    }),
    ...pairs.map(async ({ index, ref }) => assert.equal(await shoal.get(ref), (index % 251) * 200_000 + 200_000)),
    ...actors,
  ]
  await within(limitMs, Promise.all(all))
  assert.ok(killed.workers > 3 && killed.agents > 2 && killed.heads > 0, `killed ${JSON.stringify(killed)}`)
})
process.stderr.write(`killed ${JSON.stringify(killed)}\n`)

await shoal.shutdown()
await cluster.stop()

await check('no process, socket, segment or file is left behind', async () => {
  const ended = Date.now() + 10_000
  while (markedProcesses(marker).length > 0 && Date.now() < ended) await new Promise((resolve) => setTimeout(resolve, 50))
  assert.deepEqual(markedProcesses(marker), [])
  assert.deepEqual(
    readdirSync('/dev/shm').filter((name) => [...nodeIds].some((nodeId) => name.includes(nodeId.slice(0, 24)))),
    [],
  )
  assert.deepEqual(
    [...folders].filter((folder) => existsSync(folder)),
    [],
  )
})
finish()

/** One actor, called again and again while the tasks run. */
async function keep(index: number): Promise<void> {
  const keeper = Keeper.remote(index)
  for (let call = 0; call < callsPerActor; call += 1) {
    assert.equal(await shoal.get(keeper.answer.remote(call)), index * 1_000 + call)
    await resultsReach((taskCount * call) / callsPerActor - 3 * pairCount)
  }
}

/** Kills something each time that a part of the work is done: a slow machine gets the same, and has to get over it. */
async function wreak(tasks: number): Promise<void> {
  const random = seededRandom(seed)
  const pick = <T>(list: readonly T[]): T | undefined => list[Math.floor(random() * list.length)]
  for (let kills = 1; kills <= killCount; kills += 1) {
    await resultsReach((tasks * kills) / (killCount + 1))
    const dice = random()
    if (dice < 0.6) killWorker(pick(cluster.nodes), pick)
    else if (dice < 0.85) await killAgent(pick(cluster.nodes.slice(1)), random() < 0.5)
    else {
      killed.heads += 1
      await cluster.killHead()
      await new Promise((resolve) => setTimeout(resolve, random() * 500))
      await cluster.restartHead()
    }
  }
}

function resultsReach(count: number): Promise<void> {
  if (resultCount >= count) return Promise.resolve()
  return new Promise((resolve) => {
    const waiter = { count, wake: () => waiters.delete(waiter) && resolve() }
    waiters.add(waiter)
  })
}

async function within(timeMs: number, done: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`after ${timeMs} ms ${resultCount} of ${taskCount} tasks had ended; killed ${JSON.stringify(killed)}`)),
      timeMs,
    )
  })
  await Promise.race([done, late]).finally(() => clearTimeout(timer))
}

function killWorker(node: TestNode | undefined, pick: <T>(list: readonly T[]) => T | undefined): void {
  if (!node || !existsSync(node.layout.workersRecord)) return
  const worker = pick(JSON.parse(readFileSync(node.layout.workersRecord, 'utf8')) as ProcessRecord[]) // the agent's own file
  if (worker && endProcess(worker, 'SIGKILL')) killed.workers += 1
}

/** Another comes in its place: in its folder, or as a new machine. */
async function killAgent(node: TestNode | undefined, inItsFolder: boolean): Promise<void> {
  if (!node) return
  killed.agents += 1
  await cluster.killNode(node)
  const next = inItsFolder ? await cluster.restartNode(node) : await cluster.addNode({ cpus: 2 })
  nodeIds.add(next.nodeId)
  folders.add(next.tempDir).add(next.layout.socketDir)
}
