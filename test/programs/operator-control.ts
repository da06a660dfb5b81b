import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as shoal from 'shoal'
import { ControlAnswer } from '#runtime/api/control.ts'
import { PendingDemand, Why } from '#runtime/api/why.ts'
import { ApiClient } from '#runtime/client/api-client.ts'
import { check, finish, rejection, until } from '../support/checks.ts'
import { startCluster } from '../support/cluster.ts'

/** What operators do over HTTP, to a program that runs here. */
const cluster = await startCluster({ nodes: [{ cpus: 2 }, { cpus: 2, name: 'other', labels: { zone: 'b' } }], api: true })
const folder = mkdtempSync(join(tmpdir(), 'shoal-control-'))
process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
await shoal.init({ address: cluster.address, tempDir: cluster.tempDir })
const api = new ApiClient({ url: cluster.apiUrl, token: cluster.token() })
const post = (path: string, query: Record<string, string | boolean> = {}, json?: unknown) =>
  api.sendJson({ method: 'POST', path: `/api/shoal/v1/${path}`, query, ...(json === undefined ? {} : { json }) }, ControlAnswer)
const why = (query: Record<string, string>) => api.getJson('/api/shoal/v1/why', Why, { query })
const taskIdOf = (ref: shoal.ObjectRef<unknown>) => ref.id.slice(0, 48)

const patient = shoal.remote(async (file: string) => {
  const { writeFileSync: write } = await import('node:fs')
  write(file, String(process.pid))
  const { signal } = shoal.runtimeContext()
  await new Promise<void>((resolve) => signal?.addEventListener('abort', () => resolve(), { once: true }))
  signal?.throwIfAborted()
  return 'never'
})
const deaf = shoal.remote((file: string) => {
  writeFileSync(file, String(process.pid))
  for (;;);
})
const started = (file: string) => until(`${file} has started`, () => existsSync(file) && readFileSync(file, 'utf8') !== '')
const failsWith = (ref: shoal.ObjectRef<unknown>, errors: typeof shoal.PlacementGroupRemovedError | typeof shoal.ActorDiedError) =>
  shoal.get(ref).then(
    () => false,
    (error: unknown) => error instanceof errors,
  )
/** The history hears of a task a moment after it began. */
const known = (taskId: string) =>
  until(`task ${taskId} is in the history`, async () => {
    const answer = await post(`tasks/${taskId}/cancel`, { dry_run: true }).catch(() => undefined)
    return answer !== undefined && /RUNNING|PENDING|SUBMITTED/.test(answer.message)
  })

await check('a running task is cancelled, and a dry run only says what would be', async () => {
  const file = join(folder, 'running')
  const ref = patient.remote(file)
  await started(file)
  await known(taskIdOf(ref))
  const dry = await post(`tasks/${taskIdOf(ref)}/cancel`, { dry_run: true })
  assert.deepEqual([dry.dryRun, dry.done], [true, false])
  assert.match(dry.message, /would be cancelled/)
  const done = await post(`tasks/${taskIdOf(ref)}/cancel`)
  assert.equal(done.done, true)
  assert.match(done.message, /was told/)
  assert((await rejection(shoal.get(ref))) instanceof shoal.TaskCancelledError)
})

await check('a task that hears nothing is cancelled by force', async () => {
  const file = join(folder, 'deaf')
  const ref = deaf.options({ maxRetries: 0 }).remote(file)
  await started(file)
  await known(taskIdOf(ref))
  const done = await post(`tasks/${taskIdOf(ref)}/cancel`, { force: true })
  assert.equal(done.done, true)
  assert((await rejection(shoal.get(ref))) instanceof shoal.TaskCancelledError)
})

