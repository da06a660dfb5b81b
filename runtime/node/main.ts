import { rmSync } from 'node:fs'
import { parseArgs } from 'node:util'
import * as z from 'zod'
import { ClusterError, toError } from '../base/errors.ts'
import { createLogger, type Logger } from '../base/logger.ts'
import { Labels, Resources } from '../protocol/scheduling.ts'
import { sayFailed, sayReady, surviveLostOutput, watchParent } from '../session/daemon.ts'
import { makeSessionFolders, sessionLayout } from '../session/layout.ts'
import { processRecord, writeFileAtomic } from '../session/process-record.ts'
import { findRunning, type NodeRecord } from '../session/session-records.ts'
import { giveFreedMemoryBack } from '../store/freed-memory.ts'
import { joinHostPort, parseHeadTarget, splitHostPort } from './addresses.ts'
import { Agent } from './agent.ts'
import { forgetIdentity, obtainIdentity } from './agent-identity.ts'
import { type AgentOptions, agentVersion, defaultAgentSettings, freshNodeId, resolveLabels, resolveResources } from './agent-options.ts'
import { defaultStoreBytes, ownAddress, readHardware } from './hardware.ts'
import { endJobLeftovers } from './jobs/job-records.ts'
import { removeSessionFiles } from './remove-files.ts'
import { endLeftovers } from './worker-pool.ts'

const flags = {
  'temp-dir': { type: 'string' },
  head: { type: 'string' },
  listen: { type: 'string', default: 'none' },
  'join-token-file': { type: 'string' },
  'node-name': { type: 'string', default: '' },
  resources: { type: 'string', default: '{}' },
  labels: { type: 'string', default: '{}' },
  'object-store-memory': { type: 'string' },
  prefork: { type: 'string' },
  'is-head': { type: 'boolean', default: false },
  config: { type: 'string', default: '{}' },
  'parent-pipe': { type: 'boolean', default: false },
  /** At the end nothing of the temp dir is left: it belongs to a program that may have been killed. */
  'remove-files': { type: 'boolean', default: false },
} as const

const Settings = z.object({
  maxStartingWorkers: z.int().min(1),
  maxRunningWorkers: z.int().min(1),
  idleWorkerMs: z.number().min(0),
  workerStartMs: z.number().min(1),
  workerLeaveMs: z.number().min(0),
  infeasibleTimeoutMs: z.number().min(0),
  reportIntervalMs: z.number().min(1),
  wantedIntervalMs: z.number().min(1),
  maxQueuedRequests: z.int().min(1),
  fenceMarginMs: z.number().min(0),
  headPatienceMs: z.number().min(0),
  ownerGraceMs: z.number().min(0),
  memoryLimit: z.number().min(0.01).max(1),
  memoryCheckMs: z.number().min(50),
  jobStopWaitMs: z.number().min(0),
  packageCacheBytes: z.number().min(0),
  metricsEveryMs: z.number().min(100),
  workerCommand: z.array(z.string()).max(32),
  storeRoot: z.string().min(1).max(4_096),
  storeCreateTimeoutMs: z.number().min(0),
})

const logger = createLogger('agent', (line) => process.stderr.write(line))
let stopping: (() => Promise<void>) | undefined
let removing: (() => Promise<void>) | undefined
let isEnding = false
surviveLostOutput()
const endWithinMs = 15_000

try {
  await run(await readOptions(logger))
} catch (thrown) {
  const error = toError(thrown)
  logger.error('agent.failed', { reason: error.message, stack: error.stack })
  sayFailed(error)
  process.exit(1)
}

/** One node after the other: a node that was declared dead, or is cut off, is followed by another, however long that takes. */
async function run({
  options,
  underParent,
  removesFiles,
}: {
  options: AgentOptions
  underParent: boolean
  removesFiles: boolean
}): Promise<void> {
  const { layout } = options
  makeSessionFolders(layout)
  const running = findRunning<NodeRecord>(layout.nodeRecord)
  if (running) {
    throw new ClusterError(
      'cluster.start-failed',
      `a node runs in ${layout.tempDir} already (process ${running.pid}); stop it, or give another --temp-dir`,
    )
  }
  endLeftovers(layout, logger)
  endJobLeftovers(layout, logger)
  if (removesFiles) removing = () => removeSessionFiles(layout)
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void end())
  if (underParent) watchParent(() => void end())
  for (let isFirst = true; ; isFirst = false) {
    const agent = await startNode({ ...options, isRejoining: !isFirst })
    stopping = async () => {
      await agent.stop({ leave: true })
      rmSync(layout.nodeRecord, { force: true })
    }
    const { nodeId, agentAddress, clusterId } = agent
    const record: NodeRecord = {
      ...processRecord(),
      clusterId,
      nodeId,
      headAddress: options.head.kind === 'tls' ? joinHostPort(options.head.host, options.head.port) : '',
      agentAddress,
      socketPath: layout.agentSocket,
      startedAtMs: Date.now(),
    }
    writeFileAtomic(layout.nodeRecord, JSON.stringify(record))
    if (isFirst) {
      sayReady({ nodeId, agentSocket: layout.agentSocket, agentAddress, pid: process.pid })
      giveFreedMemoryBack() // some 10 ms, which nobody waits for
    }
    logger.info('agent.ready', { nodeId, agentAddress })
    if ((await agent.ended) === 'drained') return end()
    logger.warn('agent.fenced', { nodeId })
    await agent.stop({ leave: false })
    stopping = undefined
    beginAnew(options)
  }
}

