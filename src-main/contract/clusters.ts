import * as z from 'zod'
import { ClusterId, Finding, MachineId, Port } from './machines.ts'
import { RayHead } from './ray-heads.ts'
import { RaySetup } from './ray-setup.ts'

export const Engine = z.enum(['shoal', 'ray'])
export type Engine = z.infer<typeof Engine>

export const ClusterName = z
  .string()
  .min(1)
  .max(48)
  .regex(/^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/, 'small letters, digits and dashes between them')

/** What brings a node back after its machine was started again. `auto`: systemd of the user where it lingers, else cron, else nothing. */
export const ServiceKind = z.enum(['none', 'auto', 'systemd', 'cron'])
export type ServiceKind = z.infer<typeof ServiceKind>

export const ClusterPorts = z.object({
  /** Where the head listens for nodes and programs, on its machine. */
  head: Port.default(6_379),
  /** Where each node listens for the others. */
  agent: Port.default(6_380),
  /** The HTTP API, on loopback of the head's machine. 0: a free one. */
  api: z.int().min(0).max(65_535).default(8_265),
})
export type ClusterPorts = z.infer<typeof ClusterPorts>

/** What a person wants a cluster to be. */
export const ClusterSpec = z.strictObject({
  name: ClusterName,
  engine: Engine.default('shoal'),
  head: MachineId,
  workers: z.array(MachineId).max(4_096).default([]),
  ports: ClusterPorts.prefault({}),
  service: ServiceKind.default('none'),
  /** For the engine `ray`. @default the usual version, from the package index, with the `python3` of each machine */
  ray: RaySetup.optional(),
})
export type ClusterSpec = z.infer<typeof ClusterSpec>

/** Started beside the node of its machine, with a folder of its own: that of the machine's session, a dash and its name. */
export const ExtraNode = z.object({
  name: z.string().regex(/^[a-z0-9-]{1,32}$/),
  agentPort: Port,
  /** Null before it was started. */
  nodeId: z.string().nullable(),
})
export type ExtraNode = z.infer<typeof ExtraNode>

export const Member = z.object({
  machineId: MachineId,
  role: z.enum(['head', 'worker']),
  /** `planned`: not there yet, or half way; `started`: our daemons were seen running; `draining`, `stopped`: on purpose. */
  state: z.enum(['planned', 'started', 'draining', 'stopped']),
  /** sha256 of the payload that it runs; null before. */
  payload: z.string().nullable(),
  /** `host:port` under which the others know its node; null before. */
  address: z.string().nullable(),
  nodeId: z.string().nullable(),
  /** Folder of its session on that machine. */
  sessionFolder: z.string().nullable(),
  /** Further nodes on the same machine, as a cluster to try things on has them. Absent: none. */
  extraNodes: z.array(ExtraNode).max(8).optional(),
})
export type Member = z.infer<typeof Member>

export const Cluster = z.object({
  id: ClusterId,
  name: ClusterName,
  engine: Engine,
  createdAtMs: z.number(),
  ports: ClusterPorts,
  service: ServiceKind,
  members: z.array(Member).max(4_096),
  /** Of a cluster of Ray that this panel made. */
  ray: RaySetup.optional(),
  /** Of a cluster of Ray that this panel did not make, and does not change: it has no members then. */
  rayHead: RayHead.optional(),
  link: z.object({
    /** `record`: not connected, answers come from what was recorded. */
    state: z.enum(['off', 'connecting', 'connected', 'reconnecting', 'record']),
    sinceMs: z.number(),
    message: z.string().nullable(),
  }),
  /** Who may change it now: this panel, another, nobody. */
  lease: z.object({ holder: z.string().nullable(), isOurs: z.boolean() }),
})
export type Cluster = z.infer<typeof Cluster>

/** What would be done, machine by machine, before anything is. */
export const Plan = z.object({
  kind: z.enum(['create', 'add', 'drain', 'remove', 'restart', 'upgrade', 'down', 'clean']),
  clusterId: ClusterId.nullable(),
  clusterName: z.string(),
  machines: z
    .array(
      z.object({
        machineId: MachineId,
        name: z.string(),
        role: z.enum(['head', 'worker', 'none']),
        /** In order. `effect` says in plain words what changes there. */
        steps: z.array(z.object({ id: z.string(), title: z.string(), effect: z.string(), command: z.string().nullable() })).max(64),
        findings: z.array(Finding).max(256),
      }),
    )
    .max(4_096),
  /** Over all machines: bytes to send, what is unavailable meanwhile. */
  notes: z.array(z.string()).max(256),
  /** Of every machine and of the whole; with one of them the plan is not run, or not for that machine. */
  blockers: z.array(z.object({ machineId: MachineId.nullable(), finding: Finding })).max(4_096),
})
export type Plan = z.infer<typeof Plan>
