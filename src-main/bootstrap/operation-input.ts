import * as z from 'zod'
import { ClusterName, ClusterPorts, ExtraNode, ServiceKind } from '../contract/clusters.ts'
import { ClusterId, FilePath, MachineId, Port } from '../contract/machines.ts'
import { RaySetup } from '../contract/ray-setup.ts'

const Sha256 = z.string().regex(/^[0-9a-f]{64}$/)

/** One machine of an operation: all that its steps need to know of it. */
export const MachineTarget = z.object({
  machineId: MachineId,
  name: z.string().max(128),
  role: z.enum(['head', 'worker']),
  /** False: it is not connected to, only forgotten. */
  isReachable: z.boolean(),
  arch: z.enum(['x64', 'arm64']),
  /** Absolute; all of ours lies below. */
  root: FilePath,
  sessionFolder: FilePath,
  /** Where the others reach it. */
  nodeIp: z.string().max(64),
  agentPort: Port,
  /** sha256 of the payload that it is to run, or runs. */
  payload: Sha256,
  /** What it ran before; removed when nobody uses it any more. */
  previousPayload: Sha256.nullable(),
  nodeId: z
    .string()
    .regex(/^[0-9a-f]{56}$/)
    .nullable(),
  /** What guards its ports, where the probe saw it: the remedy names its command. */
  firewall: z.enum(['firewalld', 'ufw', 'unknown']),
  /** It is this computer: no SSH leads there. */
  isLocal: z.boolean().optional(),
  /** More nodes on the head's machine. */
  extraNodes: z.array(ExtraNode).max(8).optional(),
  /** What each of several nodes on one machine hands out; absent: all that the machine has. */
  share: z.object({ cpus: z.int().min(1), memoryBytes: z.int().min(1), storeBytes: z.int().min(1) }).optional(),
})
export type MachineTarget = z.infer<typeof MachineTarget>

/** Of `head`, `agent` (the machine's own node), `api`, or the node of that name beside it. `to` 0: a free one. */
export const MovedPort = z.object({
  of: z.string().max(64),
  from: Port,
  to: z.int().min(0).max(65_535),
  /** Who has it now. */
  holder: z.string().max(256),
})
export type MovedPort = z.infer<typeof MovedPort>

/** All that an operation needs to be run, and to be run again after a restart of the panel. Holds no secret. */
export const OperationInput = z.object({
  kind: z.enum(['create', 'add', 'drain', 'remove', 'restart', 'upgrade', 'down']),
  clusterId: ClusterId,
  clusterName: ClusterName,
  ports: ClusterPorts,
  service: ServiceKind,
  /** The head's machine, whether or not the operation touches it. */
  head: MachineTarget,
  /** In the order in which they are begun. */
  machines: z.array(MachineTarget).max(4_096),
  /** Bytes of the archives, by sha256. */
  archiveBytes: z.record(Sha256, z.number()),
  /** Remove and upgrade: give the node no new work and wait for what runs, as long as this; null: until it is done. Undefined: do not wait. */
  drainWithinMs: z.number().nullable().optional(),
  /** Create: submit the sample jobs once the cluster is up. */
  withSamples: z.boolean().optional(),
  /** Of a cluster of Ray; absent: it is one of ours. */
  ray: RaySetup.optional(),
  /** The wheels that `ray` names, as one archive; absent: from the package index. */
  wheels: z.object({ sha256: Sha256, sizeBytes: z.number() }).optional(),
  /** Create, where there was a cluster before: what listens elsewhere than it did, as somebody else took its port. */
  movedPorts: z.array(MovedPort).max(16).optional(),
})
export type OperationInput = z.infer<typeof OperationInput>