async function startNode(options: AgentOptions): Promise<Agent> {
  const { layout, head, listen, joinTokenFile, isRejoining = false } = options
  const needsIdentity = listen !== null || head.kind === 'tls'
  for (let attempt = 0; ; attempt += 1) {
    const identity = needsIdentity ? await obtainIdentity({ layout, head, version: agentVersion, joinTokenFile, isRejoining }) : undefined
    try {
      return await Agent.start(options, { nodeId: identity?.nodeId ?? freshNodeId(), identity })
    } catch (error) {
      const isOfDeadNode = identity !== undefined && error instanceof ClusterError && error.details['fenced'] === 1
      if (!isOfDeadNode || attempt > 0) throw error
      beginAnew(options) // it was the identity of a node that ended long ago
    }
  }
}

/**
 * Gives up the identity of a node that was declared dead.
 * @throws ClusterError `auth.refused` when there would be no way to get another.
 */
function beginAnew({ layout, head, joinTokenFile }: AgentOptions): void {
  if (head.kind === 'tls' && joinTokenFile === undefined) {
    throw new ClusterError(
      'auth.refused',
      'the head has declared this node dead; start it with --join-token-file, so that it can join as a new one',
    )
  }
  forgetIdentity(layout)
}

async function end(): Promise<void> {
  if (isEnding) return
  isEnding = true
  setTimeout(() => process.exit(1), endWithinMs).unref() // a disk that hangs must not keep a node alive
  // While a node is being started there is nothing to take leave of; what it made is removed by the next one.
  await stopping?.().catch((thrown: unknown) => logger.error('agent.stop-failed', { reason: toError(thrown).message }))
  await removing?.()
  process.exit(0)
}

async function readOptions(log: Logger): Promise<{ options: AgentOptions; underParent: boolean; removesFiles: boolean }> {
  const { values } = parseArgs({ options: flags, allowPositionals: false })
  const tempDir = required(values['temp-dir'], 'temp-dir')
  const listen = values.listen === 'none' ? null : splitHostPort(values.listen)
  const isAnywhere = listen !== null && ['0.0.0.0', '::'].includes(listen.host)
  const advertise = listen === null ? '127.0.0.1' : isAnywhere ? ownAddress() : listen.host
  const hardware = await readHardware(log)
  const objectStoreBytes = values['object-store-memory']
    ? Number(values['object-store-memory'])
    : await defaultStoreBytes(hardware.memoryBytes)
  if (!(objectStoreBytes > 0))
    throw new ClusterError('bad-argument', `--object-store-memory must be a number of bytes, got ${values['object-store-memory']}`)
  const isHead = values['is-head']
  const given = parseJson(values.resources, Resources, 'resources')
  const resources = resolveResources(hardware, { address: advertise, isHead, objectStoreBytes, given })
  const options: AgentOptions = {
    layout: sessionLayout(tempDir),
    head: parseHeadTarget(required(values.head, 'head')),
    listen: listen && { ...listen, advertise },
    joinTokenFile: values['join-token-file'],
    nodeName: values['node-name'],
    isHead,
    resources,
    labels: resolveLabels(hardware, parseJson(values.labels, Labels, 'labels')),
    gpuIds: hardware.gpus.map((gpu) => gpu.index),
    objectStoreBytes: Math.floor(objectStoreBytes),
    preforkWorkers: values.prefork === undefined ? Math.floor(resources['CPU'] ?? 0) : Number(values.prefork),
    settings: {
      ...defaultAgentSettings,
      maxStartingWorkers: Math.max(2, hardware.cpus),
      maxRunningWorkers: Math.max(defaultAgentSettings.maxRunningWorkers, Math.ceil(resources['CPU'] ?? 0) * 4),
      ...withoutUndefined(parseJson(values.config, Settings.partial(), 'config')),
    },
    logger: log,
  }
  return { options, underParent: values['parent-pipe'], removesFiles: values['remove-files'] }
}

function required(value: string | undefined, flag: string): string {
  if (value) return value
  throw new ClusterError('bad-argument', `--${flag} is missing`)
}

function parseJson<T>(text: string, schema: z.ZodType<T>, flag: string): T {
  try {
    return schema.parse(JSON.parse(text))
  } catch (cause) {
    throw new ClusterError('bad-argument', `--${flag} is not what it should be: ${toError(cause).message.slice(0, 1_024)}`, { cause })
  }
}

/** Without keys whose value is undefined: they would hide a default. */
function withoutUndefined<T extends object>(given: T): { [Key in keyof T]?: Exclude<T[Key], undefined> } {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as {
    [Key in keyof T]?: Exclude<T[Key], undefined>
  } // exactly those keys
}
