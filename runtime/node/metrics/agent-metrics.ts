import { readFileSync } from 'node:fs'
import { toError } from '../../base/errors.ts'
import type { Logger } from '../../base/logger.ts'
import type { WorkerExit } from '../../protocol/failures.ts'
import type { NodeMetrics } from '../../protocol/metrics.ts'
import type { SessionLayout } from '../../session/layout.ts'
import type { StoreStats } from '../../store/store-server.ts'
import type { AgentState } from '../core/state.ts'
import type { LocalClients } from '../local-clients.ts'
import type { WorkerPool } from '../worker-pool.ts'
import type { TrackedProcess } from './processes.ts'
import { MetricsSampler } from './sampler.ts'

export type AgentMetricsIo = {
  readonly nodeId: string
  readonly isHead: boolean
  readonly layout: SessionLayout
  readonly logger: Logger
  readonly everyMs: number
  readonly store: { stats(): StoreStats }
  readonly pool: Pick<WorkerPool, 'list'>
  readonly clients: () => Pick<LocalClients, 'list'>
  readonly core: { readonly state: Pick<AgentState, 'workers' | 'drivers'> }
  /** Commands of submitted jobs and what they have started; some of it may be drivers. */
  readonly jobPids: () => readonly number[]
  /** Dropped while the head is away. */
  readonly send: (message: NodeMetrics) => void
}

/** Measures now and then, and tells the head. */
export class AgentMetrics {
  readonly #io: AgentMetricsIo
  readonly #sampler: MetricsSampler
  #timer: NodeJS.Timeout | undefined
  #outOfMemoryEnds = 0

  constructor(io: AgentMetricsIo) {
    this.#io = io
    const { nodeId, logger, layout } = io
    this.#sampler = new MetricsSampler({
      ...{ nodeId, logger },
      folders: [...new Set([layout.tempDir, layout.spillDir, layout.logDir])],
      store: () => storeMetrics(io.store.stats()),
      processes: () => this.#processes(),
      outOfMemoryEnds: () => this.#outOfMemoryEnds,
    })
  }

  start(): void {
    this.#timer ??= setInterval(() => this.#tell(), this.#io.everyMs)
    this.#tell()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** A worker ended. */
  noteExit(exit: WorkerExit): void {
    if (exit.reason === 'out-of-memory') this.#outOfMemoryEnds += 1
  }

  #tell(): void {
    try {
      this.#io.send(this.#sampler.sample())
    } catch (error) {
      this.#io.logger.warn('metrics.failed', { reason: toError(error).message }) // figures are not worth a node
    }
  }

  #processes(): TrackedProcess[] {
    const { isHead, layout, pool, clients, core, jobPids } = this.#io
    const { workers, drivers } = core.state
    const processes: TrackedProcess[] = [{ role: 'agent', pid: process.pid, workerId: null, jobId: null }]
    const headPid = isHead ? pidIn(layout.headRecord) : undefined
    if (headPid !== undefined) processes.push({ role: 'head', pid: headPid, workerId: null, jobId: null })
    for (const { role, workerId, pid } of clients().list()) {
      if (role === 'driver' && pid > 0) processes.push({ role, pid, workerId, jobId: drivers.get(workerId) ?? null })
    }
    for (const { workerId, pid } of pool.list()) {
      if (pid > 0) processes.push({ role: 'worker', pid, workerId, jobId: workers.get(workerId)?.jobId ?? null })
    }
    const known = new Set(processes.map(({ pid }) => pid))
    for (const pid of jobPids()) if (!known.has(pid)) processes.push({ role: 'job', pid, workerId: null, jobId: null })
    return processes
  }
}

/** Of the head of this folder; undefined when it does not run from here. */
function pidIn(record: string): number | undefined {
  try {
    const { pid } = JSON.parse(readFileSync(record, 'utf8')) as { pid?: unknown } // looked at below
    return typeof pid === 'number' && pid > 0 ? pid : undefined
  } catch {
    return undefined
  }
}

function storeMetrics(stats: StoreStats): NodeMetrics['store'] {
  const { capacityBytes, usedBytes, pinnedBytes, primaryBytes, spilledBytes, objects, waiting } = stats
  const { spilledTotalBytes, restoredTotalBytes, evictedTotalBytes } = stats
  return {
    ...{ capacityBytes, usedBytes, pinnedBytes, primaryBytes, spilledBytes, objects, waiting },
    ...{ spilledTotalBytes, restoredTotalBytes, evictedTotalBytes },
  }
}
