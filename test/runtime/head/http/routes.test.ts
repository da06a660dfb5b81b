import { expect, onTestFinished, test } from 'vitest'
import * as z from 'zod'
import { ActorsAnswer } from '#runtime/api/logical-actors.ts'
import { NodeAnswer, NodesAnswer, NodeSummary } from '#runtime/api/nodes.ts'
import { isShoalVersion, VersionInfo } from '#runtime/api/version.ts'
import { startCluster } from '#test/support/cluster.ts'
import { aFolder, joinLocally, startHead } from '../head-process.ts'
import { askOver, aServedHead } from './served-head.ts'

const nodeId = 'a1'.repeat(28)

test('clients of Ray are told a version that they take, the same under both paths', async () => {
  const head = await aServedHead()
  const info = VersionInfo.parse(JSON.parse((await head.ask('/api/version')).body))
  expect(info).toMatchObject({ version: '4', ray_version: expect.stringMatching(/^2\.58\.0\+[a-z0-9]+(\.[a-z0-9]+)*$/) })
  expect(isShoalVersion(info)).toBe(true)
  expect(JSON.parse((await head.ask('/api/ray/version')).body)).toEqual(info)
  expect((await head.ask('/api/version/')).status).toBe(404) // slashes count
})

test('/nodes shows the nodes with what the head knows of them, one of them in detail, and 404 for others', async () => {
  const head = await aServedHead()
  await joinLocally(head.head, nodeId)
  const summary = JSON.parse((await head.ask('/nodes?view=summary')).body)
  expect(() => NodesAnswer.parse(summary)).not.toThrow()
  expect(summary.data.summary).toMatchObject([{ raylet: { nodeId, state: 'ALIVE', labels: { 'ray.io/node-id': nodeId } } }])
  expect(summary.data.nodeLogicalResources[nodeId]).toMatch(/\d+\.\d\/\d+\.\d CPU/)
  expect(JSON.parse((await head.ask('/nodes?view=hostNameList')).body).data.hostNameList).toHaveLength(1)
  const detail = JSON.parse((await head.ask(`/nodes/${nodeId}`)).body)
  expect(NodeAnswer.parse(detail).data.detail.raylet.nodeId).toBe(nodeId)
  expect(await head.ask(`/nodes/${'b2'.repeat(28)}`)).toMatchObject({ status: 404, body: expect.stringContaining('/nodes?view=summary') })
  expect(await head.ask('/nodes')).toMatchObject({ status: 400, body: expect.stringContaining('"view"') })
})

test('a node that sends figures of its machine shows them, whole and in detail, and its actors and processes', async () => {
  const cluster = await startCluster({ nodes: [{ cpus: 2 }], api: true })
  onTestFinished(() => cluster.stop())
  const address = new URL(cluster.apiUrl)
  const ask = async (path: string) => {
    const headers = { authorization: `Bearer ${cluster.token('read')}` }
    return JSON.parse((await askOver({ host: address.hostname, port: Number(address.port) }, path, { headers })).body)
  }
  await expect.poll(async () => (await ask('/nodes?view=summary')).data.summary[0]?.mem, { timeout: 20_000, interval: 200 }).toHaveLength(4)
  const { data } = z.object({ data: z.object({ summary: z.array(NodeSummary) }) }).parse(await ask('/nodes?view=summary'))
  const [node] = data.summary
  expect(node).toMatchObject({ cpus: [expect.any(Number), expect.any(Number)], networkSpeed: [expect.any(Number), expect.any(Number)] })
  expect(node?.raylet).toMatchObject({ state: 'ALIVE', resourcesTotal: { CPU: 2 }, objectStoreAvailableMemory: expect.any(Number) })
  expect(node).not.toHaveProperty('workers') // only in detail
  const detail = NodeAnswer.parse(await ask(`/nodes/${node?.raylet.nodeId}`)).data.detail
  expect(detail.workers.length).toBeGreaterThan(0)
})

test('the cluster says what it has and uses, as text and as data', async () => {
  const head = await aServedHead()
  await joinLocally(head.head, nodeId)
  const text = JSON.parse((await head.ask('/api/cluster_status?format=1')).body).data.clusterStatus
  expect(text).toMatch(/Active:\n 1 node_a1a1[^]*Total Usage:\n 0\.0\/\d+\.0 CPU[^]*\(no resource demands\)/)
  const { data } = JSON.parse((await head.ask('/api/cluster_status')).body)
  expect(data).toMatchObject({
    autoscalingStatus: null,
    clusterStatus: {
      loadMetricsReport: { usage: { CPU: [0, expect.any(Number)] } },
      autoscalerReport: { activeNodes: { [`node${toTitle(nodeId)}`]: 1 } },
    },
  })
})

/** As Python capitalizes what follows a digit. */
const toTitle = (text: string): string => text.replace(/[a-z]+/g, (word) => word.slice(0, 1).toUpperCase() + word.slice(1))

test('a head without Ray libraries answers as one of Ray does without them', async () => {
  const head = await aServedHead()
  const statuses = await Promise.all(
    ['/api/serve/applications/', '/api/train/v2/runs/v1', '/api/data/datasets/01000000', '/worker/traceback', '/api/prometheus_health'].map(
      async (path) => (await head.ask(path)).status,
    ),
  )
  expect(statuses).toEqual([501, 500, 503, 403, 500])
  expect(JSON.parse((await head.ask('/api/grafana_health')).body)).toMatchObject({ result: true, data: { grafanaHost: 'DISABLED' } })
  expect(JSON.parse((await head.ask('/usage_stats_enabled')).body).data).toEqual({
    usageStatsEnabled: false,
    usageStatsPromptEnabled: false,
  })
  expect(JSON.parse((await head.ask('/timezone')).body)).toMatchObject({ offset: expect.stringMatching(/^[+-]\d\d:\d\d$/) })
  expect(JSON.parse((await head.ask('/cluster_id')).body).data.clusterId).toMatch(/^[0-9a-f]{56}$/)
  expect(JSON.parse((await head.ask('/api/component_activities')).body)).toMatchObject({ driver: { is_active: 'INACTIVE' } })
  expect(ActorsAnswer.parse(JSON.parse((await head.ask('/logical/actors')).body)).data.actors).toEqual({})
})

test('failures come as text, in the envelope, or as JSON, by the family of the path', async () => {
  const head = await aServedHead()
  expect((await head.ask('/api/nothing')).headers['content-type']).toBe('text/plain; charset=utf-8')
  expect(JSON.parse((await head.ask('/api/v0/nothing')).body)).toMatchObject({
    result: false,
    msg: expect.any(String),
    data: { result: null },
  })
  expect(JSON.parse((await head.ask('/api/shoal/v1/nothing')).body)).toMatchObject({ error: { code: 'not-found', details: {} } })
})

test('a port that is taken is named, and any other will do only when the caller says so', async () => {
  const first = await aServedHead()
  const place = ['--dashboard-host', '127.0.0.1', '--dashboard-port', String(first.port)]
  const second = await startHead(aFolder(), place)
  expect(second.word).toBe('failed')
  expect(second.facts['message']).toContain(`port ${first.port} of 127.0.0.1`)
  const third = await startHead(aFolder(), [...place, '--dashboard-any-port'])
  expect(third.word).toBe('ready')
  expect(third.facts['apiAddress']).not.toBe(first.head.facts['apiAddress'])
})

test('a head without the flag serves no HTTP', async () => {
  const head = await startHead(aFolder())
  expect(head.facts['apiAddress']).toBe('')
})
