import * as z from 'zod'
import { envelopeOf } from './envelope.ts'

const nodeId = z.string().regex(/^[0-9a-f]{56}$/, 'must be a node id, 56 hexadecimal digits')
export const NodePath = z.object({ node_id: nodeId })
export const NodesQuery = z.object({
  view: z.enum(['summary', 'hostNameList'], 'must be summary or hostNameList'),
})

/** Sums and counts beyond 2^53 come as text from Ray. */
const amount = z.union([z.number(), z.string().regex(/^-?\d+$/)]).transform(Number)

export const NodeGpu = z.object({
  index: z.number(),
  name: z.string(),
  uuid: z.string(),
  utilizationGpu: z.number().nullish(),
  /** MB. */
  memoryUsed: z.number(),
  /** MB. */
  memoryTotal: z.number(),
  processesPids: z.array(z.object({ pid: z.number(), gpuMemoryUsage: z.number() })).nullish(),
  powerMw: z.number().nullish(),
  temperatureC: z.number().nullish(),
})

export const NodeRaylet = z.object({
  nodeId: z.string(),
  state: z.enum(['ALIVE', 'DEAD']),
  stateMessage: z.string().nullish(),
  isHeadNode: z.boolean(),
  nodeName: z.string(),
  nodeManagerAddress: z.string(),
  nodeManagerHostname: z.string(),
  resourcesTotal: z.record(z.string(), z.number()),
  labels: z.record(z.string(), z.string()),
  startTimeMs: amount,
  endTimeMs: amount,
  numWorkers: z.number().optional(),
  objectStoreUsedMemory: z.number(),
  objectStoreAvailableMemory: z.number(),
})

/** A node of `/nodes?view=summary`. What hangs on the machine's figures is absent until they come. */
export const NodeSummary = z.object({
  /** Seconds since 1970. */
  now: z.number().optional(),
  hostname: z.string().optional(),
  ip: z.string().optional(),
  /** Percent of all cores. */
  cpu: z.number().optional(),
  /** Logical and physical cores. */
  cpus: z.tuple([z.number(), z.number()]).optional(),
  /** Total, available, percent used, used; bytes. */
  mem: z.tuple([z.number(), z.number(), z.number(), z.number()]).optional(),
  bootTime: z.number().optional(),
  loadAvg: z.array(z.array(z.number())).optional(),
  disk: z.record(z.string(), z.object({ total: z.number(), used: z.number(), free: z.number(), percent: z.number() })).optional(),
  /** Bytes sent and received a second. */
  networkSpeed: z.tuple([z.number(), z.number()]).optional(),
  /** Bytes and operations a second: read, written; reads, writes. */
  diskIoSpeed: z.tuple([z.number(), z.number(), z.number(), z.number()]).optional(),
  gpus: z.array(NodeGpu).optional(),
  raylet: NodeRaylet,
})
export type NodeSummary = z.infer<typeof NodeSummary>

export const NodesAnswer = z.union([
  envelopeOf(z.object({ summary: z.array(NodeSummary), nodeLogicalResources: z.record(z.string(), z.string()) })),
  envelopeOf(z.object({ hostNameList: z.array(z.string()) })),
])
export const NodeAnswer = envelopeOf(
  z.object({
    detail: NodeSummary.extend({ workers: z.array(z.looseObject({ pid: z.number() })), actors: z.record(z.string(), z.unknown()) }),
  }),
)
