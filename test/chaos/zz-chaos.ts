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
const taskCount = 2_000
const actorCount = 50
const callsPerActor = 20
/** Between two kills. */
const calmMs = { least: 250, most: 900 }

const marker = `SHOAL_CHAOS_MARK=${process.pid}-${seed}`
process.env['SHOAL_CHAOS_MARK'] = `${process.pid}-${seed}` // every process of the cluster inherits it
process.stderr.write(`chaos seed ${seed}\n`)

const cluster = await startCluster({ nodes: [{ cpus: 2 }, { cpus: 2 }, { cpus: 2 }, { cpus: 2 }], headConfig: { linkGraceMs: 1_000 } })
await shoal.init({ address: cluster.address, tempDir: cluster.tempDir, onWarning: () => {} })
const nodeIds = new Set(cluster.nodes.map((node) => node.nodeId))
const folders = new Set(cluster.nodes.flatMap((node) => [node.tempDir, node.layout.socketDir]))
const killed = { workers: 0, agents: 0, heads: 0 }
let isOver = false

await check(`every result is right while workers, agents and the head are killed (seed ${seed})`, async () => {
  const chaos = wreak()
  const work = shoal.remote(
    async (index: number) => {
      await new Promise((resolve) => setTimeout(resolve, 5 + (index % 11)))
      return index * 3 + 1
    },
    { maxRetries: -1 },
  )
  const bulk = shoal.remote((index: number) => new Uint8Array(200_000).fill(index % 251), { maxRetries: -1 })
  const total = shoal.remote((one: Uint8Array, other: Uint8Array) => one.reduce((sum, byte) => sum + byte, 0) + other.length, { maxRetries: -1 })
  const Keeper = shoal.actor(
    class {
      readonly #index: number
      constructor(index: number) {
        this.#index = index
      }
      async answer(call: number) {
        await new Promise((resolve) => setTimeout(resolve, 20))
        return this.#index * 1_000 + call
      }
    },
    { numCpus: 0, maxRestarts: -1, maxTaskRetries: -1 },
  )
  const keepers = Array.from({ length: actorCount }, (_, index) => Keeper.remote(index))
  const calls = keepers.map((keeper) => Array.from({ length: callsPerActor }, (_, call) => keeper.answer.remote(call)))
  const results = Array.from({ length: taskCount - 300 }, (_, index) => work.remote(index))
  const parts = Array.from({ length: 200 }, (_, index) => bulk.remote(index))
  const totals = Array.from({ length: 100 }, (_, index) => total.remote(parts[index] as never, parts[index + 100] as never))
  try {
    const values = await shoal.get(results, { timeout: '150s' })
    for (const [index, value] of values.entries()) assert.equal(value, index * 3 + 1)
    const sums = await shoal.get(totals, { timeout: '25s' })
    for (const [index, sum] of sums.entries()) assert.equal(sum, (index % 251) * 200_000 + 200_000)
    const answers = await shoal.get(calls.flat(), { timeout: '25s' })
    for (const [at, answer] of answers.entries()) assert.equal(answer, Math.floor(at / callsPerActor) * 1_000 + (at % callsPerActor))
  } catch (error) {
    const { currentBackend } = await import('#runtime/sdk/current-backend.ts')
    const b = currentBackend() as any
    const client = b.client ?? b._client ?? Object.values(b).find((x: any) => x?.owner)
    const st = (globalThis as any).__client?.owner?.state ?? client?.owner?.state
    let n = 0
    if (st) for (const q of st.actors.values()) if (q.waiting.length + q.inFlight.size > 0 && n++ < 5) console.log(JSON.stringify({ id: q.actorId, status: q.status, version: q.version, waiting: q.waiting.length, inFlight: q.inFlight.size, link: q.link, linkRestarts: q.linkRestarts }).slice(0, 600))
    console.log('STUCK', n, (await shoal.nodes()).map((x) => JSON.stringify(x).slice(0, 300)).join('\n'))
    const { cpSync } = await import('node:fs')
    let k = 0
    for (const f of folders) if (existsSync(f + '/logs')) cpSync(f + '/logs', '/tmp/chaos-logs/' + k++, { recursive: true })
    throw error
  } finally {
    isOver = true
    await chaos
  }
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

/** Kills something, waits, and again, until the work is done. */
async function wreak(): Promise<void> {
  const random = seededRandom(seed)
  const pick = <T>(list: readonly T[]): T | undefined => list[Math.floor(random() * list.length)]
  while (!isOver) {
    await new Promise((resolve) => setTimeout(resolve, calmMs.least + random() * (calmMs.most - calmMs.least)))
    if (isOver) return
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
