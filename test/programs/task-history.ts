import assert from 'node:assert/strict'
import * as shoal from 'shoal'
import * as z from 'zod'
import { stateListOf } from '#runtime/api/envelope.ts'
import { ActorStateRow } from '#runtime/api/state/actors.ts'
import { JobStateRow } from '#runtime/api/state/jobs.ts'
import { NodeStateRow } from '#runtime/api/state/nodes.ts'
import { ObjectStateRow, ObjectSummaryBody } from '#runtime/api/state/objects.ts'
import { PlacementGroupStateRow } from '#runtime/api/state/placement-groups.ts'
import { summaryAnswerOf } from '#runtime/api/state/query.ts'
import { ShoalListAnswer } from '#runtime/api/state/shoal-lists.ts'
import { LineageSummaryBody, TaskStateRow, TaskSummaryBody, TimelineEvent } from '#runtime/api/state/tasks.ts'
import { WorkerStateRow } from '#runtime/api/state/workers.ts'
import { ApiClient } from '#runtime/client/api-client.ts'
import { check, finish, rejection, until } from '../support/checks.ts'
import { startCluster } from '../support/cluster.ts'

/** What the lists and summaries tell of a program that runs here, on two nodes, over HTTP and over a restart of the head. */
const cluster = await startCluster({ nodes: [{ cpus: 2 }, { cpus: 2, name: 'other' }], api: true })
await shoal.init({ address: cluster.address, tempDir: cluster.tempDir })
const api = new ApiClient({ url: cluster.apiUrl, token: cluster.token() })

const list = async <Row extends z.ZodType>(resource: string, row: Row, query: Record<string, string> = {}) =>
  (await api.getJson(`/api/v0/${resource}`, stateListOf(row), { query: { detail: 'True', limit: '1000', ...query } })).data.result
const tasksNamed = async (name: string) => {
  const filter = { filter_keys: 'name', filter_predicates: '=', filter_values: name }
  return (await list('tasks', TaskStateRow, filter)).result.sort((one, other) => one.attempt_number - other.attempt_number)
}
/** The history hears of things a moment after they happened. */
const known = async (name: string, states: readonly string[]) => {
  let rows: TaskStateRow[] = []
  await until(`tasks ${name} are ${states.join()}`, async () => {
    rows = await tasksNamed(name)
    return rows.map(({ state }) => state).join() === states.join()
  })
  return rows
}

const job = async () => (await list('jobs', JobStateRow)).result[0]!.job_id!

