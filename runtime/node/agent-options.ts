import { hostname } from 'node:os'
import { randomBytes } from 'node:crypto'
import { newNodeId, type NodeId } from '../base/ids.ts'
import type { Logger } from '../base/logger.ts'
import { seededRandom } from '../base/random.ts'
import type { Labels, Resources } from '../protocol/scheduling.ts'
import { daemonScript, runtimeNode } from '../session/daemon.ts'
import type { SessionLayout } from '../session/layout.ts'
import type { HeadTarget } from './addresses.ts'
import type { AgentCoreConfig } from './core/state.ts'
import { defaultCoreSettings } from './core/state.ts'
import { acceleratorType, type Hardware } from './hardware.ts'

export const agentVersion = '0.1.0'

/** Settings of one agent process. All have defaults; operators change few of them. Times are milliseconds. */
export type AgentSettings = Omit<{ -readonly [Name in keyof typeof defaultCoreSettings]: number }, 'preforkWorkers'> & {
  /** How long a client's request waits for a head that is away. */
  headPatienceMs: number
  /** How long an owner of another node may be away before its leases end. */
  ownerGraceMs: number
  /** Share of memory in use above which a worker is ended. */
  memoryLimit: number
  memoryCheckMs: number
  /** How often the machine's load is measured and told to the head. */
  metricsEveryMs: number
  /** Between asking a submitted job to end and ending it. (Ray: RAY_JOB_STOP_WAIT_TIME_S) */
  jobStopWaitMs: number
  /** What unpacked packages of jobs may take on disk; those in use stay whatever they take. */
  packageCacheBytes: number
  /** Program and first arguments of a worker; empty for the usual ones. */
  workerCommand: string[]
  /** Folder for shared memory. */
  storeRoot: string
  /** How long the creation of an object waits for room. */
  storeCreateTimeoutMs: number
}

export const defaultAgentSettings: AgentSettings = {
  ...defaultCoreSettings,
  headPatienceMs: 30_000,
  ownerGraceMs: 10_000,
  memoryLimit: 0.95,
  memoryCheckMs: 250,
  metricsEveryMs: 2_000,
  jobStopWaitMs: 3_000,
  packageCacheBytes: 16 * 1024 ** 3,
  workerCommand: [],
  storeRoot: '/dev/shm',
  storeCreateTimeoutMs: 60_000,
}

export type AgentOptions = {
  readonly layout: SessionLayout
  readonly head: HeadTarget
  /** Null: only this machine reaches the node. Port 0 takes a free one. `advertise` is the host that others dial. */
  readonly listen: { readonly host: string; readonly port: number; readonly advertise: string } | null
  readonly joinTokenFile: string | undefined
  readonly nodeName: string
  readonly isHead: boolean
  readonly resources: Resources
  readonly labels: Labels
  readonly gpuIds: readonly string[]
  readonly objectStoreBytes: number
  readonly preforkWorkers: number
  readonly settings: AgentSettings
  readonly logger: Logger
  /** It was a node of the cluster before: it tries for ever to become one again. */
  readonly isRejoining?: boolean
}

const memoryShare = 0.7

/** What a node offers: what it has, under Ray's names, with what the operator says instead. An amount of 0 takes a resource away. */
export function resolveResources(
  hardware: Hardware,
  more: { readonly address: string; readonly isHead: boolean; readonly objectStoreBytes: number; readonly given: Resources },
): Resources {
  const resources: Resources = {
    CPU: hardware.cpus,
    memory: Math.floor(hardware.memoryBytes * memoryShare),
    object_store_memory: more.objectStoreBytes,
    [`node:${more.address}`]: 1,
  }
  if (hardware.gpus.length > 0) resources['GPU'] = hardware.gpus.length
  if (more.isHead) resources['node:__internal_head__'] = 1
  return Object.fromEntries(Object.entries({ ...resources, ...more.given }).filter(([, amount]) => amount > 0))
}

export function resolveLabels(hardware: Hardware, given: Labels): Labels {
  const [gpu] = hardware.gpus
  return { ...(gpu ? { 'shoal.io/accelerator-type': acceleratorType(gpu.name) } : {}), ...given }
}

export const freshNodeId = (): NodeId => newNodeId(randomHex)
export const randomHex = (bytes: number): string => randomBytes(bytes).toString('hex')

export function workerCommand(settings: AgentSettings): [string, ...string[]] {
  const [program, ...args] = settings.workerCommand
  return program === undefined ? [runtimeNode(), daemonScript('worker')] : [program, ...args]
}

/** The core's part of the options. */
export function coreConfigOf(options: AgentOptions, node: { nodeId: NodeId; agentAddress: string }): AgentCoreConfig {
  const { settings, resources, labels, gpuIds, preforkWorkers, nodeName } = options
  return {
    ...settings,
    preforkWorkers,
    nodeId: node.nodeId,
    nodeName: nodeName || hostname(),
    agentAddress: node.agentAddress,
    resources,
    labels: { ...labels, 'shoal.io/node-id': node.nodeId },
    canBeCutOff: options.head.kind === 'tls' && !options.isHead,
    gpuIds,
    random: seededRandom(randomBytes(4).readUInt32LE()),
    randomHex,
  }
}
