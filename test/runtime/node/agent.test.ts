import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createHash } from 'node:crypto'
import { expect, it } from 'vitest'
import * as z from 'zod'
import { silentLogger } from '#runtime/base/logger.ts'
import { ActorChanged } from '#runtime/protocol/actors.ts'
import { KvGetReply, KvPutReply, JobRegistered } from '#runtime/protocol/clients.ts'
import { toOwnerFromAgent } from '#runtime/protocol/leases.ts'
import { StoreReply } from '#runtime/protocol/store.ts'
import type { NodeRecord } from '#runtime/session/session-records.ts'
import { readIdentity } from '#runtime/session/identity-file.ts'
import type { SessionLayout } from '#runtime/session/layout.ts'
import { createStoreClient, type StoreClient } from '#runtime/store/store-client.ts'
import { dialTls } from '#runtime/transport/dial.ts'
import { listenUnix } from '#runtime/transport/listen.ts'
import { actorSpecOf, jobId, shapeOf } from './core/agent-core-harness.ts'
import { endChild, newId, RealCluster, TestDriver, workerPids } from './real-cluster.ts'

/** For machines that are busy with other things. */
const patient = { timeout: 20_000 }
const objectId = () => createHash('sha256').update(newId()).digest('hex').slice(0, 56)
const bytes = (text: string) => new Uint8Array(Buffer.from(text))

function storeOf(driver: TestDriver): StoreClient {
  return createStoreClient({
    request: (message) => driver.link.request(message, { reply: z.unknown() }),
    send: (message) => void driver.link.send(message),
    logger: silentLogger,
  })
}

it('lends a worker, and tells its owner how it ended', async () => {
  await using cluster = await RealCluster.start()
  const layout = cluster.newLayout()
  await cluster.startAgent(layout)
  const driver = await TestDriver.connect(layout)
  driver.askForLease('r1')
  const granted = await driver.next('lease.granted')
  expect(granted.worker.nodeId).toBe(driver.nodeId)
  const [pid] = workerPids(layout)
  const log = join(layout.logDir, `worker-${granted.worker.workerId}-${jobId}-${pid}.out`)
  await expect.poll(() => readFileSync(log, 'utf8'), patient).toContain('serving')
  process.kill(pid ?? 0, 'SIGKILL')
  const lost = await driver.next('lease.lost')
  expect(lost).toMatchObject({ leaseId: granted.leaseId, exit: { signal: 'SIGKILL', exitCode: null, pid, reason: null } })
  expect(lost.exit.lastLines).toEqual([`tiny worker ${pid} is up`, `serving ${granted.leaseId}`])
  await expect(driver.next('processes.gone', (gone) => gone.workerIds.includes(granted.worker.workerId))).resolves.toBeDefined()
})

it('refuses what waits for a worker when none can be started, with what it wrote', async () => {
  await using cluster = await RealCluster.start()
  const layout = cluster.newLayout()
  process.env['TINY_WORKER'] = 'broken'
  await cluster.startAgent(layout).finally(() => delete process.env['TINY_WORKER'])
  const driver = await TestDriver.connect(layout)
  driver.askForLease('r1')
  const refused = await driver.next('lease.refused')
  expect(refused.failure).toMatchObject({ code: 'worker.crashed' })
  expect(refused.failure.message).toContain('cannot find module left-pad')
})

it('passes requests on to the head, waits for one that is away, and says so when it stays away', async () => {
  await using cluster = await RealCluster.start()
  const layout = cluster.newLayout()
  await cluster.startAgent(layout)
  const driver = await TestDriver.connect(layout)
  const job = await driver.link.request(
    { type: 'job.register', driverId: driver.workerId, pid: process.pid, entrypoint: 'test', namespace: null },
    { reply: JobRegistered },
  )
  expect(job.jobId).toHaveLength(8)
  const put = { type: 'kv.put', key: 'a', value: bytes('one'), overwrite: true }
  expect(await driver.link.request(put, { reply: KvPutReply })).toEqual({ added: true })
  const impatient = cluster.newLayout()
  await cluster.startAgent(impatient, { config: { headPatienceMs: 200 } })
  const hurried = await TestDriver.connect(impatient)
  await cluster.killHead()
  const waiting = driver.link.request({ type: 'kv.get', key: 'a' }, { reply: KvGetReply })
  await expect(hurried.link.request({ type: 'kv.get', key: 'a' }, { reply: KvGetReply })).rejects.toMatchObject({
    code: 'head.unavailable',
  })
  await cluster.startHead()
  expect(Buffer.from((await waiting).value ?? []).toString()).toBe('one')
})

