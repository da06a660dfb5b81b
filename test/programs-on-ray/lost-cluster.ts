// What joins a program to its cluster is killed: the bridge, the raylet of its own node, the head. Whoever waits is told, and nothing of ours stays.
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as shoal from 'shoal'
import { check, finish, until } from '../support/checks.ts'
import type { TestNode } from '../support/cluster.ts'
import { commandsOf } from '../support/processes-of.ts'
import { type RayCluster, startRayCluster } from '../support/ray-cluster.ts'

// Ray's own limit is a minute; its processes and the bridge have these from us.
process.env['RAY_gcs_rpc_server_reconnect_timeout_s'] = '5'

const isAlive = (pid: number): boolean => existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
/** Of this program and its bridge alone. */
const folder = mkdtempSync(join(tmpdir(), 'shoal-lost-'))
Object.assign(process.env, { TMPDIR: folder, RAY_TMPDIR: '/tmp' })
const bridges = (): number[] =>
  Object.keys(commandsOf('driver.py'))
    .map(Number)
    .filter((pid) => isAlive(pid) && readFileSync(`/proc/${pid}/status`, 'utf8').includes(`PPid:\t${process.pid}\n`))
/** The bridge is a child of ours. */
function bridgePid(): number {
  const [found] = bridges()
  assert(found)
  return found
}

class Idle {
  async hang(): Promise<void> {
    await new Promise(() => {})
  }
  pids(): number[] {
    return [process.pid, process.ppid]
  }
}
const never = shoal.remote(() => new Promise<void>(() => {}), { numCpus: 0 })
const pidsOf = shoal.remote(() => [process.pid, process.ppid], { numCpus: 0 })
const silent = shoal.remote(
  async function* () {
    await new Promise(() => {})
    yield 1
  },
  { numCpus: 0 },
)

/** Calls of every kind that wait for what never comes. */
function waitingCalls(): Record<string, Promise<unknown>> {
  const ref = never.remote()
  const stream = silent.remote()
  const idle = shoal.actor(Idle).remote()
  const follows = shoal.remote((value: unknown) => value)
  return {
    'get of a task': shoal.get(ref),
    'get of a list': shoal.get([ref, follows.remote(ref)]),
    'wait, then get': shoal.wait([follows.remote(ref)]).then(({ ready }) => shoal.get(ready)),
    'an item of a stream': stream.next().then(({ value }) => value && shoal.get(value)),
    'wait for a stream, then next': waitForStream(),
    'completed of a stream': shoal.get(silent.remote().completed),
    'a call of an actor': shoal.get(idle.hang.remote()),
    'a placement group': shoal.placementGroup({ bundles: [{ CPU: 1_000 }] }).ready(),
  }
}
async function waitForStream(): Promise<unknown> {
  const stream = silent.remote()
  await shoal.wait([stream])
  return stream.next()
}

/** The code of the error that it ends with, within the time given. */
async function endOf(promise: Promise<unknown>, withinMs: number): Promise<string> {
  const late = new Promise<string>((resolve) => setTimeout(() => resolve(`still waits after ${withinMs} ms`), withinMs).unref())
  const code = promise.then(
    (value) => `resolved with ${String(value)}`,
    (error: unknown) => (error instanceof shoal.ClusterError ? error.code : String(error)),
  )
  return Promise.race([code, late])
}

/** Joins a cluster of its own, kills what `kill` kills, and looks what becomes of everything. */
async function whenKilled(kill: (cluster: RayCluster) => unknown, withinMs: number): Promise<void> {
  const cluster = await startRayCluster({ nodes: [{ cpus: 2 }] })
  try {
    const warnings: string[] = []
    await shoal.init({ address: cluster.address, onWarning: (message) => void warnings.push(message) })
    const bridge = bridgePid()
    const idle = shoal.actor(Idle).remote()
    const pids = (await shoal.get([pidsOf.remote(), idle.pids.remote()])).flat()
    const calls = waitingCalls()
    await shoal.get(pidsOf.remote()) // the orders before have been taken
    await kill(cluster)
    const ends = await Promise.all(Object.entries(calls).map(async ([name, promise]) => [name, await endOf(promise, withinMs)]))
    assert.deepEqual(Object.fromEntries(ends), Object.fromEntries(Object.keys(calls).map((name) => [name, 'link.closed'])))
    assert.equal(shoal.isInitialized(), false)
    assert.equal(warnings.filter((warning) => warning.includes('bridge')).length, 1, warnings.join('\n'))
    await until('the bridge and the workers have ended', () => ![bridge, ...pids].some(isAlive), 120_000)
  } finally {
    await cluster.stop()
  }
  assert.deepEqual(readdirSync(folder), [])
}

await check('when the bridge is killed, every call that waits fails at once, and workers of the program end', async () => {
  await whenKilled(() => process.kill(bridgePid(), 'SIGKILL'), 10_000)
})

await check('when the raylet of its node is killed, every call that waits fails', async () => {
  await whenKilled((cluster) => cluster.killRaylet(cluster.nodes[0] as TestNode), 10_000)
})

await check("when the head is killed, every call that waits fails once Ray's time for its return is over", async () => {
  await whenKilled((cluster) => cluster.killHead(), 60_000)
})

await check('a program that lost its cluster can have one of its own, also beside another, or join that', async () => {
  const cluster = await startRayCluster({ nodes: [{ cpus: 1 }] })
  await shoal.init({ numCpus: 1 })
  assert.notEqual(shoal.runtimeContext().nodeId, cluster.nodes[0]?.nodeId)
  await shoal.shutdown()
  await shoal.init({ address: cluster.address })
  assert.equal(await shoal.get(shoal.remote(() => 7).remote()), 7)
  await shoal.shutdown()
  assert.deepEqual(bridges(), [])
  await cluster.stop()
})

rmSync(folder, { recursive: true })
finish()
