import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as shoal from 'shoal'
import { isRunning, processRecord } from '#runtime/session/process-record.ts'
import { check, finish, rejection, until } from '../support/checks.ts'
import { startCluster, type TestNode } from '../support/cluster.ts'

const folder = mkdtempSync(join(tmpdir(), 'shoal-node-faults-'))
/** Where the tasks of these tests run. */
const workNode = { cpus: 2, resources: { here: 10 }, objectStoreBytes: 240_000_000 }
const fileIn = (name: string) => join(folder, name)
const cluster = await startCluster({ nodes: [{ cpus: 1, objectStoreBytes: 320_000_000 }, workNode], headConfig: { linkGraceMs: 1_000 } })
await shoal.init({ address: cluster.address, tempDir: cluster.tempDir, onWarning: () => {} })

const second = (): TestNode => cluster.nodes.at(-1) ?? assert.fail('no node')
const aliveCount = async () => (await shoal.nodes()).filter((node) => node.alive).length
const waitForPid = async (file: string): Promise<number> => {
  await until(`${file} names a process`, () => existsSync(file) && readFileSync(file, 'utf8').endsWith('\n'))
  return Number(readFileSync(file, 'utf8').trim().split('\n').at(-1))
}

/** Appends its pid, then waits in small steps until the gate is there. */
const gated = shoal.remote(
  async (pids: string, gate: string) => {
    const fs = await import('node:fs')
    fs.appendFileSync(pids, `${process.pid}\n`)
    while (!fs.existsSync(gate)) await new Promise((resolve) => setTimeout(resolve, 10))
    return process.pid
  },
  { resources: { here: 1 } },
)
const forever = shoal.remote(
  async (pids: string) => {
    const fs = await import('node:fs')
    fs.appendFileSync(pids, `${process.pid}\n`)
    if (fs.readFileSync(pids, 'utf8').trim().split('\n').length === 1) for (;;);
    return 'ran again'
  },
  { resources: { here: 1 } },
)
const bytesOf = shoal.remote((size: number, fill: number) => new Uint8Array(size).fill(fill), { resources: { here: 1 } })

await check('a worker of another node that is killed mid-task is replaced, and the task runs again', async () => {
  const [pids, gate] = [fileIn('a.pids'), fileIn('a.gate')]
  const result = gated.remote(pids, gate)
  const pid = await waitForPid(pids)
  process.kill(pid, 'SIGKILL')
  writeFileSync(gate, '')
  assert.notEqual(await shoal.get(result), pid)
})

await check('a task that may not run again says how its worker ended', async () => {
  const [pids, gate] = [fileIn('b.pids'), fileIn('b.gate')]
  const result = gated.options({ maxRetries: 0 }).remote(pids, gate)
  process.kill(await waitForPid(pids), 'SIGKILL')
  const error = await rejection(shoal.get(result))
  assert.ok(error instanceof shoal.WorkerCrashedError, error.stack)
  assert.match(error.message, /SIGKILL/)
})

await check('100 MB reach another node byte for byte over TLS', async () => {
  const big = shoal.remote(
    (size: number) => {
      const bytes = new Uint8Array(size)
      for (let at = 0; at < size; at += 1) bytes[at] = (at * 2654435761) >>> 13
      return bytes
    },
    { resources: { here: 1 } },
  )
  const size = 100_000_000
  const expected = new Uint8Array(size)
  for (let at = 0; at < size; at += 1) expected[at] = (at * 2654435761) >>> 13
  const value = (await shoal.get(big.remote(size))) as Uint8Array
  assert.equal(createHash('sha1').update(value).digest('hex'), createHash('sha1').update(expected).digest('hex'))
})

await check('an agent that is killed takes its workers with it, also one that computes, and the head knows soon', async () => {
  const pids = fileIn('c.pids')
  const victim = second()
  const result = forever.remote(pids)
  const busy = processRecord(await waitForPid(pids))
  const storeOf = () => readdirSync('/dev/shm').filter((name) => name.includes(victim.nodeId.slice(0, 24)))
  assert.equal(storeOf().length, 1)
  const startedMs = performance.now()
  await cluster.killNode(victim)
  await until('the busy worker ends', () => !isRunning(busy), 3_000)
  await until('the shared memory is given back', () => storeOf().length === 0, 3_000)
  await until('the node counts as dead', async () => (await aliveCount()) === 1, 10_000)
  assert.ok(performance.now() - startedMs < 10_000)
  await cluster.addNode(workNode)
  assert.equal(await shoal.get(result), 'ran again')
})