it('frees what a driver owned when the driver is gone', async () => {
  await using cluster = await RealCluster.start()
  const layout = cluster.newLayout()
  await cluster.startAgent(layout)
  const owner = await TestDriver.connect(layout)
  const other = await TestDriver.connect(layout)
  const id = objectId()
  await storeOf(owner).put(id, 3, (target) => target.set(bytes('abc')), { primary: true })
  expect(await storeOf(other).contains(id)).toBe(true)
  owner.link.close()
  await expect.poll(() => storeOf(other).contains(id), patient).toBe(false)
})

it('ends with its parent, and leaves neither workers nor records', async () => {
  await using cluster = await RealCluster.start()
  const layout = cluster.newLayout()
  const { child } = await cluster.startAgent(layout)
  const driver = await TestDriver.connect(layout)
  driver.askForLease('r1')
  await driver.next('lease.granted')
  child.stdin?.end()
  await driver.link.closed
  await expect.poll(() => workerPids(layout).filter(isRunningPid), patient).toEqual([])
  await expect.poll(() => exists(layout.nodeRecord), patient).toBe(false)
})

it('starts again where it was killed', async () => {
  await using cluster = await RealCluster.start()
  const layout = cluster.newLayout()
  const { child } = await cluster.startAgent(layout)
  const driver = await TestDriver.connect(layout)
  driver.askForLease('r1')
  await driver.next('lease.granted')
  const pids = workerPids(layout)
  await endChild(child, 'SIGKILL')
  await cluster.startAgent(layout)
  await expect.poll(() => pids.filter(isRunningPid), patient).toEqual([])
  const again = await TestDriver.connect(layout)
  again.askForLease('r2')
  await expect(again.next('lease.granted')).resolves.toMatchObject({ requestId: 'r2' })
})

it('moves an object from another node, once for all who ask, and says when no copy is left', async () => {
  await using cluster = await RealCluster.start({ listen: true })
  const [one, two] = await startTwo(cluster)
  const id = objectId()
  const sizeBytes = 9_000_001
  const content = new Uint8Array(sizeBytes).map((_, index) => index % 251)
  await storeOf(one.driver).put(id, sizeBytes, (target) => target.set(content), { primary: true })
  const copies = [{ nodeId: one.driver.nodeId, agentAddress: one.driver.agentAddress }]
  const pull = () => two.driver.link.request({ type: 'object.pull', objectId: id, sizeBytes, copies }, { reply: z.unknown() })
  await Promise.all([pull(), pull(), pull()])
  const mapped = await storeOf(two.driver).get(id, { timeoutMs: 0 })
  expect(Buffer.compare(mapped?.bytes ?? new Uint8Array(), content)).toBe(0)
  mapped?.release()
  two.driver.link.send({ type: 'objects.free', objects: [{ objectId: id, copies }] })
  await expect.poll(() => storeOf(one.driver).contains(id), patient).toBe(false)
  await expect(pull()).rejects.toMatchObject({ code: 'object.lost' })
  await endChild(one.child, 'SIGKILL')
  await expect(pull()).rejects.toMatchObject({ code: 'object.lost' })
})

