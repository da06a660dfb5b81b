import * as z from 'zod'
import type { MetricHistory, MetricSeries } from '../../../runtime/api/metrics.ts'
import type { ApiClient } from '../../../runtime/client/api-client.ts'
import { recordedFigures } from '../history/record-metrics.ts'
import type { Row } from './list-page.ts'

const LooseSummary = z.object({
  data: z.object({
    summary: z.array(z.record(z.string(), z.unknown())),
    nodeLogicalResources: z.record(z.string(), z.string()).optional(),
  }),
})
export type NodeSummaries = { readonly summary: readonly Row[]; readonly nodeLogicalResources: Readonly<Record<string, string>> }

/** Nodes tell Ray how they are every 5 s. */
const freshMs = 2_000
const sampleEveryMs = 10_000
/** Samples come with the looks at the lists, so some seconds late: in every such step lies one, and lines have no holes. */
const leastStepMs = 2 * sampleEveryMs
const keptSamples = 360

/** What the panel's history asks for, but for the one of which Ray tells nothing. */
const units: Readonly<Record<string, MetricSeries['unit']>> = Object.fromEntries(
  Object.entries(recordedFigures).filter(([name]) => name !== 'store_spilled_bytes'),
)
export const figureNames = {
  names: Object.entries(units).map(([name, unit]) => {
    const per = name.startsWith('gpu_') ? ('gpu' as const) : ('node' as const)
    return { name, unit, per, help: 'as the panel saw it every ten seconds while it was connected' }
  }),
}

type Sample = { readonly atMs: number; readonly figures: ReadonlyMap<string, number> }

/** The load of a Ray cluster's machines. Ray keeps no past of it: the last hour is kept here. */
export class RayFigures {
  readonly #api: ApiClient
  readonly #samples = new Map<string, Sample[]>()
  #last: { readonly untilMs: number; readonly nodes: Promise<NodeSummaries> } | undefined
  #sampledAtMs = Number.NEGATIVE_INFINITY

  constructor(api: ApiClient) {
    this.#api = api
  }

