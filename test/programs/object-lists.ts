import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import * as shoal from 'shoal'
import { stateListOf } from '#runtime/api/envelope.ts'
import { ObjectStateRow, ObjectSummaryBody } from '#runtime/api/state/objects.ts'
import { summaryAnswerOf } from '#runtime/api/state/query.ts'
import { ShoalListAnswer } from '#runtime/api/state/shoal-lists.ts'
import { ApiClient } from '#runtime/client/api-client.ts'
import { check, finish, until } from '../support/checks.ts'
import { startCluster } from '../support/cluster.ts'

/** Objects by the line that made them, owner, node, age and kind of reference. Runs with SHOAL_RECORD_CALL_SITES=1. */
const cluster = await startCluster({ nodes: [{ cpus: 1 }, { cpus: 1, resources: { far: 1 } }], api: true })
await shoal.init({ address: cluster.address, tempDir: cluster.tempDir })
const api = new ApiClient({ url: cluster.apiUrl, token: cluster.token() })
const [near, far] = cluster.nodes.map(({ nodeId }) => nodeId)

const file = fileURLToPath(import.meta.url)
const lines = readFileSync(file, 'utf8').split('\n')
/** Where the line that ends with this mark is. */
const lineOf = (mark: string): string => `${file}:${lines.findIndex((line) => line.endsWith(`// ${mark}`)) + 1}`

const large = () => new Uint8Array(300_000)
const made = shoal.remote(
  function made() {
    return new Uint8Array(300_000)
  },
  { resources: { far: 0.1 } },
)
const Keeper = shoal.actor(
  class Keeper {
    #kept: unknown
    keep(refs: readonly shoal.ObjectRef<unknown>[]): number {
      this.#kept = refs
      return (this.#kept as unknown[]).length
    }
  },
  { resources: { far: 0.1 }, numCpus: 0 },
)

const firsts = [await shoal.put(large()), await shoal.put(large())] // put twice on one line
const second = await shoal.put(large()) // put
const result = made.remote() // task
await shoal.wait([result])
const keeper = Keeper.remote() // actor
assert.equal(await shoal.get(keeper.keep.remote([second])), 1)

const list = async (query: Record<string, string | string[]>) =>
  (await api.getJson('/api/shoal/v1/objects', ShoalListAnswer, { query: { detail: 'true', limit: 1000, ...query } })).rows
const idsOf = (rows: readonly Record<string, unknown>[]) => rows.map((row) => row['object_id']).sort()
const ids = (...refs: readonly shoal.ObjectRef<unknown>[]) => refs.map(({ id }) => id).sort()
const me = shoal.runtimeContext().workerId

await check('each object has the line that made it, and one that came from elsewhere says so', async () => {
  const { result: rows, warnings } = (await api.getJson('/api/v0/objects', stateListOf(ObjectStateRow), { query: { limit: 1000 } })).data
    .result
  const sitesOf = ({ id }: shoal.ObjectRef<unknown>) => rows.filter((row) => row.object_id === id).map((row) => row.call_site)
  for (const ref of firsts) assert.deepEqual(sitesOf(ref), [lineOf('put twice on one line')])
  assert.deepEqual(sitesOf(second).sort(), ['(another process)', lineOf('put')])
  assert.deepEqual(sitesOf(result), [lineOf('task')])
  assert(rows.some((row) => row.reference_type === 'ACTOR_HANDLE' && row.call_site === lineOf('actor')))
  assert(!(warnings ?? []).some((warning) => warning.includes('SHOAL_RECORD_CALL_SITES')))
})

await check('the summary counts by line, of the objects that pass the filters', async () => {
  const read = async (query: Record<string, string>) =>
    (await api.getJson('/api/v0/objects/summarize', summaryAnswerOf(ObjectSummaryBody), { query })).data.result
  const whole = (await read({})).result.node_id_to_summary.cluster
  assert.equal(whole.callsite_enabled, true)
  const group = whole.summary[lineOf('put twice on one line')]
  assert.deepEqual([group?.total_objects, group?.ref_type_counts, group?.total_num_workers], [2, { PINNED_IN_MEMORY: 2 }, 1])
  assert(Math.abs((group?.total_size_mb ?? 0) - 600_000 / 1024 ** 2) < 0.01)
  const filter = { filter_keys: 'call_site', filter_predicates: '=', filter_values: lineOf('task') }
  const narrowed = await read(filter)
  assert.deepEqual(Object.keys(narrowed.result.node_id_to_summary.cluster.summary), [lineOf('task')])
  assert.deepEqual([narrowed.num_filtered, narrowed.total > 1], [1, true])
})

await check('objects are found by owner, node, kind of reference and age', async () => {
  assert.deepEqual(
    idsOf(await list({ filter: [`owner_id:eq:${me}`, 'reference_type:eq:PINNED_IN_MEMORY'] })),
    ids(...firsts, second, result),
  )
  assert.deepEqual(idsOf(await list({ filter: ['reference_type:eq:PINNED_IN_MEMORY', `stored_on:contains:${far}`] })), ids(result))
  const borrowed = await list({ filter: [`node_id:eq:${far}`, `owner_id:eq:${me}`] })
  assert(idsOf(borrowed).includes(second.id) && borrowed.every((row) => row['node_id'] === far && row['worker_id'] !== me))
  const held = await list({ filter: [`node_id:eq:${near}`, 'object_size:gt:100000'], sort: 'age_ms' })
  assert.deepEqual(idsOf(held), ids(...firsts, second, result))
  const ages = held.map((row) => Number(row['age_ms']))
  assert.deepEqual(
    ages,
    ages.toSorted((one, other) => one - other),
  )
  const ageOf = async (ref: shoal.ObjectRef<unknown>) =>
    Number((await list({ filter: [`object_id:eq:${ref.id}`, 'type:eq:DRIVER'] }))[0]?.['age_ms'])
  await until('the last one is three seconds old', async () => (await ageOf(result)) > 3_000)
  const late = await shoal.put(large())
  assert.deepEqual(idsOf(await list({ filter: ['age_ms:lt:3000', 'reference_type:eq:PINNED_IN_MEMORY'] })), ids(late))
  assert.deepEqual(idsOf(await list({ filter: ['age_ms:ge:3000', 'reference_type:eq:PINNED_IN_MEMORY'] })), ids(...firsts, second, result))
})

await shoal.shutdown()
await cluster.stop()
finish()
