// Processes of Ray and of ours that are killed in the middle of work. What must run again does; what must not fails with the error named for it.
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as shoal from 'shoal'
import { check, finish, rejection, until } from '../support/checks.ts'
import type { TestNode } from '../support/cluster.ts'
import { startRayCluster } from '../support/ray-cluster.ts'

const folder = mkdtempSync(join(tmpdir(), 'shoal-deaths-'))
const workNode = { cpus: 2, resources: { work: 2 } }
const cluster = await startRayCluster({ nodes: [{ cpus: 1 }, workNode] })
await shoal.init({ address: cluster.address, onWarning: () => {} })

const work = { resources: { work: 1 } }
const isAlive = (pid: number): boolean => {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false // it ended
  }
}
const victim = (): TestNode => cluster.nodes.at(-1) as TestNode // the one with `work`, of which there is always one

/** Another node for work, once the cluster knows that the old one is dead. */
async function replace(): Promise<void> {
  const dead = victim()
  await until(
    'the node counts as dead',
    async () => !(await shoal.nodes()).some(({ nodeId, alive }) => alive && nodeId === dead.nodeId),
    180_000,
  )
  await cluster.killNode(dead)
  await cluster.addNode(workNode)
}

/** Writes down who runs it, then waits for the gate. */
const gated = shoal.remote(async (name: string) => {
  const fs = await import('node:fs')
  fs.appendFileSync(`${name}.runs`, `${process.pid} ${process.ppid}\n`)
  while (!fs.existsSync(`${name}.gate`)) await new Promise((resolve) => setTimeout(resolve, 20))
  return shoal.runtimeContext().attempt
}, work)
type Run = { readonly node: number; readonly python: number }
/** The newest run of a gated task. */
async function runOf(name: string, count = 1): Promise<Run> {
  const lines = (): string[] => (existsSync(`${name}.runs`) ? readFileSync(`${name}.runs`, 'utf8').trim().split('\n') : [])
  await until(`run ${count} of ${name}`, () => lines().length >= count, 180_000)
  const [node = 0, python = 0] = lines().at(-1)?.split(' ').map(Number) ?? []
  return { node, python }
}
const at = (name: string): string => join(folder, name)
const open = (name: string): void => writeFileSync(`${name}.gate`, '')

class Counter {
  #count = 0
  add(): number {
    this.#count += 1
    return this.#count
  }
  pids(): Run {
    return { node: process.pid, python: process.ppid }
  }
  restarts(): number {
    return shoal.runtimeContext().restarts ?? 0
  }
  bytes(): Uint8Array {
    return new Uint8Array(1_000_000).fill(5)
  }
  async put(): Promise<shoal.ObjectRef<Uint8Array>[]> {
    return [await shoal.put(new Uint8Array(1_000_000).fill(6))]
  }
  async hang(): Promise<void> {
    await new Promise(() => {})
  }
}
const CounterActor = shoal.actor(Counter, { numCpus: 0, ...work })
const bytesOf = shoal.remote((fill: number) => new Uint8Array(1_000_000).fill(fill), work)

await check(
  'a Python worker that is killed: its Node ends, its task runs again, and one that may not says that its worker crashed',
  async () => {
    const [again, once] = [gated.remote(at('python-again')), gated.options({ maxRetries: 0 }).remote(at('python-once'))]
    const runs = [await runOf(at('python-again')), await runOf(at('python-once'))]
    for (const { python } of runs) process.kill(python, 'SIGKILL')
    const error = await rejection(shoal.get(once))
    assert(error instanceof shoal.WorkerCrashedError, String(error))
    await until('Node has ended', () => !runs.some(({ node }) => isAlive(node)))
    open(at('python-again'))
    assert.equal(await shoal.get(again), 1)
  },
)

await check('a Node worker that is killed: its task runs again, and one that may not says by which signal it ended', async () => {
  const [again, once] = [gated.remote(at('node-again')), gated.options({ maxRetries: 0 }).remote(at('node-once'))]
  const runs = [await runOf(at('node-again')), await runOf(at('node-once'))]
  for (const { node } of runs) process.kill(node, 'SIGKILL')
  const error = await rejection(shoal.get(once))
  assert(error instanceof shoal.WorkerCrashedError, String(error))
  assert.match(error.message, /SIGKILL/)
  await until('Python has ended too', () => !runs.some(({ python }) => isAlive(python)))
  open(at('node-again'))
  assert.equal(await shoal.get(again), 1)
})