await check('a task that waits for a node says why, node by node, and never runs once cancelled', async () => {
  const file = join(folder, 'waiting')
  const ref = patient.options({ numCpus: 64 }).remote(file)
  let reason = await why({ task: taskIdOf(ref) }).catch(() => undefined)
  await until('the task is in the history, and what ran before has let go of its CPU', async () => {
    reason = await why({ task: taskIdOf(ref) }).catch(() => undefined)
    return reason?.state === 'PENDING_NODE_ASSIGNMENT' && reason.nodes.every(({ missing }) => missing[0]?.free === 2)
  })
  assert(reason?.isPending)
  assert.equal(reason.infeasible, true)
  assert.deepEqual(reason.asked, { CPU: 64 })
  assert.deepEqual(
    reason.nodes.map(({ verdict }) => verdict),
    ['too-small', 'too-small'],
  )
  assert.deepEqual(reason.nodes[0]?.missing, [{ resource: 'CPU', wanted: 64, free: 2, total: 2, short: 62 }])
  await until('the demand is reported', async () => (await api.getJson('/api/shoal/v1/why', PendingDemand)).tasks > 0)
  const { demands } = await api.getJson('/api/shoal/v1/why', PendingDemand)
  assert.deepEqual(
    demands.map(({ kind, count, infeasible }) => ({ kind, count, infeasible })),
    [{ kind: 'task', count: 1, infeasible: true }],
  )
  assert.match(demands[0]?.why ?? '', /no node can ever hold 64 CPU/)
  const done = await post(`tasks/${taskIdOf(ref)}/cancel`)
  assert.equal(done.done, true)
  assert((await rejection(shoal.get(ref))) instanceof shoal.TaskCancelledError)
  assert(!existsSync(file))
})

class Counter {
  #count = 0
  add(): number {
    this.#count += 1
    return this.#count
  }
}
const CounterActor = shoal.actor(Counter)

await check('an actor is killed, and with no_restart=false begins anew', async () => {
  const actor = CounterActor.options({ maxRestarts: 1, maxTaskRetries: 1 }).remote()
  assert.equal(await shoal.get(actor.add.remote()), 1)
  const dry = await post(`actors/${actor.actorId}/kill`, { dry_run: true, no_restart: false })
  assert.deepEqual(dry.radius.actors.ids, [actor.actorId])
  assert.equal(dry.radius.workers.count, 1)
  assert.match(dry.radius.notes.join(), /it restarts/)
  assert.equal(await shoal.get(actor.add.remote()), 2)
  assert.equal((await post(`actors/${actor.actorId}/kill`, { no_restart: false })).done, true)
  await until('the actor began anew', async () => (await shoal.get(actor.add.remote()).catch(() => 0)) === 1)
  assert.equal((await post(`actors/${actor.actorId}/kill`)).done, true)
  await until('the actor is dead', () => failsWith(actor.add.remote(), shoal.ActorDiedError))
  const again = await post(`actors/${actor.actorId}/kill`)
  assert.equal(again.done, false)
  assert.match(again.message, /dead already/)
})

await check('an actor that no node can hold says why', async () => {
  const actor = CounterActor.options({ labelSelector: { zone: 'moon' } }).remote()
  await until('the actor is known', async () => (await why({ actor: actor.actorId }).catch(() => undefined)) !== undefined)
  const reason = await why({ actor: actor.actorId })
  assert.deepEqual([reason.state, reason.isPending, reason.infeasible], ['PENDING_CREATION', true, true])
  const other = reason.nodes.find(({ nodeName }) => nodeName === 'other')
  assert.deepEqual([other?.verdict, other?.labels], ['labels', [{ key: 'zone', wanted: 'moon', has: 'b' }]])
  await post(`actors/${actor.actorId}/kill`)
  assert.equal((await why({ actor: actor.actorId })).isPending, false)
})

