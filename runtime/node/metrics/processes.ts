import { readdirSync } from 'node:fs'
import type { ProcessMetrics } from '../../protocol/metrics.ts'
import { readText } from '../read-text.ts'
import { parseProcessStat, parseStatm, type ProcessStat } from './parse-proc.ts'
import { rounded } from './rates.ts'

/** A process of ours, as the agent knows it. */
export type TrackedProcess = Pick<ProcessMetrics, 'role' | 'pid' | 'workerId' | 'jobId'>

export type ProcessClock = {
  readonly bootedAtMs: number
  readonly pageBytes: number
  readonly ticksPerS: number
  /** Wall time and time that does not jump. */
  readonly wallMs: number
  readonly nowMs: number
}

type Known = {
  readonly started: number
  readonly command: string
  cpuTicks: number
  atMs: number
  files: number | null
  samples: number
}

/** Counting open files lists a folder: done this often, in samples. */
const filesEvery = 5
const longestCommand = 256
const mostProcesses = 1_024

/** Reads what the kernel says of our processes. A pid that another process got meanwhile is told by its start. */
export class ProcessSampler {
  readonly #root: string
  readonly #known = new Map<number, Known>()

  constructor(root = '/proc') {
    this.#root = root
  }

  sample(tracked: readonly TrackedProcess[], clock: ProcessClock): { processes: ProcessMetrics[]; leftOut: number } {
    const processes: ProcessMetrics[] = []
    const alive = new Set<number>()
    for (const each of tracked.slice(0, mostProcesses)) {
      const stat = parseProcessStat(readText(`${this.#root}/${each.pid}/stat`))
      if (stat === undefined || stat.state === 'Z' || stat.state === 'X') continue
      alive.add(each.pid)
      processes.push(this.#measure(each, stat, clock))
    }
    for (const pid of this.#known.keys()) if (!alive.has(pid)) this.#known.delete(pid)
    return { processes, leftOut: Math.max(0, tracked.length - mostProcesses) }
  }

  #measure(tracked: TrackedProcess, stat: ProcessStat, clock: ProcessClock): ProcessMetrics {
    const { pid } = tracked
    const { ticksPerS, pageBytes } = clock
    const startedAtMs = clock.bootedAtMs + (stat.started / ticksPerS) * 1_000
    const cpuTicks = stat.user + stat.system
    const known = this.#knownOf(pid, stat)
    const isNew = known.samples === 0
    const seconds = (isNew ? clock.wallMs - startedAtMs : clock.nowMs - known.atMs) / 1_000
    const cpuPercent = seconds > 0 ? (Math.max(0, cpuTicks - known.cpuTicks) / ticksPerS / seconds) * 100 : 0
    if (known.samples % filesEvery === 0) known.files = countFiles(`${this.#root}/${pid}/fd`)
    known.cpuTicks = cpuTicks
    known.atMs = clock.nowMs
    known.samples += 1
    return {
      ...tracked,
      command: known.command,
      startedAtMs: Math.round(startedAtMs),
      cpuPercent: rounded(cpuPercent),
      userSeconds: stat.user / ticksPerS,
      systemSeconds: stat.system / ticksPerS,
      childUserSeconds: stat.childUser / ticksPerS,
      childSystemSeconds: stat.childSystem / ticksPerS,
      rssBytes: stat.rssPages * pageBytes,
      virtualBytes: stat.virtualBytes,
      sharedBytes: parseStatm(readText(`${this.#root}/${pid}/statm`)).shared * pageBytes,
      minorFaults: stat.minorFaults,
      majorFaults: stat.majorFaults,
      files: known.files,
    }
  }

  #knownOf(pid: number, stat: ProcessStat): Known {
    const known = this.#known.get(pid)
    if (known?.started === stat.started) return known
    const command = readText(`${this.#root}/${pid}/cmdline`).split('\0').join(' ').trim().slice(0, longestCommand)
    const fresh: Known = { started: stat.started, command, cpuTicks: 0, atMs: 0, files: null, samples: 0 }
    this.#known.set(pid, fresh)
    return fresh
  }
}

function countFiles(folder: string): number | null {
  try {
    return readdirSync(folder).length
  } catch {
    return null // it ended, or belongs to another user
  }
}