it('opens tunnels to the processes of its node', async () => {
  await using cluster = await RealCluster.start({ listen: true })
  const [one, two] = await startTwo(cluster)
  const socketPath = join(one.layout.socketDir, 'd-test.sock')
  const hellos: unknown[] = []
  const listener = await listenUnix(socketPath, {
    self: { version: 'test' },
    logger: silentLogger,
    onPeer: (hello, peer) => {
      hellos.push({ role: hello.role, workerId: hello.workerId, nodeId: hello.nodeId })
      const link = peer.accept({ incoming: { 'store.free': z.object({ type: z.literal('store.free') }) }, logger: silentLogger })
      link.onRequest(() => ({ type: 'store.done' }))
    },
  })
  one.driver.link.send({ type: 'client.ready', workerId: one.driver.workerId, pid: process.pid, socketPath })
  await one.driver.link.request({ type: 'store.contains', objectId: 'x' }, { reply: StoreReply }) // by now it has been read
  const [host, port] = one.driver.agentAddress.split(':')
  const target = { host: host ?? '', port: Number(port), identity: readIdentity(two.layout.identityDir), expectNodeId: one.driver.nodeId }
  const who = { workerId: two.driver.workerId, nodeId: two.driver.nodeId, version: 'test' }
  const tunnel = await dialTls(target, { hello: { ...who, role: 'tunnel', target: one.driver.workerId } })
  const through = tunnel.link({ incoming: {}, logger: silentLogger })
  expect(await through.request({ type: 'store.free' }, { reply: z.unknown() })).toEqual({ type: 'store.done' })
  expect(hellos).toEqual([{ role: 'owner', workerId: two.driver.workerId, nodeId: two.driver.nodeId }])
  await expect(dialTls(target, { hello: { ...who, role: 'tunnel', target: newId() } })).rejects.toMatchObject({ code: 'link.closed' })
  through.close()
  listener.close()
})

it('lends workers to an owner of another node, and ends them when it does not come back', async () => {
  await using cluster = await RealCluster.start({ listen: true })
  const [one, two] = await startTwo(cluster)
  const [host, port] = one.driver.agentAddress.split(':')
  const target = { host: host ?? '', port: Number(port), identity: readIdentity(two.layout.identityDir), expectNodeId: one.driver.nodeId }
  const hello = { role: 'owner', workerId: two.driver.workerId, nodeId: two.driver.nodeId, version: 'test' } as const
  const link = (await dialTls(target, { hello })).link({ incoming: toOwnerFromAgent, logger: silentLogger })
  const granted = new Promise((resolve) => link.onMessage(resolve))
  const request = { requestId: 'far', ownerId: two.driver.workerId, jobId: '00000001', shape: shapeOf({ CPU: 1 }) }
  link.send({ type: 'lease.request', ...request, spills: 1, backlog: 1, retriable: true })
  expect(await granted).toMatchObject({ type: 'lease.granted', requestId: 'far', worker: { nodeId: one.driver.nodeId } })
  const [pid] = workerPids(one.layout)
  link.close()
  await expect.poll(() => isRunningPid(pid ?? 0), patient).toBe(false)
})

it('sends a request on to a node that has room', async () => {
  await using cluster = await RealCluster.start({ listen: true })
  const [one, two] = await startTwo(cluster)
  for (const id of ['r1', 'r2', 'r3']) one.driver.askForLease(id)
  const spilled = await one.driver.next('lease.spilled')
  expect(spilled).toMatchObject({ nodeId: two.driver.nodeId, agentAddress: two.driver.agentAddress })
})

it('begins as another node, without its workers, when it was declared dead while it could not answer', async () => {
  await using cluster = await RealCluster.start({ config: { deadAfterMs: 800, heartbeatMs: 200 } })
  const [frozen, witness] = [cluster.newLayout(), cluster.newLayout()]
  const { child } = await cluster.startAgent(frozen)
  await cluster.startAgent(witness)
  const driver = await TestDriver.connect(frozen)
  const watching = await TestDriver.connect(witness)
  driver.askForLease('r1')
  await driver.next('lease.granted')
  const [pid] = workerPids(frozen)
  child.kill('SIGSTOP')
  await watching.next('processes.gone', (gone) => gone.nodeIds.includes(driver.nodeId))
  child.kill('SIGCONT')
  await driver.link.closed
  await expect.poll(() => isRunningPid(pid ?? 0), patient).toBe(false)
  await watching.next('cluster.changed', ({ nodes }) =>
    nodes.some((node) => node.facts.pid === child.pid && node.facts.nodeId !== driver.nodeId),
  )
  await expect.poll(() => readRecord(frozen).nodeId, patient).not.toBe(driver.nodeId)
  const again = await TestDriver.connect(frozen)
  again.askForLease('r2')
  await expect(again.next('lease.granted')).resolves.toBeDefined()
})

