import { Gauge, Registry } from 'prom-client'
import type { NodeMetrics, ProcessMetrics } from '../../protocol/metrics.ts'
import { actorRow, groupRow } from '../events/state-rows.ts'
import { nodeIpOf } from '../node-ip.ts'
import type { HttpParts } from './parts.ts'

const mebibyte = 1_048_576
const commonLabels = ['ip', 'SessionName', 'Version', 'RayNodeType', 'IsHeadNode', 'NodeId'] as const
type Labels = Readonly<Record<string, string>>
type Reading = readonly [value: number | null | undefined, labels?: Labels]

type Row<Source> = {
  readonly name: string
  readonly help: string
  readonly labels?: readonly string[]
  readonly read: (source: Source) => Reading[]
}

const one = (value: number | null | undefined): Reading[] => [[value]]

/** Of a machine, under Ray's names (Ray: dashboard/modules/reporter/reporter_agent.py, METRICS_GAUGES). */
const nodeRows: readonly Row<NodeMetrics>[] = [
  { name: 'ray_node_cpu_utilization', help: 'CPU in use, percent', read: (m) => one(m.cpu.percent) },
  { name: 'ray_node_cpu_count', help: 'CPUs', read: (m) => one(m.cpu.logical) },
  { name: 'ray_node_mem_used', help: 'Memory in use, bytes', read: (m) => one(m.memory.usedBytes) },
  { name: 'ray_node_mem_available', help: 'Memory that can be had, bytes', read: (m) => one(m.memory.availableBytes) },
  { name: 'ray_node_mem_total', help: 'Memory, bytes', read: (m) => one(m.memory.totalBytes) },
  { name: 'ray_node_mem_shared_bytes', help: 'Shared memory in use, bytes', read: (m) => one(m.memory.sharedBytes) },
  { name: 'ray_node_gpus_available', help: 'GPUs', read: (m) => one(m.gpus.length) },
  ...gpuRow('ray_node_gpus_utilization', 'GPU in use, percent', (gpu) => gpu.utilizationPercent),
  ...gpuRow('ray_node_gram_used', 'GPU memory in use, MiB', (gpu) => gpu.memoryUsedBytes / mebibyte),
  ...gpuRow('ray_node_gram_available', 'GPU memory free, MiB', (gpu) => (gpu.memoryTotalBytes - gpu.memoryUsedBytes) / mebibyte),
  ...gpuRow('ray_node_gpu_power_milliwatts', 'Power of the GPU', (gpu) => gpu.powerMilliwatts),
  ...gpuRow('ray_node_gpu_temperature_celsius', 'Temperature of the GPU', (gpu) => gpu.temperatureCelsius),
  { name: 'ray_node_disk_usage', help: 'Disk with our files, bytes in use', read: (m) => one(ourDisk(m)?.usedBytes) },
  { name: 'ray_node_disk_free', help: 'Disk with our files, bytes free', read: (m) => one(ourDisk(m)?.freeBytes) },
  { name: 'ray_node_disk_utilization_percentage', help: 'Disk with our files, percent in use', read: (m) => one(diskPercent(m)) },
  { name: 'ray_node_disk_io_read', help: 'Bytes read from disks', read: (m) => one(m.diskTraffic.readBytes) },
  { name: 'ray_node_disk_io_write', help: 'Bytes written to disks', read: (m) => one(m.diskTraffic.writeBytes) },
  { name: 'ray_node_disk_io_read_speed', help: 'Bytes a second', read: (m) => one(m.diskTraffic.readBytesPerS) },
  { name: 'ray_node_disk_io_write_speed', help: 'Bytes a second', read: (m) => one(m.diskTraffic.writeBytesPerS) },
  { name: 'ray_node_disk_read_iops', help: 'Reads a second', read: (m) => one(m.diskTraffic.readsPerS) },
  { name: 'ray_node_disk_write_iops', help: 'Writes a second', read: (m) => one(m.diskTraffic.writesPerS) },
  { name: 'ray_node_network_sent', help: 'Bytes sent', read: (m) => one(m.network.sentBytes) },
  { name: 'ray_node_network_received', help: 'Bytes received', read: (m) => one(m.network.receivedBytes) },
  { name: 'ray_node_network_send_speed', help: 'Bytes a second', read: (m) => one(m.network.sentBytesPerS) },
  { name: 'ray_node_network_receive_speed', help: 'Bytes a second', read: (m) => one(m.network.receivedBytesPerS) },
  ...componentRow('ray_component_cpu_percentage', 'CPU of our processes, percent of a core', (p) => p.cpuPercent),
  ...componentRow('ray_component_rss_bytes', 'Memory of our processes', (p) => p.rssBytes),
  ...componentRow('ray_component_uss_bytes', 'Memory that only they have, as far as it is not shared', (p) =>
    Math.max(0, p.rssBytes - p.sharedBytes),
  ),
  ...componentRow('ray_component_shared_bytes', 'Memory that they share', (p) => p.sharedBytes),
  ...componentRow('ray_component_num_fds', 'Open files', (p) => p.files),
  {
    name: 'ray_component_gpu_memory_mb',
    help: 'GPU memory of our processes, MiB',
    labels: ['Component', 'pid'],
    read: (m) =>
      m.processes.flatMap((process): Reading[] => {
        const bytes = m.gpus
          .flatMap((gpu) => gpu.processes?.filter(({ pid }) => pid === process.pid) ?? [])
          .reduce((sum, each) => sum + each.memoryBytes, 0)
        return bytes === 0 ? [] : [[bytes / mebibyte, componentLabels(process)]]
      }),
  },
  {
    name: 'ray_object_store_memory',
    help: 'Bytes of objects, by where they are',
    labels: ['Location'],
    read: ({ store }) => [
      [store.usedBytes, { Location: 'MMAP_SHM' }],
      [store.spilledBytes, { Location: 'SPILLED' }],
    ],
  },
  { name: 'ray_memory_manager_worker_eviction_total', help: 'Workers ended for memory', read: (m) => one(m.outOfMemoryEnds) },
]

