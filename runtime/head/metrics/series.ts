import type { MetricSeries } from '../../api/metrics.ts'
import type { GpuMetrics, NodeMetrics, ProcessMetrics } from '../../protocol/metrics.ts'

type Unit = MetricSeries['unit']
export type SeriesOf<Source> = {
  readonly name: string
  readonly unit: Unit
  readonly help: string
  /** Null: not known now. */
  readonly of: (source: Source) => number | null
}

const ours = (metrics: NodeMetrics, role: ProcessMetrics['role'], of: (process: ProcessMetrics) => number): number | null => {
  const processes = metrics.processes.filter((process) => process.role === role)
  return processes.length === 0 ? null : processes.reduce((sum, process) => sum + of(process), 0)
}
const ourDisk = ({ disks }: NodeMetrics) => disks.find(({ isOurs }) => isOurs)

/** What is kept of a machine. The order is that of the database: new ones go to the end, and none is taken away. */
export const nodeSeries: readonly SeriesOf<NodeMetrics>[] = [
  { name: 'cpu_percent', unit: 'percent', help: 'all cores', of: (m) => m.cpu.percent },
  { name: 'load_1m', unit: 'load', help: 'processes that run or wait', of: (m) => m.cpu.load[0] },
  { name: 'memory_used_bytes', unit: 'bytes', help: 'without what caches could give back', of: (m) => m.memory.usedBytes },
  { name: 'memory_total_bytes', unit: 'bytes', help: 'of the machine', of: (m) => m.memory.totalBytes },
  { name: 'group_memory_used_bytes', unit: 'bytes', help: 'of the control group', of: (m) => m.memory.group?.usedBytes ?? null },
  { name: 'group_memory_limit_bytes', unit: 'bytes', help: 'of the control group', of: (m) => m.memory.group?.limitBytes ?? null },
  { name: 'swap_used_bytes', unit: 'bytes', help: 'swap in use', of: (m) => m.memory.swapUsedBytes },
  { name: 'shm_used_bytes', unit: 'bytes', help: '/dev/shm in use', of: (m) => m.memory.shm?.usedBytes ?? null },
  { name: 'shm_total_bytes', unit: 'bytes', help: 'size of /dev/shm', of: (m) => m.memory.shm?.totalBytes ?? null },
  { name: 'disk_used_bytes', unit: 'bytes', help: 'of the disk with our files', of: (m) => ourDisk(m)?.usedBytes ?? null },
  { name: 'disk_free_bytes', unit: 'bytes', help: 'of the disk with our files', of: (m) => ourDisk(m)?.freeBytes ?? null },
  { name: 'disk_read_bytes_per_s', unit: 'bytes/s', help: 'all disks', of: (m) => m.diskTraffic.readBytesPerS },
  { name: 'disk_write_bytes_per_s', unit: 'bytes/s', help: 'all disks', of: (m) => m.diskTraffic.writeBytesPerS },
  { name: 'disk_reads_per_s', unit: '1/s', help: 'all disks', of: (m) => m.diskTraffic.readsPerS },
  { name: 'disk_writes_per_s', unit: '1/s', help: 'all disks', of: (m) => m.diskTraffic.writesPerS },
  { name: 'network_sent_bytes_per_s', unit: 'bytes/s', help: 'all networks', of: (m) => m.network.sentBytesPerS },
  { name: 'network_received_bytes_per_s', unit: 'bytes/s', help: 'all networks', of: (m) => m.network.receivedBytesPerS },
  { name: 'store_used_bytes', unit: 'bytes', help: 'object store', of: (m) => m.store.usedBytes },
  { name: 'store_capacity_bytes', unit: 'bytes', help: 'object store', of: (m) => m.store.capacityBytes },
  { name: 'store_spilled_bytes', unit: 'bytes', help: 'objects that are on disk only', of: (m) => m.store.spilledBytes },
  { name: 'store_objects', unit: 'count', help: 'object store', of: (m) => m.store.objects },
  { name: 'processes', unit: 'count', help: 'ours', of: (m) => m.processes.length + m.processesLeftOut },
  { name: 'agent_cpu_percent', unit: 'percent', help: 'the node agent; 100 is one core', of: (m) => ours(m, 'agent', (p) => p.cpuPercent) },
  { name: 'agent_rss_bytes', unit: 'bytes', help: 'the node agent', of: (m) => ours(m, 'agent', (p) => p.rssBytes) },
  { name: 'head_cpu_percent', unit: 'percent', help: 'the head; 100 is one core', of: (m) => ours(m, 'head', (p) => p.cpuPercent) },
  { name: 'head_rss_bytes', unit: 'bytes', help: 'the head', of: (m) => ours(m, 'head', (p) => p.rssBytes) },
  { name: 'workers_cpu_percent', unit: 'percent', help: 'all workers; 100 is one core', of: (m) => ours(m, 'worker', (p) => p.cpuPercent) },
  { name: 'workers_rss_bytes', unit: 'bytes', help: 'all workers', of: (m) => ours(m, 'worker', (p) => p.rssBytes) },
]

export const gpuSeries: readonly SeriesOf<GpuMetrics>[] = [
  { name: 'gpu_utilization_percent', unit: 'percent', help: 'share of time in which something ran', of: (gpu) => gpu.utilizationPercent },
  { name: 'gpu_memory_used_bytes', unit: 'bytes', help: 'memory of the GPU in use', of: (gpu) => gpu.memoryUsedBytes },
  { name: 'gpu_memory_total_bytes', unit: 'bytes', help: 'memory of the GPU', of: (gpu) => gpu.memoryTotalBytes },
  { name: 'gpu_power_milliwatts', unit: 'milliwatts', help: 'power drawn', of: (gpu) => gpu.powerMilliwatts },
  { name: 'gpu_temperature_celsius', unit: 'celsius', help: 'of the chip', of: (gpu) => gpu.temperatureCelsius },
]

export const processSeries: readonly SeriesOf<ProcessMetrics>[] = [
  { name: 'process_cpu_percent', unit: 'percent', help: '100 is one core', of: (process) => process.cpuPercent },
  { name: 'process_rss_bytes', unit: 'bytes', help: 'memory in use, shared parts included', of: (process) => process.rssBytes },
]

/** A part of a node that has figures of its own; gone when it is. */
export const gpuKey = (gpu: GpuMetrics): string => `gpu:${gpu.index}`
export const processKey = ({ role, pid, startedAtMs }: ProcessMetrics): string =>
  `process:${role}:${pid}:${Math.round(startedAtMs / 1_000)}`

/** What a part's figures are called, and how it is told apart. */
export function describePart(key: string): { readonly series: readonly SeriesOf<never>[]; readonly labels: Record<string, string> } {
  const [kind, first = '', second = '', third = ''] = key.split(':')
  if (kind === 'gpu') return { series: gpuSeries, labels: { gpu: first } }
  return { series: processSeries, labels: { role: first, pid: second, started: third } }
}

export type MetricName = { readonly name: string; readonly unit: Unit; readonly help: string; readonly per: 'node' | 'gpu' | 'process' }
const named = (series: readonly SeriesOf<never>[], per: MetricName['per']): MetricName[] =>
  series.map(({ name, unit, help }) => ({ name, unit, help, per }))
export const metricNames: readonly MetricName[] = [
  ...named(nodeSeries, 'node'),
  ...named(gpuSeries, 'gpu'),
  ...named(processSeries, 'process'),
]