const release = await shoal.put(0)
void release
const quick = shoal.remote(function quick(value: number) {
  return value * 2
})
const open = shoal.actor(
  class Gate {
    #opened: (() => void)[] = []
    #isOpen = false
    open(): void {
      this.#isOpen = true
      for (const resolve of this.#opened) resolve()
    }
    async passed(): Promise<number> {
      if (!this.#isOpen) await new Promise<void>((resolve) => this.#opened.push(resolve))
      return 1
    }
  },
  { maxConcurrency: 100, numCpus: 0 },
)
const gate = open.remote()

await check('a task that ended well has its times, its place, its resources and no error', async () => {
  assert.equal(await shoal.get(quick.options({ numCpus: 0.5 }).remote(4)), 8)
  const [row] = await known('quick', ['FINISHED'])
  assert(row)
  assert.deepEqual([row.type, row.attempt_number, row.error_type, row.required_resources], ['NORMAL_TASK', 0, null, { CPU: 0.5 }])
  assert.equal(row.job_id, await job())
  assert.equal(row.parent_task_id, 'f'.repeat(40) + row.job_id)
  assert((row.creation_time_ms ?? 0) <= (row.start_time_ms ?? 0) && (row.start_time_ms ?? 0) <= (row.end_time_ms ?? 0))
  const workers = (await list('workers', WorkerStateRow)).result
  const worker = workers.find(({ worker_id: id }) => id === row.worker_id)
  assert.deepEqual([worker?.pid, worker?.node_id], [row.worker_pid, row.node_id])
})

await check('a task that threw has the error, and where its output stands', async () => {
  const loud = shoal.remote(
    function loud() {
      console.log('a line of output')
      throw new RangeError('too much')
    },
    { maxRetries: 0 },
  )
  await rejection(shoal.get(loud.remote()))
  await until('the worker has told of it', async () => (await tasksNamed('loud'))[0]?.error_message === 'RangeError: too much')
  const [row] = await known('loud', ['FAILED'])
  assert.equal(row?.error_type, 'TASK_EXECUTION_EXCEPTION')
  const info = row?.task_log_info as Record<string, number | string>
  assert.equal(Number(info['stdout_end']) - Number(info['stdout_start']), 'a line of output\n'.length)
  const text = await api.send({ method: 'GET', path: '/api/v0/logs/file', query: { task_id: row!.task_id, attempt_number: 0 } })
  assert.equal(text.toString('utf8'), 'a line of output\n')
})

await check('a crash is an attempt that failed, and its retry another', async () => {
  const crash = shoal.remote(
    function crash() {
      process.kill(process.pid, 'SIGKILL')
    },
    { maxRetries: 1 },
  )
  await rejection(shoal.get(crash.remote()))
  await until('the owner has told of it', async () => /SIGKILL/.test((await tasksNamed('crash'))[1]?.error_message ?? ''))
  const rows = await known('crash', ['FAILED', 'FAILED'])
  for (const row of rows) assert.equal(row.error_type, 'WORKER_DIED')
  assert.notEqual(rows[0]?.worker_id, rows[1]?.worker_id)
  const workers = (
    await list('workers', WorkerStateRow, { filter_keys: 'worker_id', filter_predicates: '=', filter_values: rows[0]?.worker_id ?? '' })
  ).result
  assert.deepEqual([workers.length, workers[0]?.is_alive, workers[0]?.exit_type], [1, false, 'SYSTEM_ERROR'])
})

await check('an attempt that is retried after an error is failed, and the next one is what came of it', async () => {
  const moody = shoal.remote(
    function moody() {
      if (shoal.runtimeContext().attempt === 0) throw new Error('not yet')
      return 1
    },
    { retryExceptions: true },
  )
  assert.equal(await shoal.get(moody.remote()), 1)
  const rows = await known('moody', ['FAILED', 'FINISHED'])
  assert.equal(rows[0]?.error_message, 'Error: not yet')
})

await check('what waits is told with what it waits for, and what runs is running', async () => {
  const blocker = shoal.remote(
    async function blocker(at: shoal.ActorHandle<unknown>) {
      return shoal.get((at as unknown as { passed: { remote(): shoal.ObjectRef<number> } }).passed.remote()) // a handle of the gate
    },
    { numCpus: 2 },
  )
  const waits = shoal.remote(function waits(value: unknown) {
    return value
  })
  const large = shoal.remote(
    function large() {
      return 1
    },
    { resources: { nothing_has_this: 1 } },
  )
  const first = blocker.remote(gate as never)
  const second = waits.remote(first)
  const third = large.remote()
  await known('waits', ['PENDING_ARGS_AVAIL'])
  await known('large', ['PENDING_NODE_ASSIGNMENT'])
  await known('blocker', ['RUNNING_IN_RAY_GET'])
  await known('Gate.passed', ['RUNNING'])
  const { result: objects, warnings } = await list('objects', ObjectStateRow)
  assert(warnings?.some((warning) => warning.includes('SHOAL_RECORD_CALL_SITES=1')))
  const pending = objects.find(({ object_id: id }) => id === first.id)
  assert.equal(pending?.reference_type, 'USED_BY_PENDING_TASK')
  assert.equal(pending?.call_site, 'blocker')
  shoal.cancel(third)
  await rejection(shoal.get(third))
  const [cancelled] = await known('large', ['FAILED'])
  assert.equal(cancelled?.error_type, 'TASK_CANCELLED')
  await shoal.get(gate.open.remote())
  assert.equal(await shoal.get(second), 1)
  await known('blocker', ['FINISHED'])
})

await check('a dependency that failed fails the task, and it says which way', async () => {
  const bad = shoal.remote(
    function bad() {
      throw new Error('first')
    },
    { maxRetries: 0 },
  )
  const after = shoal.remote(function after(value: unknown) {
    return value
  })
  await rejection(shoal.get(after.remote(bad.remote())))
  const [row] = await known('after', ['FAILED'])
  assert.equal(row?.error_type, 'DEPENDENCY_RESOLUTION_FAILED')
})

await check('children know their parents, and the tree of all of them counts each', async () => {
  const child = shoal.remote(function child() {
    return 1
  })
  const parent = shoal.remote(async function parent() {
    const made = await shoal.get([child.remote(), child.remote(), child.remote()])
    return made.length
  })
  assert.equal(await shoal.get(parent.remote()), 3)
  const children = await known('child', ['FINISHED', 'FINISHED', 'FINISHED'])
  const [row] = await known('parent', ['FINISHED'])
  for (const each of children) assert.equal(each.parent_task_id, row?.task_id)
  const answer = await api.getJson('/api/v0/tasks/summarize', summaryAnswerOf(LineageSummaryBody), { query: { summary_by: 'lineage' } })
  const node = answer.data.result.result.node_id_to_summary.cluster.summary.find(({ name }) => name === 'parent')
  assert.deepEqual(
    node?.children.map(({ name, type, state_counts: counts }) => [name, type, counts]),
    [['child', 'GROUP', { FINISHED: 3 }]],
  )
})

await check('actors, their constructors and their calls are told, and a constructor that threw', async () => {
  const Counter = shoal.actor(
    class Counter {
      add(amount: number): number {
        return amount
      }
    },
  )
  const counter = Counter.options({ name: 'counts' }).remote()
  assert.equal(await shoal.get(counter.add.remote(2)), 2)
  const [call] = await known('Counter.add', ['FINISHED'])
  assert.equal(call?.type, 'ACTOR_TASK')
  const [built] = await known('Counter', ['FINISHED'])
  assert.deepEqual([built?.type, built?.actor_id], ['ACTOR_CREATION_TASK', call?.actor_id])
  const actors = (await list('actors', ActorStateRow)).result
  const actor = actors.find(({ actor_id: id }) => id === call?.actor_id)
  assert.deepEqual([actor?.state, actor?.class_name, actor?.name, actor?.node_id], ['ALIVE', 'Counter', 'counts', call?.node_id])
  const Broken = shoal.actor(
    class Broken {
      constructor() {
        throw new Error('cannot be built')
      }
      any(): void {}
    },
  )
  await rejection(shoal.get(Broken.remote().any.remote()))
  const [broken] = await known('Broken', ['FAILED'])
  assert.equal(broken?.error_type, 'ACTOR_CREATION_FAILED')
  const [never] = await known('Broken.any', ['FAILED'])
  assert.equal(never?.error_type, 'ACTOR_DIED')
  await shoal.kill(counter)
})

await check('every list is what its schema says, and without detail it holds the short columns only', async () => {
  const group = shoal.placementGroup({ bundles: [{ CPU: 1 }], name: 'a-group' })
  await group.ready()
  const nodes = await list('nodes', NodeStateRow)
  assert.deepEqual([nodes.total, nodes.num_filtered, nodes.result.filter(({ is_head_node: isHead }) => isHead).length], [2, 2, 1])
  const groups = await list('placement_groups', PlacementGroupStateRow)
  assert.deepEqual([groups.result[0]?.state, groups.result[0]?.name], ['CREATED', 'a-group'])
  for (const name of ['runtime_envs', 'cluster_events']) await list(name, z.record(z.string(), z.unknown()))
  const plain = await api.getJson('/api/v0/placement_groups', stateListOf(z.record(z.string(), z.unknown())))
  assert.deepEqual(Object.keys(plain.data.result.result[0] ?? {}), ['placement_group_id', 'name', 'creator_job_id', 'state'])
  const short = await api.getJson('/api/v0/tasks', stateListOf(z.record(z.string(), z.unknown())), { query: { limit: 1 } })
  assert.equal(Object.keys(short.data.result.result[0] ?? {}).length, 13)
  assert(short.data.result.total > 1 && short.data.result.num_after_truncation === short.data.result.total)
})

await check('summaries and the timeline', async () => {
  const tasks = await api.getJson('/api/v0/tasks/summarize', summaryAnswerOf(TaskSummaryBody))
  assert.deepEqual(tasks.data.result.result.node_id_to_summary.cluster.summary['child']?.state_counts, { FINISHED: 3 })
  const objects = await api.getJson('/api/v0/objects/summarize', summaryAnswerOf(ObjectSummaryBody))
  assert(objects.data.result.result.node_id_to_summary.cluster.total_objects >= 0)
  const events = await api.getJson('/api/v0/tasks/timeline', TimelineEvent.array())
  assert(events.some(({ name, ph, dur }) => name === 'child' && ph === 'X' && dur !== undefined))
  assert((await shoal.timeline()).some(({ name }) => name === 'child'))
})

await check('the lists of our own page, sort, and take richer filters', async () => {
  const page = (query: Record<string, string | string[]>) => api.getJson('/api/shoal/v1/tasks', ShoalListAnswer, { query })
  const filter = ['state:in:FINISHED,FAILED', 'name:regex:^(child|parent|quick)$']
  const names: unknown[] = []
  let cursor: string | null = ''
  let rounds = 0
  while (cursor !== null) {
    const query: Record<string, string | string[]> = {
      filter,
      sort: 'name',
      limit: '2',
      columns: 'name',
      ...(cursor === '' ? {} : { cursor }),
    }
    const answer: ShoalListAnswer = await page(query)
    assert.equal(answer.matched, 5)
    names.push(...answer.rows.map((row) => row['name']))
    cursor = answer.next
    rounds += 1
  }
  assert.deepEqual([names, rounds], [['child', 'child', 'child', 'parent', 'quick'], 3])
  const workers = await api.getJson('/api/shoal/v1/workers', ShoalListAnswer, { query: { filter: 'worker_type=DRIVER', detail: 'true' } })
  assert.equal(workers.rows.filter((row) => row['is_alive'] === true).length, 1)
  for (const [query, why] of [
    [{ filter: 'colour=red' }, /no column "colour"/],
    [{ sort: 'colour' }, /no column "colour"/],
    [{ cursor: 'nonsense' }, /cursor/],
    [{ limit: '0' }, /limit/],
    [{ filter: 'duration_ms:gt:long' }, /numbers/],
  ] as const) {
    assert.match((await rejection(page(query))).message, why)
  }
})

await check('a question that Ray answers with a crash is refused with what is wrong', async () => {
  for (const [path, query, why] of [
    ['tasks', { detail: 'yes' }, /detail/],
    ['tasks', { limit: '10001' }, /limit/],
    ['tasks', { timeout: '1.5' }, /timeout/],
    ['tasks', { filter_keys: 'name' }, /belong together/],
    ['jobs', { filter_keys: 'colour', filter_predicates: '=', filter_values: 'red' }, /cannot be filtered by "colour"/],
    ['tasks', { filter_keys: 'name', filter_predicates: '<', filter_values: 'a' }, /filter_predicates/],
    ['tasks/summarize', { summary_by: 'colour' }, /summary_by/],
  ] as const) {
    const error = await rejection(api.getJson(`/api/v0/${path}`, z.unknown(), { query }))
    assert.equal((error as { code?: string }).code, 'bad-argument')
    assert.match(error.message, why)
  }
})

await check('a node that does not answer is named, and the others are listed', async () => {
  const other = cluster.nodes[1]!
  process.kill(other.pid, 'SIGSTOP')
  const answer = await api.getJson('/api/v0/workers', stateListOf(WorkerStateRow), { query: { timeout: '2' } })
  process.kill(other.pid, 'SIGCONT')
  assert.match(answer.data.result.partial_failure_warning ?? '', /other.*did not answer/)
  assert(answer.data.result.result.length > 0)
})

await check('everything is there again when the head was killed and started anew', async () => {
  let before = await list('tasks', TaskStateRow, { exclude_driver: 'True' })
  await until('all that ran is told to have ended', async () => {
    before = await list('tasks', TaskStateRow, { exclude_driver: 'True' })
    return before.result.every(({ state }) => state === 'FINISHED' || state === 'FAILED')
  })
  await cluster.killHead()
  await cluster.restartHead()
  const after = await list('tasks', TaskStateRow, { exclude_driver: 'True' })
  const keys = ({ result }: typeof before) =>
    result.map(({ task_id: id, attempt_number: attempt, state }) => `${id} ${attempt} ${state}`).sort()
  assert.deepEqual(keys(after), keys(before))
})

await check('what a driver left unfinished when it went is failed, not running for ever', async () => {
  const forever = shoal.remote(async function forever() {
    await new Promise(() => {})
  })
  void forever.remote()
  await known('forever', ['RUNNING'])
  await shoal.shutdown()
  const [row] = await known('forever', ['FAILED'])
  assert(row?.error_type !== null)
})

await cluster.stop()
finish()