  /** As Ray's own page of nodes reads it. */
  summaries(signal?: AbortSignal): Promise<NodeSummaries> {
    const known = this.#last
    if (known && performance.now() < known.untilMs) return known.nodes
    const nodes = this.#api
      // Ray keeps what it answered, and gives it once more however old it is; older versions do so all the same, but each look fills that anew.
      .getJson('/nodes', LooseSummary, { query: { view: 'summary', nocache: 1 }, ...(signal ? { signal } : {}) })
      .then(({ data }) => ({ summary: data.summary, nodeLogicalResources: data.nodeLogicalResources ?? {} }))
    const last = { untilMs: performance.now() + freshMs, nodes }
    this.#last = last
    nodes.catch(() => {
      if (this.#last === last) this.#last = undefined
    })
    return nodes
  }

  /** Of the nodes that live: a dead one keeps its last figures at Ray. */
  async latest(): Promise<Row[]> {
    const { summary } = await this.summaries()
    return summary.map(figuresOf).filter((row) => row !== undefined)
  }

  /** Takes a sample when its time has come. */
  async sample(nowMs: number): Promise<void> {
    if (nowMs - this.#sampledAtMs < sampleEveryMs) return
    this.#sampledAtMs = nowMs
    for (const row of await this.latest()) {
      const nodeId = String(row['nodeId'])
      const samples = this.#samples.get(nodeId) ?? []
      samples.push({ atMs: nowMs, figures: new Map(namedFigures(row)) })
      if (samples.length > keptSamples) samples.shift()
      this.#samples.set(nodeId, samples)
    }
    for (const [nodeId, samples] of this.#samples) {
      if (nowMs - (samples.at(-1)?.atMs ?? 0) > keptSamples * sampleEveryMs) this.#samples.delete(nodeId)
    }
  }

  /** When the past that is kept here begins. */
  get sinceMs(): number {
    return Math.min(...[...this.#samples.values()].map(([first]) => first?.atMs ?? Number.POSITIVE_INFINITY))
  }

  history({ names, nodes, fromMs, toMs, points }: HistoryQuestion): MetricHistory {
    const stepMs = Math.max(leastStepMs, Math.ceil((toMs - fromMs) / points / sampleEveryMs) * sampleEveryMs)
    const series = new Map<string, MetricSeries>()
    for (const [nodeId, samples] of this.#samples) {
      if (nodes.length > 0 && !nodes.includes(nodeId)) continue
      for (const { atMs, figures } of samples) {
        if (atMs < fromMs || atMs >= toMs) continue
        for (const [label, value] of figures) addPoint(series, { label, nodeId, value, startMs: Math.floor(atMs / stepMs) * stepMs, names })
      }
    }
    return { fromMs, toMs, stepMs, series: [...series.values()], leftOut: 0 }
  }
}

export type HistoryQuestion = {
  readonly names: readonly string[]
  /** None: all. */
  readonly nodes: readonly string[]
  readonly fromMs: number
  readonly toMs: number
  readonly points: number
}

type Point = { label: string; nodeId: string; value: number; startMs: number; names: readonly string[] }
const counts = new WeakMap<MetricSeries, number>()

/** The label of a GPU's figure ends with its number, `gpu_memory_used_bytes#3`. */
function addPoint(series: Map<string, MetricSeries>, { label, nodeId, value, startMs, names }: Point): void {
  const [name = '', gpu] = label.split('#')
  const unit = units[name]
  if (unit === undefined || !names.includes(name)) return
  const key = `${nodeId} ${label}`
  const line = series.get(key) ?? { name, unit, nodeId, labels: gpu === undefined ? {} : { gpu }, points: [] }
  series.set(key, line)
  const last = line.points.at(-1)
  const count = last?.[0] === startMs ? (counts.get(line) ?? 1) : 0
  counts.set(line, count + 1)
  if (last?.[0] !== startMs) line.points.push([startMs, value, value, value])
  else
    line.points[line.points.length - 1] = [
      startMs,
      Math.min(last[1], value),
      (last[2] * count + value) / (count + 1),
      Math.max(last[3], value),
    ]
}

function* namedFigures(row: Row): Generator<readonly [string, number]> {
  const part = (name: string) => recordOf(row[name])
  const disk = recordsOf(row['disks'])[0] ?? {}
  const all: readonly (readonly [string, unknown])[] = [
    ['cpu_percent', part('cpu')['percent']],
    ['load_1m', numbersOf(part('cpu')['load'])[0]],
    ['memory_used_bytes', part('memory')['usedBytes']],
    ['memory_total_bytes', part('memory')['totalBytes']],
    ['store_used_bytes', part('store')['usedBytes']],
    ['store_capacity_bytes', part('store')['capacityBytes']],
    ['store_objects', part('store')['objects']],
    ['disk_used_bytes', disk['usedBytes']],
    ['disk_free_bytes', disk['freeBytes']],
    ['network_sent_bytes_per_s', part('network')['sentBytesPerS']],
    ['network_received_bytes_per_s', part('network')['receivedBytesPerS']],
    ...recordsOf(row['gpus']).flatMap((gpu) => [
      [`gpu_utilization_percent#${String(gpu['index'])}`, gpu['utilizationPercent']] as const,
      [`gpu_memory_used_bytes#${String(gpu['index'])}`, gpu['memoryUsedBytes']] as const,
    ]),
  ]
  for (const [name, value] of all) if (typeof value === 'number') yield [name, value]
}

const mib = 2 ** 20

/** A node of Ray's summary in the words of our own figures; undefined for one that is dead, or has told nothing yet. */
function figuresOf(node: Row): Row | undefined {
  const raylet = recordOf(node['raylet'])
  if (raylet['state'] !== 'ALIVE' || typeof node['now'] !== 'number') return undefined
  const [totalBytes, , , usedBytes] = numbersOf(node['mem'])
  const [sentBytesPerS, receivedBytesPerS] = numbersOf(node['networkSpeed'])
  const [logical, physical] = numbersOf(node['cpus'])
  const stored = recordOf(raylet['storeStats'])
  const disks = Object.entries(recordOf(node['disk'])).map(([mount, disk]) => {
    const { total, used, free } = recordOf(disk)
    return { mount, totalBytes: total, usedBytes: used, freeBytes: free, isOurs: mount === '/' }
  })
  return {
    nodeId: raylet['nodeId'],
    atMs: node['now'] * 1_000,
    cpu: { percent: node['cpu'], logical, physical, load: Array.isArray(node['loadAvg']) ? numbersOf(node['loadAvg'][0]) : [] },
    memory: { totalBytes, usedBytes },
    store: {
      usedBytes: wholeOf(stored['objectStoreBytesUsed'] ?? raylet['objectStoreUsedMemory']),
      // Ray calls what it has in all `available` there.
      capacityBytes: wholeOf(stored['objectStoreBytesAvail'] ?? recordOf(raylet['resourcesTotal'])['objectStoreMemory']),
      objects: wholeOf(stored['numLocalObjects'] ?? 0),
    },
    network: { sentBytesPerS, receivedBytesPerS },
    disks,
    gpus: recordsOf(node['gpus']).map((gpu) => ({
      ...{ index: gpu['index'], name: gpu['name'], uuid: gpu['uuid'], utilizationPercent: gpu['utilizationGpu'] ?? null },
      memoryUsedBytes: Number(gpu['memoryUsed'] ?? 0) * mib,
      memoryTotalBytes: Number(gpu['memoryTotal'] ?? 0) * mib,
      powerMilliwatts: gpu['powerMw'] ?? null,
      temperatureCelsius: gpu['temperatureC'] ?? null,
    })),
  }
}

export const recordOf = (value: unknown): Row => (typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {})
export const recordsOf = (value: unknown): Row[] => (Array.isArray(value) ? value.map((each: unknown) => recordOf(each)) : [])
const numbersOf = (value: unknown): number[] =>
  Array.isArray(value) ? value.filter((each: unknown): each is number => typeof each === 'number') : []
const wholeOf = (value: unknown): number | undefined => (value === undefined || value === null ? undefined : Number(value))
