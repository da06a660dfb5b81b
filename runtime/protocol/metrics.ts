import * as z from 'zod'
import { JobId, NodeId, WorkerId } from './ids.ts'
import { lazyObject } from './lazy-object.ts'

const count = z.number().min(0)
const bytes = z.number().min(0)
const perSecond = z.number().min(0)
const percent = z.number().min(0)

export const DiskSpace = lazyObject(() => ({
  mount: z.string().max(512),
  totalBytes: bytes,
  usedBytes: bytes,
  /** For us: what is kept for root is not in it. */
  freeBytes: bytes,
  /** A folder of ours lies on it. */
  isOurs: z.boolean(),
}))
export type DiskSpace = z.infer<typeof DiskSpace>

/** Totals count from the machine's start; speeds are means since the sample before. */
const diskTraffic = () => ({
  readBytes: bytes,
  writeBytes: bytes,
  reads: count,
  writes: count,
  readBytesPerS: perSecond,
  writeBytesPerS: perSecond,
  readsPerS: perSecond,
  writesPerS: perSecond,
})
export const DiskTraffic = lazyObject(diskTraffic)
export type DiskTraffic = z.infer<typeof DiskTraffic>
const networkTraffic = () => ({
  sentBytes: bytes,
  receivedBytes: bytes,
  sentBytesPerS: perSecond,
  receivedBytesPerS: perSecond,
})
export const NetworkTraffic = lazyObject(networkTraffic)
export type NetworkTraffic = z.infer<typeof NetworkTraffic>

export const GpuMetrics = lazyObject(() => ({
  index: z.int().min(0),
  name: z.string().max(256),
  uuid: z.string().max(128),
  /** Null: the driver does not say. */
  utilizationPercent: percent.nullable(),
  memoryUsedBytes: bytes,
  memoryTotalBytes: bytes,
  powerMilliwatts: z.number().min(0).nullable(),
  temperatureCelsius: z.number().nullable(),
  /** Null: the driver does not tell processes apart, as in many containers. */
  processes: z
    .array(z.object({ pid: z.int().min(0), memoryBytes: bytes }))
    .max(1_024)
    .nullable(),
}))
export type GpuMetrics = z.infer<typeof GpuMetrics>

export const ProcessMetrics = lazyObject(() => ({
  role: z.enum(['agent', 'head', 'worker', 'driver', 'job']),
  pid: z.int().min(0),
  /** Of workers and drivers. */
  workerId: WorkerId.nullable(),
  jobId: JobId.nullable(),
  /** What it runs, shortened; for people. */
  command: z.string().max(256),
  startedAtMs: z.number().min(0),
  /** Of one core, since the sample before: 200 is two cores. */
  cpuPercent: percent,
  userSeconds: z.number().min(0),
  systemSeconds: z.number().min(0),
  childUserSeconds: z.number().min(0),
  childSystemSeconds: z.number().min(0),
  rssBytes: bytes,
  virtualBytes: bytes,
  sharedBytes: bytes,
  /** Page faults so far: those without and with a read from disk. */
  minorFaults: count,
  majorFaults: count,
  /** Open files; null where they may not be counted. Counted every few samples. */
  files: z.int().min(0).nullable(),
}))
export type ProcessMetrics = z.infer<typeof ProcessMetrics>

export const StoreMetrics = lazyObject(() => ({
  capacityBytes: bytes,
  usedBytes: bytes,
  pinnedBytes: bytes,
  primaryBytes: bytes,
  /** Of objects that are on disk only. */
  spilledBytes: bytes,
  objects: count,
  /** Creations that wait for room. */
  waiting: count,
  spilledTotalBytes: bytes,
  restoredTotalBytes: bytes,
  evictedTotalBytes: bytes,
}))
export type StoreMetrics = z.infer<typeof StoreMetrics>

/** agent → head, every two seconds. The load of a machine and of our processes on it. A younger one makes it worthless: it may be lost. */
export const NodeMetrics = lazyObject(() => ({
  type: z.literal('node.metrics'),
  nodeId: NodeId,
  /** Wall time of the machine, so that the head sees clocks that differ. */
  atMs: z.number().min(0),
  /** Since the sample before. */
  spanMs: z.number().min(0),
  bootedAtMs: z.number().min(0),
  cpu: z.object({
    percent,
    perCore: z.array(percent).max(4_096),
    logical: z.int().min(0),
    physical: z.int().min(0),
    load: z.tuple([count, count, count]),
  }),
  memory: z.object({
    totalBytes: bytes,
    availableBytes: bytes,
    usedBytes: bytes,
    sharedBytes: bytes,
    swapTotalBytes: bytes,
    swapUsedBytes: bytes,
    /** Limit and use of our control group, where it has a limit. */
    group: z.object({ limitBytes: bytes, usedBytes: bytes }).nullable(),
    shm: z.object({ totalBytes: bytes, usedBytes: bytes }).nullable(),
  }),
  disks: z.array(DiskSpace).max(64),
  diskTraffic: DiskTraffic,
  diskDevices: z.array(z.object({ ...diskTraffic(), device: z.string().max(64) })).max(64),
  network: NetworkTraffic,
  networkDevices: z.array(z.object({ ...networkTraffic(), device: z.string().max(64) })).max(64),
  store: StoreMetrics,
  gpus: z.array(GpuMetrics).max(256),
  processes: z.array(ProcessMetrics).max(4_096),
  /** Of ours, that are not in `processes` for lack of room. */
  processesLeftOut: z.int().min(0),
  /** Workers ended because memory ran short, since the agent started. */
  outOfMemoryEnds: z.int().min(0),
}))
export type NodeMetrics = z.infer<typeof NodeMetrics>

/** head → agent, requests about the load of a machine. Its figures come by themselves: none yet. */
export const metricsAsks = {} as const
