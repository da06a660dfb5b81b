import { afterAll, beforeAll, expect, test } from 'vitest'
import { silentLogger } from '#runtime/base/logger.ts'
import { openClusterClient } from '#src-main/cluster/cluster-client.ts'
import { topics } from '#src-main/contract/topics.ts'
import { ClusterMetrics } from '#src-main/services/cluster-metrics.ts'
import { TopicHub } from '#src-main/topics/topic-hub.ts'
import { startCluster, type TestCluster } from '#test/support/cluster.ts'
import { type TestPanel, until } from '#test/support/panel.ts'
import { directTunnel, portOf } from '../cluster/direct.ts'
import { listen, openPanelOver } from './panel-over-cluster.ts'

let cluster: TestCluster
beforeAll(async () => {
  cluster = await startCluster({ nodes: [{ cpus: 1 }, { cpus: 1 }], api: true })
})
afterAll(() => cluster.stop())

type Figures = { id: string; value: { atMs: number; cpu: { percent: number } } | null }
const ids = () => cluster.nodes.map(({ nodeId }) => nodeId).toSorted()

test('the figures of every node come while somebody listens, to who comes later at once', async () => {
  const { panel, clusterId } = await openPanelOver(cluster)
  try {
    const { events, subscription } = listen<Figures>(panel, `cluster-metrics/${clusterId}`, {})
    const times = (id: string) => new Set(events.flatMap(({ id: each, value }) => (each === id && value ? [value.atMs] : [])))
    await until('three of each', () => ids().every((id) => times(id).size >= 3) || undefined)
    expect(events.every(({ value }) => typeof value?.cpu.percent === 'number')).toBe(true)
    const second = listen<Figures>(panel, `cluster-metrics/${clusterId}`, {})
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve))) // of the snapshot, not of the next second
    expect(new Set(second.events.map(({ id }) => id))).toEqual(new Set(ids()))
    subscription.close()
    second.subscription.close()
  } finally {
    await panel.dispose()
  }
}, 90_000)

test('the head is asked only while somebody listens', async () => {
  const client = openClusterClient({ tunnel: () => directTunnel(portOf(cluster.apiUrl)), token: cluster.token() })
  const hub = new TopicHub(topics, { logger: silentLogger, checkEvents: true })
  const streams = new Set<AbortSignal>()
  const calls = {
    source: 'live' as const,
    call: client.call.bind(client),
    events: (question: Parameters<typeof client.events>[0] = {}) => {
      if (question.signal) streams.add(question.signal)
      return client.events(question)
    },
  }
  const metrics = new ClusterMetrics({ callsOf: () => Promise.resolve(calls), hub })
  try {
    const seen: string[] = []
    const subscribe = () => hub.subscribe('cluster-metrics/c-1', {}, ({ events }) => void seen.push(...events))
    expect(streams.size).toBe(0)
    const first = subscribe()
    await until('figures', () => (seen.length > 0 && streams.size === 1) || undefined)
    first.close()
    const second = subscribe() // a page that is loaded again
    await until('more figures', () => seen.length > 6 || undefined)
    expect([...streams].map(({ aborted }) => aborted)).toEqual([false])
    second.close()
    await until('nobody is asked any more', () => [...streams].every(({ aborted }) => aborted) || undefined)
  } finally {
    metrics.stopAll()
    hub.close()
    client.close()
  }
})

test('what happens on a cluster comes within a batch of the panel and one of the head', async () => {
  const { panel, clusterId } = await openPanelOver(cluster)
  try {
    const { events } = listen<{ kind: string; id: string; type: string; atMs: number }>(panel, `cluster-events/${clusterId}`, {})
    const latest: number[] = []
    panel.host.hub.subscribe(`cluster-events/${clusterId}`, {}, (batch) => {
      for (const text of batch.events) latest.push(Date.now() - (JSON.parse(text) as { atMs: number }).atMs) // as runtime/api has it
    })
    for (let round = 0; round < 10; round += 1) await submit(panel)
    await until('their events', () => events.filter(({ type }) => type === 'succeeded').length >= 10 || undefined)
    const sorted = latest.toSorted((a, b) => a - b)
    expect(sorted[Math.floor(sorted.length / 2)]).toBeLessThan(400) // two batches of 50 ms; the machine may be busy
  } finally {
    await panel.dispose()
  }
})

const submit = (panel: TestPanel) => panel.host.call('jobs.submit', { cluster: 'lab', entrypoint: 'true' })