it('builds an actor where the head places it, and tells who watches how it lives and dies', async () => {
  await using cluster = await RealCluster.start()
  const layout = cluster.newLayout()
  await cluster.startAgent(layout)
  const driver = await TestDriver.connect(layout)
  const registration = { type: 'job.register', driverId: driver.workerId, pid: process.pid, entrypoint: 'test', namespace: null }
  const { jobId, namespace } = await driver.link.request(registration, { reply: JobRegistered })
  const plain = actorSpecOf('7')
  const owner = { ...plain.owner, workerId: driver.workerId, nodeId: driver.nodeId }
  const spec = { ...plain, actorId: plain.actorId.slice(0, 24) + jobId, jobId, namespace, owner }
  await driver.link.request({ type: 'actor.create', spec, getIfExists: false }, { reply: z.unknown() })
  const first = await driver.link.request({ type: 'actor.watch', actorId: spec.actorId }, { reply: ActorChanged })
  const alive = first.status.kind === 'alive' ? first : await driver.next('actor.changed', ({ status }) => status.kind === 'alive')
  expect(alive.status).toMatchObject({ restarts: 0, address: { nodeId: driver.nodeId } })
  await driver.link.request({ type: 'actor.kill', actorId: spec.actorId, noRestart: true }, { reply: z.unknown() })
  const dead = await driver.next('actor.changed', ({ status }) => status.kind === 'dead')
  expect(dead.status).toMatchObject({ death: { cause: 'killed' } })
})

it('serves requests inside a placement group, and refuses them once it is removed', async () => {
  await using cluster = await RealCluster.start()
  const layout = cluster.newLayout()
  await cluster.startAgent(layout)
  const driver = await TestDriver.connect(layout)
  const registration = { type: 'job.register', driverId: driver.workerId, pid: process.pid, entrypoint: 'test', namespace: null }
  const { jobId } = await driver.link.request(registration, { reply: JobRegistered })
  const groupId = `${'5'.repeat(28)}${jobId}`
  const bundles = [{ resources: { CPU: 1 }, labels: [] }]
  const spec = { groupId, jobId, creatorId: driver.workerId, name: null, strategy: 'PACK', bundles, detached: false }
  await driver.link.request({ type: 'group.create', spec }, { reply: z.unknown() })
  const inside = shapeOf({ CPU: 1 }, { strategy: { kind: 'group', groupId, bundleIndex: -1, captureChildren: false } })
  driver.askForLease('r1', inside)
  const granted = await driver.next('lease.granted')
  driver.askForLease('r2', inside)
  await driver.link.request({ type: 'group.remove', groupId }, { reply: z.unknown() })
  const lost = await driver.next('lease.lost')
  expect(lost).toMatchObject({ leaseId: granted.leaseId, exit: { reason: 'group-removed' } })
  expect((await driver.next('lease.refused')).failure.code).toBe('group.removed')
  driver.askForLease('r3', inside)
  expect((await driver.next('lease.refused', ({ requestId }) => requestId === 'r3')).failure.code).toBe('group.removed')
})

async function startTwo(cluster: RealCluster) {
  const start = async () => {
    const layout: SessionLayout = cluster.newLayout()
    const { child } = await cluster.startAgent(layout, { listen: true, config: { ownerGraceMs: 100 } })
    return { layout, child, driver: await TestDriver.connect(layout) }
  }
  return Promise.all([start(), start()])
}

function isRunningPid(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) [ZX]/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

function readRecord(layout: SessionLayout): NodeRecord {
  return JSON.parse(readFileSync(layout.nodeRecord, 'utf8')) as NodeRecord // written by our own agent
}

function exists(path: string): boolean {
  try {
    readFileSync(path)
    return true
  } catch {
    return false
  }
}