for (const which of ['python', 'node'] as const) {
  await check(
    `an actor whose ${which} process is killed restarts without its state where it may, and is dead where it may not`,
    async () => {
      const lasting = CounterActor.options({ maxRestarts: 1, maxTaskRetries: 2 }).remote()
      assert.equal(await shoal.get(lasting.add.remote()), 1)
      const pids = await shoal.get(lasting.pids.remote())
      process.kill(pids[which], 'SIGKILL')
      await until('both processes have ended', () => !isAlive(pids.node) && !isAlive(pids.python))
      assert.equal(await shoal.get(lasting.add.remote()), 1)
      assert.equal(await shoal.get(lasting.restarts.remote()), 1)
      const mortal = CounterActor.remote()
      const mine = await shoal.get(mortal.pids.remote())
      const hanging = mortal.hang.remote()
      process.kill(mine[which], 'SIGKILL')
      for (const ref of [hanging, mortal.add.remote()]) {
        const error = await rejection(shoal.get(ref))
        assert(error instanceof shoal.ActorDiedError, String(error))
        if (which === 'node') assert.match(error.message, /SIGKILL/)
      }
      await shoal.kill(lasting)
    },
  )
}

await check(
  'tasks of a node whose raylet is killed run again on another, its processes end, and those that may not run again say so',
  async () => {
    const [again, once] = [gated.remote(at('raylet-again')), gated.options({ maxRetries: 0 }).remote(at('raylet-once'))]
    const runs = [await runOf(at('raylet-again')), await runOf(at('raylet-once'))]
    await cluster.killRaylet(victim())
    const error = await rejection(shoal.get(once))
    assert(error instanceof shoal.WorkerCrashedError || error instanceof shoal.NodeDiedError, String(error))
    await until('its processes have ended', () => !runs.some(({ node, python }) => isAlive(node) || isAlive(python)), 180_000)
    open(at('raylet-again'))
    await replace()
    assert.equal(await shoal.get(again, { timeout: '180s' }), 1)
  },
)

await check('actors of a node whose raylet is killed restart on another where they may, and are dead where not', async () => {
  const lasting = CounterActor.options({ maxRestarts: 1, maxTaskRetries: 2 }).remote()
  const mortal = CounterActor.remote()
  assert.deepEqual(await shoal.get([lasting.add.remote(), mortal.add.remote()]), [1, 1])
  const hanging = mortal.hang.remote()
  await cluster.killRaylet(victim())
  const error = await rejection(shoal.get(hanging))
  assert(error instanceof shoal.ActorDiedError || error instanceof shoal.ActorUnavailableError, String(error)) // the second where Ray does not know yet
  await replace()
  assert.equal(await shoal.get(lasting.add.remote(), { timeout: '180s' }), 1)
  assert((await rejection(shoal.get(mortal.add.remote()))) instanceof shoal.ActorDiedError)
  await shoal.kill(lasting)
})

await check('objects whose only copy was on a dead node are made again where that can be, and else named as lost', async () => {
  const made = bytesOf.remote(7)
  const single = bytesOf.options({ maxRetries: 0 }).remote(8)
  const actor = CounterActor.remote()
  const [put] = await shoal.get(actor.put.remote())
  assert(put)
  const ofActor = actor.bytes.remote()
  await shoal.wait([made, single, ofActor], { numReturns: 3, fetchLocal: false })
  await cluster.killRaylet(victim())
  await replace()
  const again = await shoal.get(made, { timeout: '180s' })
  assert(again.length === 1_000_000 && again.every((byte) => byte === 7))
  const gone = await rejection(shoal.get(single, { timeout: '180s' }))
  assert(gone instanceof shoal.ObjectLostError, String(gone))
  const goneToo = await rejection(shoal.get(ofActor, { timeout: '180s' }))
  assert(goneToo instanceof shoal.ObjectLostError || goneToo instanceof shoal.ActorDiedError, String(goneToo))
  const owner = await rejection(shoal.get(put, { timeout: '180s' }))
  assert(owner instanceof shoal.OwnerDiedError, String(owner))
})

await shoal.shutdown()
await cluster.stop()
rmSync(folder, { recursive: true, force: true })
finish()
