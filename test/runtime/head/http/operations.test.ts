import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { AlertList, EventFrame, EventPage } from '#runtime/api/events.ts'
import { LatestMetrics, MetricHistory, MetricNames } from '#runtime/api/metrics.ts'
import { ApiClient } from '#runtime/client/api-client.ts'
import { aProcess, figuresOf } from '../metrics/figures.ts'
import { serveInProcess } from './in-process.ts'
import { registerOf } from '../core/builders.ts'
import { linkPair } from './linked-agent.ts'

const nodeId = 'a'.repeat(56)
async function aHeadWithANode() {
  const served = await serveInProcess()
  const url = `http://${served.host}:${served.port}`
  const agent = await linkPair(served.parts.head, nodeId, registerOf(nodeId, { resources: { CPU: 4, GPU: 1 } }))
  return { ...served, url, agent, api: new ApiClient({ url, token: served.token }) }
}
const gpu = {
  index: 0,
  name: 'NVIDIA T4',
  uuid: 'GPU-1',
  utilizationPercent: 80,
  memoryUsedBytes: 1_048_576_000,
  memoryTotalBytes: 16_106_127_360,
  powerMilliwatts: 70_000,
  temperatureCelsius: 50,
  processes: [{ pid: 11, memoryBytes: 1_048_576 }],
}