function gpuRow(name: string, help: string, of: (gpu: NodeMetrics['gpus'][number]) => number | null): Row<NodeMetrics>[] {
  const read = (m: NodeMetrics): Reading[] => m.gpus.map((gpu) => [of(gpu), { GpuIndex: String(gpu.index), GpuDeviceName: gpu.name }])
  return [{ name, help, labels: ['GpuIndex', 'GpuDeviceName'], read }]
}

function componentRow(name: string, help: string, of: (process: ProcessMetrics) => number | null): Row<NodeMetrics>[] {
  return [
    {
      name,
      help,
      labels: ['Component', 'pid'],
      read: (m) => m.processes.map((process): Reading => [of(process), componentLabels(process)]),
    },
  ]
}

/** Ray's words for processes that do what ours do. */
const components = { agent: 'raylet', head: 'gcs', worker: 'workers', driver: 'drivers', job: 'jobs' } as const
const componentLabels = ({ role, pid }: ProcessMetrics): Labels => ({ Component: components[role], pid: String(pid) })
const ourDisk = ({ disks }: NodeMetrics) => disks.find(({ isOurs }) => isOurs)
function diskPercent(metrics: NodeMetrics): number | undefined {
  const disk = ourDisk(metrics)
  return disk && disk.totalBytes > 0 ? (disk.usedBytes / disk.totalBytes) * 100 : undefined
}

type Cluster = Pick<HttpParts, 'head'> & { readonly tasks: Readonly<Record<string, Readonly<Record<string, number>>>> }