await check('results that lay on a dead node are made again', async () => {
  const ref = bytesOf.remote(3_000_000, 7)
  await shoal.wait([ref], { fetchLocal: false })
  await cluster.killNode(second())
  await cluster.addNode(workNode)
  const value = (await shoal.get(ref, { timeout: '30s' })) as Uint8Array
  assert.equal(value.length, 3_000_000)
  assert.ok(value.every((byte) => byte === 7))
})

await check('when the source dies in the middle of a transfer, the object is made again and read from there', async () => {
  const ref = bytesOf.remote(100_000_000, 8)
  await shoal.wait([ref], { fetchLocal: false })
  const reading = shoal.get(ref, { timeout: '40s' })
  await new Promise((resolve) => setTimeout(resolve, 40)) // a part has come
  await cluster.killNode(second())
  await cluster.addNode(workNode)
  const value = (await reading) as Uint8Array
  assert.equal(value.length, 100_000_000)
  assert.ok(value.every((byte) => byte === 8))
})

await check('many who ask for one object share one transfer', async () => {
  const ref = bytesOf.remote(50_000_000, 6)
  await shoal.wait([ref], { fetchLocal: false })
  const values = await Promise.all(Array.from({ length: 20 }, () => shoal.get(ref)))
  assert.ok(values.every((value) => (value as Uint8Array)[49_999_999] === 6)) // twenty copies would not fit into this node's store
})

await check('a result that another node holds too is read there', async () => {
  const once = fileIn('once')
  const produce = shoal.remote(
    async (path: string) => {
      const fs = await import('node:fs')
      fs.appendFileSync(path, 'x')
      return new Uint8Array(2_000_000).fill(9)
    },
    { resources: { here: 1 } },
  )
  const ref = produce.remote(once)
  assert.equal(((await shoal.get(ref)) as Uint8Array).length, 2_000_000) // a copy is here from now on
  await cluster.killNode(second())
  await until('the node counts as dead', async () => (await aliveCount()) === 1, 10_000)
  const length = shoal.remote((bytes: Uint8Array) => bytes.length)
  assert.equal(await shoal.get(length.remote(ref)), 2_000_000)
  assert.equal(readFileSync(once, 'utf8'), 'x')
  await cluster.addNode(workNode)
})

await check('an agent that is told to stop leaves at once, and its tasks run elsewhere', async () => {
  const [pids, gate] = [fileIn('e.pids'), fileIn('e.gate')]
  const leaving = second()
  const result = gated.remote(pids, gate)
  const first = processRecord(await waitForPid(pids))
  const startedMs = performance.now()
  await cluster.stopNode(leaving)
  await until('the node is dead to the head', async () => (await aliveCount()) === 1, 5_000)
  assert.ok(performance.now() - startedMs < 3_000, 'at once')
  assert.equal(isRunning(first), false)
  assert.deepEqual(readdirSync(leaving.layout.socketDir), [])
  await cluster.addNode(workNode)
  writeFileSync(gate, '')
  assert.ok(Number(await shoal.get(result)) > 0)
})

await check('an agent that is started anew in its folder is a new node, and what its old one ran goes on', async () => {
  const [pids, gate] = [fileIn('f.pids'), fileIn('f.gate')]
  const old = second()
  const result = gated.remote(pids, gate)
  await waitForPid(pids)
  await cluster.killNode(old)
  const restarted = await cluster.restartNode(old)
  assert.notEqual(restarted.nodeId, old.nodeId)
  writeFileSync(gate, '')
  assert.ok(Number(await shoal.get(result)) > 0)
  await until('the old one is dead to the head', async () => (await aliveCount()) === 2, 10_000)
})

await check('an actor on a node that dies is built again elsewhere, and its name leads there', async () => {
  const Where = shoal.actor(
    class {
      pid() {
        return process.pid
      }
    },
    { resources: { here: 1 }, maxRestarts: 3, maxTaskRetries: 3, name: 'where' },
  )
  const actor = Where.remote()
  const before = await shoal.get(actor.pid.remote())
  await cluster.killNode(second())
  await cluster.addNode(workNode)
  assert.notEqual(await shoal.get(actor.pid.remote()), before)
  const found = (await shoal.getActor('where')) as typeof actor
  assert.notEqual(await shoal.get(found.pid.remote()), before)
})

await shoal.shutdown()
const shmBefore = cluster.nodes.map((node) => node.nodeId.slice(0, 24))
await cluster.stop()
await check('nothing is left behind', () => {
  assert.deepEqual(
    readdirSync('/dev/shm').filter((name) => shmBefore.some((id) => name.includes(id))),
    [],
  )
})
rmSync(folder, { recursive: true, force: true })
finish()