describe('figures over HTTP', () => {
  it("are Prometheus' text under Ray's names, and point Prometheus to this head", async () => {
    const { api, agent, parts } = await aHeadWithANode()
    agent.send(figuresOf(nodeId, { gpus: [gpu], processes: [aProcess({ role: 'agent', pid: 10 }), aProcess({ pid: 11 })] }))
    await expect.poll(() => parts.metrics.latest(nodeId)).toBeDefined()
    const text = (await api.send({ method: 'GET', path: '/metrics' })).toString()
    const valueOf = (name: string, ...labels: string[]) =>
      text
        .split('\n')
        .filter((line) => line.startsWith(`${name}{`) && labels.every((label) => line.includes(label)))
        .map((line) => Number(line.split(' ').at(-1)))
    expect(valueOf('ray_node_cpu_utilization', `SessionName="${parts.sessionName}"`, 'ip="127.0.0.1"', 'IsHeadNode="false"')).toEqual([25])
    expect(valueOf('ray_node_mem_total')).toEqual([1e10])
    expect(valueOf('ray_node_gpus_utilization', 'GpuIndex="0"', 'GpuDeviceName="NVIDIA T4"')).toEqual([80])
    expect(valueOf('ray_node_gram_used')).toEqual([1_000])
    expect(valueOf('ray_node_disk_utilization_percentage')).toEqual([40])
    expect(valueOf('ray_component_rss_bytes', 'Component="raylet"', 'pid="10"')).toEqual([1e8])
    expect(valueOf('ray_component_uss_bytes', 'Component="workers"')).toEqual([9e7])
    expect(valueOf('ray_component_gpu_memory_mb', 'pid="11"')).toEqual([1])
    expect(valueOf('ray_resources', 'Name="CPU"', 'State="AVAILABLE"')).toEqual([4])
    expect(valueOf('ray_object_store_memory', 'Location="MMAP_SHM"')).toEqual([1e8])
    expect(valueOf('ray_cluster_active_nodes', 'node_type="local"')).toEqual([1])
    expect(text).toMatch(/^# TYPE ray_node_cpu_utilization gauge$/m)
    const again = (await api.send({ method: 'GET', path: '/metrics' })).toString()
    expect(again.split('\n').length).toBe(text.split('\n').length) // nothing of the answer before is left
    expect(JSON.parse((await api.send({ method: 'GET', path: '/api/prometheus/sd' })).toString())).toEqual([
      { labels: { job: 'ray' }, targets: [parts.apiAddress()] },
    ])
  })

  it('are listed, latest and as lines, and wrong questions are refused by name', async () => {
    const { api, agent, parts } = await aHeadWithANode()
    agent.send(figuresOf(nodeId))
    await expect.poll(() => parts.metrics.latest(nodeId)).toBeDefined()
    const { names } = await api.getJson('/api/shoal/v1/metrics/names', MetricNames)
    expect(names.find(({ name }) => name === 'cpu_percent')).toMatchObject({ unit: 'percent', per: 'node' })
    const { nodes } = await api.getJson('/api/shoal/v1/metrics/latest', LatestMetrics)
    expect(nodes).toMatchObject([{ nodeId, cpu: { percent: 25 } }])
    const to = Date.now() + 1_000
    const history = await api.getJson('/api/shoal/v1/metrics', MetricHistory, {
      query: { names: 'cpu_percent,store_objects', from: to - 60_000, to, points: 60 },
    })
    expect(history.series.map(({ name, points }) => [name, points.map(([, , mean]) => mean)])).toEqual([
      ['cpu_percent', [25]],
      ['store_objects', [7]],
    ])
    for (const [query, word] of [
      [{ names: 'nonsense' }, 'nonsense'],
      [{ names: 'cpu_percent', nodes: 'x' }, 'nodes'],
      [{ names: 'cpu_percent', from: 5, to: 5 }, 'from'],
      [{ names: 'cpu_percent', points: 1e9 }, 'points'],
      [{}, 'names'],
    ] as const) {
      await expect(api.getJson('/api/shoal/v1/metrics', MetricHistory, { query })).rejects.toMatchObject({
        code: 'bad-argument',
        message: expect.stringContaining(word),
      })
    }
  })
})

describe('events over HTTP', () => {
  it('come as pages and as a stream at one path, and the stream is resumed by number', async () => {
    const { api, url, token, parts } = await aHeadWithANode()
    const page = await api.getJson('/api/shoal/v1/events', EventPage, { query: { kinds: 'node' } })
    expect(page.events.at(-1)).toMatchObject({ kind: 'node', id: nodeId, type: 'alive', row: { node_id: nodeId, state: 'ALIVE' } })
    const open = (query: string) => {
      const socket = new WebSocket(`${url.replace('http', 'ws')}/api/shoal/v1/events?${query}`, {
        headers: { authorization: `Bearer ${token}` },
      })
      const frames: EventFrame[] = []
      socket.on('message', (data) => frames.push(EventFrame.parse(JSON.parse(String(data as Buffer)))))
      return { socket, frames }
    }
    const first = open('kinds=node,alert')
    await expect.poll(() => first.frames[0]).toMatchObject({ type: 'snapshot', reason: 'start', rows: [{ kind: 'node', id: nodeId }] })
    parts.head.drainNode(nodeId, 'maintenance', 0)
    await expect
      .poll(() => first.frames.flatMap((frame) => (frame.type === 'batch' ? frame.events : [])))
      .toMatchObject([{ kind: 'node', type: 'draining', row: { is_draining: true } }])
    const last = first.frames.findLast((frame) => frame.type === 'batch')
    first.socket.terminate()
    parts.head.drainNode(nodeId, 'still', 0)
    const second = open(`kinds=node,alert&since=${last?.to}`)
    await expect
      .poll(() => second.frames.flatMap((frame) => (frame.type === 'batch' ? frame.events : [])))
      .toMatchObject([{ row: { state_message: 'draining: still' } }])
    expect(second.frames.some(({ type }) => type === 'snapshot')).toBe(false)
    const closed = once(second.socket, 'close')
    parts.feed.streams.close()
    expect((await closed)[0]).toBe(4001)
    const refused = new WebSocket(`${url.replace('http', 'ws')}/api/shoal/v1/events?kinds=nonsense`, {
      headers: { authorization: `Bearer ${token}` },
    })
    refused.on('error', () => {})
    const [, answer] = (await once(refused, 'unexpected-response')) as [unknown, { statusCode: number }]
    expect(answer.statusCode).toBe(400)
    expect(await api.getJson('/api/shoal/v1/alerts', AlertList)).toEqual({ alerts: [] })
  })

  it('tell people of what matters, in the words of Ray', async () => {
    const { api, parts } = await aHeadWithANode()
    const rows = parts.feed.clusterEventRows()
    expect(rows).toMatchObject([
      {
        severity: 'INFO',
        source_type: 'NODES',
        message: expect.stringContaining('is alive'),
        time: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/),
      },
    ])
    expect(rows[0]?.event_id).toMatch(/^[0-9a-f]{36}$/)
    const legacy = JSON.parse((await api.send({ method: 'GET', path: '/events' })).toString()) as {
      data: { events: Record<string, { message: string }[]> }
    }
    expect(legacy.data.events['global']).toHaveLength(1)
  })
})