await check('a worker is ended, and its task runs again', async () => {
  const file = join(folder, 'retried')
  const ref = patient.remote(file)
  await started(file)
  const pid = Number(readFileSync(file, 'utf8'))
  const find = async () => {
    const latest = JSON.parse((await api.send({ method: 'GET', path: '/api/shoal/v1/metrics/latest' })).toString()) as {
      nodes: { nodeId: string; processes: { pid: number; workerId: string | null; role: string }[] }[]
    }
    return latest.nodes.flatMap(({ processes }) => processes).find((process) => process.pid === pid && process.role === 'worker')?.workerId
  }
  await until('the worker is measured', async () => (await find()) !== undefined)
  const workerId = (await find()) ?? ''
  assert.equal((await post(`workers/${workerId}/end`, { dry_run: true })).done, false)
  rmSync(file)
  assert.equal((await post(`workers/${workerId}/end`)).done, true)
  await started(file)
  assert.notEqual(Number(readFileSync(file, 'utf8')), pid)
  shoal.cancel(ref)
  await rejection(shoal.get(ref))
})

await check('a placement group is removed with what is in it; one that fits nowhere says why', async () => {
  const group = shoal.placementGroup({ bundles: [{ CPU: 1 }], strategy: 'PACK' })
  await group.ready()
  const actor = CounterActor.options({ schedulingStrategy: { placementGroup: group } }).remote()
  assert.equal(await shoal.get(actor.add.remote()), 1)
  const dry = await post(`placement_groups/${group.id}/remove`, { dry_run: true })
  assert.deepEqual([dry.radius.placement_groups.count, dry.radius.actors.ids], [1, [actor.actorId]])
  assert.equal((await post(`placement_groups/${group.id}/remove`)).done, true)
  await until('the actor is dead', () => failsWith(actor.add.remote(), shoal.PlacementGroupRemovedError))
  const wide = shoal.placementGroup({ bundles: [{ CPU: 2 }, { CPU: 2 }, { CPU: 2 }], strategy: 'STRICT_SPREAD' })
  await until('the group is known', async () => (await why({ group: wide.id }).catch(() => undefined)) !== undefined)
  await until('the group was tried', async () => (await why({ group: wide.id })).infeasible)
  assert.match((await why({ group: wide.id })).why, /STRICT_SPREAD needs 3 nodes/)
  await shoal.removePlacementGroup(wide)
})

await check('ids are validated, and unknown ones are not found', async () => {
  const error = await rejection(post('tasks/xyz/cancel'))
  assert(error instanceof shoal.ClusterError || 'code' in (error as object))
  assert.equal((error as { code?: string }).code, 'bad-argument')
  assert.match(String(error), /task id of 48 hex digits/)
  for (const path of [
    `actors/${'0'.repeat(32)}/kill`,
    `tasks/${'0'.repeat(48)}/cancel`,
    `workers/${'0'.repeat(56)}/end`,
    'jobs/nope/stop',
  ]) {
    assert.equal(((await rejection(post(path))) as { code?: string }).code, 'not-found', path)
  }
})

await check('a node is drained and leaves', async () => {
  const [, other] = cluster.nodes
  assert(other)
  const dry = await post(`nodes/${other.nodeId}/drain`, { dry_run: true })
  assert.deepEqual(dry.radius.nodes.ids, [other.nodeId])
  const done = await post(`nodes/${other.nodeId}/drain`, {}, { reason: 'maintenance', withinMs: 60_000 })
  assert.equal(done.done, true)
  await until('the node has left', () => other.child.exitCode !== null)
  await until('the head has heard of it', async () => (await shoal.nodes()).some(({ nodeId, alive }) => nodeId === other.nodeId && !alive))
  const again = await rejection(post(`nodes/${other.nodeId}/drain`))
  assert.equal((again as { code?: string }).code, 'wrong-state')
})

await check('a job that was not submitted is stopped: its driver is let go', async () => {
  const { jobId } = shoal.runtimeContext()
  const dry = await post(`jobs/${jobId}/stop`, { dry_run: true })
  assert.deepEqual([dry.done, dry.radius.jobs.ids], [false, [jobId]])
  assert.equal((await post(`jobs/${jobId}/stop`)).done, true)
  await until('the job has ended', async () => (await why({ job: jobId })).state !== 'RUNNING')
})

await cluster.stop()
finish()
