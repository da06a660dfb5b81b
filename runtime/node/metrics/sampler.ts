import { statfsSync, readFileSync } from 'node:fs'
import { cpus, freemem, loadavg, totalmem, uptime } from 'node:os'
import type { NodeMetrics, StoreMetrics } from '../../protocol/metrics.ts'
import type { Logger } from '../../base/logger.ts'
import { readMemoryUse } from '../memory-use.ts'
import { readText } from '../read-text.ts'
import { DiskSpaceSampler } from './disk-space.ts'
import { GpuSampler } from './nvidia-smi.ts'
import {
  parseAuxv,
  parseLoadavg,
  parseMeminfo,
  parseMounts,
  parsePhysicalCores,
  parseProcStat,
  type CpuTimes,
  type ProcStat,
} from './parse-proc.ts'
import { ProcessSampler, type TrackedProcess } from './processes.ts'
import { percentSince, rounded } from './rates.ts'
import { TrafficSampler } from './traffic.ts'

export type MetricsSamplerIo = {
  readonly nodeId: string
  readonly logger: Logger
  /** Folders whose disks matter to us. */
  readonly folders: readonly string[]
  readonly store: () => StoreMetrics
  readonly processes: () => readonly TrackedProcess[]
  readonly outOfMemoryEnds: () => number
  /** @default the vendor's tool */
  readonly gpus?: Pick<GpuSampler, 'read'>
}

/**
 * Measures this machine and our processes on it. Cheap: a handful of small files of the kernel for each sample; what may hang, disks
 * and GPUs, is asked at a slower pace and never waited for.
 */
export class MetricsSampler {
  readonly #io: MetricsSamplerIo
  readonly #gpus: Pick<GpuSampler, 'read'>
  readonly #disks: DiskSpaceSampler
  readonly #traffic = new TrafficSampler()
  readonly #processes = new ProcessSampler()
  readonly #physicalCores = parsePhysicalCores(readText('/proc/cpuinfo'))
  readonly #units = readUnits()
  #before: { readonly stat: ProcStat; readonly atMs: number } | undefined

  constructor(io: MetricsSamplerIo) {
    this.#io = io
    this.#gpus = io.gpus ?? new GpuSampler({ logger: io.logger })
    this.#disks = new DiskSpaceSampler(io.folders)
  }

  /** The figures since the call before; the first ones since the machine's start. */
  sample(): NodeMetrics {
    const nowMs = performance.now()
    const wallMs = Date.now()
    const stat = readStat()
    const spanMs = this.#before === undefined ? wallMs - stat.bootedAtMs : nowMs - this.#before.atMs
    const { bootedAtMs } = stat
    const { processes, leftOut } = this.#processes.sample(this.#io.processes(), { ...this.#units, bootedAtMs, wallMs, nowMs })
    const metrics: NodeMetrics = {
      type: 'node.metrics',
      nodeId: this.#io.nodeId,
      atMs: wallMs,
      spanMs: Math.max(0, Math.round(spanMs)),
      bootedAtMs,
      cpu: this.#cpu(stat),
      memory: readMemory(),
      disks: [...this.#disks.read(() => parseMounts(readText('/proc/self/mounts')), nowMs)],
      ...this.#traffic.sample(this.#before === undefined ? 0 : spanMs / 1_000, nowMs),
      store: this.#io.store(),
      gpus: [...this.#gpus.read(nowMs)],
      processes,
      processesLeftOut: leftOut,
      outOfMemoryEnds: this.#io.outOfMemoryEnds(),
    }
    this.#before = { stat, atMs: nowMs }
    return metrics
  }

  #cpu(stat: ProcStat): NodeMetrics['cpu'] {
    const before = this.#before?.stat
    const logical = stat.cores.length
    const perCore = stat.cores.slice(0, 4_096).map((core, index) => rounded(percentSince(before?.cores[index], core)))
    const load = readText('/proc/loadavg')
    return {
      percent: rounded(percentSince(before?.all, stat.all)),
      perCore,
      logical,
      physical: this.#physicalCores || logical,
      load: load === '' ? (loadavg() as [number, number, number]) : parseLoadavg(load), // Node's type says less than its manual: three numbers
    }
  }
}

/** Where there is no /proc, what Node says. */
function readStat(): ProcStat {
  const text = readText('/proc/stat')
  if (text !== '') return parseProcStat(text)
  const cores = cpus().map(({ times: { user, nice, sys, idle, irq } }): CpuTimes => {
    const busy = user + nice + sys + irq
    return { busy, total: busy + idle }
  })
  const all = cores.reduce((sum, { busy, total }) => ({ busy: sum.busy + busy, total: sum.total + total }), { busy: 0, total: 0 })
  return { all, cores, bootedAtMs: Math.round(Date.now() - uptime() * 1_000) }
}

function readMemory(): NodeMetrics['memory'] {
  const text = readText('/proc/meminfo')
  const memory = text === '' ? undefined : parseMeminfo(text)
  const totalBytes = memory?.totalBytes ?? totalmem()
  const availableBytes = memory?.availableBytes ?? freemem()
  return {
    totalBytes,
    availableBytes,
    usedBytes: Math.max(0, totalBytes - availableBytes),
    sharedBytes: memory?.sharedBytes ?? 0,
    swapTotalBytes: memory?.swapTotalBytes ?? 0,
    swapUsedBytes: memory === undefined ? 0 : memory.swapTotalBytes - memory.swapFreeBytes,
    group: readGroupMemory(totalBytes),
    shm: readShm(),
  }
}

/** Of the control group that is closest to its limit; null where none has one. */
function readGroupMemory(nodeBytes: number): NodeMetrics['memory']['group'] {
  const { usedBytes, totalBytes } = readMemoryUse()
  return totalBytes < nodeBytes ? { limitBytes: totalBytes, usedBytes } : null
}

function readShm(): NodeMetrics['memory']['shm'] {
  try {
    const { bsize, blocks, bfree } = statfsSync('/dev/shm') // lies in memory: it cannot hang
    return { totalBytes: blocks * bsize, usedBytes: (blocks - bfree) * bsize }
  } catch {
    return null // not on this system
  }
}

function readUnits(): { pageBytes: number; ticksPerS: number } {
  try {
    return parseAuxv(readFileSync('/proc/self/auxv'))
  } catch {
    return parseAuxv(Buffer.alloc(0))
  }
}