const clusterRows: readonly Row<Cluster>[] = [
  {
    name: 'ray_cluster_active_nodes',
    help: 'Nodes that live',
    labels: ['node_type'],
    read: ({ head }) => [[head.state.livingNodes.length, { node_type: 'local' }]],
  },
  { name: 'ray_cluster_pending_nodes', help: 'Nodes on their way', labels: ['node_type'], read: () => [[0, { node_type: 'local' }]] },
  {
    name: 'ray_cluster_failed_nodes',
    help: 'Nodes that died',
    labels: ['node_type'],
    read: ({ head }) => [[head.state.deadNodes.size, { node_type: 'local' }]],
  },
  {
    name: 'ray_cluster_idle_nodes',
    help: 'Nodes that hold nothing',
    labels: ['node_type'],
    read: ({ head }) => [[idleNodes(head.state), { node_type: 'local' }]],
  },
  {
    name: 'ray_tasks',
    help: 'Task attempts by state',
    labels: ['State', 'JobId'],
    read: ({ tasks }) =>
      Object.entries(tasks).flatMap(([JobId, states]) =>
        Object.entries(states).map(([State, count]): Reading => [count, { State, JobId }]),
      ),
  },
  {
    name: 'ray_actors',
    help: 'Actors by state',
    labels: ['State'],
    read: ({ head }) => countBy([...head.state.actors.values()].map((actor) => String(actorRow(actor)['state']))),
  },
  {
    name: 'ray_placement_groups',
    help: 'Placement groups by state',
    labels: ['State'],
    read: ({ head }) => countBy([...head.state.groups.values()].map((group) => String(groupRow(group)['state']))),
  },
]

const idleNodes = ({ livingNodes }: HttpParts['head']['state']): number =>
  livingNodes.filter(({ total, available }) => Object.keys(total).every((name) => available[name] === total[name])).length

function countBy(states: readonly string[]): Reading[] {
  const counts = new Map<string, number>()
  for (const state of states) counts.set(state, (counts.get(state) ?? 0) + 1)
  return [...counts].map(([State, count]) => [count, { State }])
}

/** The figures of the whole cluster in Prometheus' text format. One registry, filled anew for each answer. */
export class MetricsText {
  readonly #parts: HttpParts
  readonly #registry = new Registry()
  readonly #gauges = new Map<string, Gauge>()

  constructor(parts: HttpParts) {
    this.#parts = parts
    const add = ({ name, help, labels = [] }: Row<never>, common: readonly string[]) =>
      this.#gauges.set(name, new Gauge({ name, help, labelNames: [...labels, ...common], registers: [this.#registry] }))
    for (const row of nodeRows) add(row, commonLabels)
    for (const row of clusterRows) add(row, ['SessionName', 'Version'])
    add({ name: 'ray_resources', help: 'Logical resources', labels: ['Name', 'State'], read: () => [] }, commonLabels)
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  async read(): Promise<string> {
    const { head, metrics, history, sessionName, rayVersion } = this.#parts
    const tasks = await history.countStates({ filters: [], excludeDriver: true }).catch(() => ({})) // without its history the rest still counts
    for (const gauge of this.#gauges.values()) gauge.reset()
    const common = { SessionName: sessionName, Version: rayVersion }
    for (const row of clusterRows) this.#set(row.name, row.read({ head, tasks }), common)
    for (const node of head.state.livingNodes) {
      const { facts, total, available, nodeId } = node
      const place = { ip: nodeIpOf(facts), RayNodeType: facts.isHead ? 'head' : 'worker', IsHeadNode: String(facts.isHead), NodeId: nodeId }
      const labels = { ...common, ...place }
      for (const name of Object.keys(total)) {
        const free = Math.max(0, available[name] ?? 0) / 10_000
        this.#set(
          'ray_resources',
          [
            [free, { Name: name, State: 'AVAILABLE' }],
            [(total[name] ?? 0) / 10_000 - free, { Name: name, State: 'USED' }],
          ],
          labels,
        )
      }
      const figures = metrics.latest(nodeId)
      if (figures) for (const row of nodeRows) this.#set(row.name, row.read(figures), labels)
    }
    return this.#registry.metrics()
  }

  #set(name: string, readings: readonly Reading[], labels: Labels): void {
    const gauge = this.#gauges.get(name)
    for (const [value, more] of readings) if (value !== null && value !== undefined) gauge?.set({ ...labels, ...more }, value)
  }
}
