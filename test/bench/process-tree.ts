import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import type { ProcessRecord } from '#runtime/session/process-record.ts'
import type { Memory } from './report.ts'

/** All processes below `pid`, without it. Empty where there is no /proc. */
export function listDescendants(pid: number): ProcessRecord[] {
  const children = new Map<number, ProcessRecord[]>()
  for (const entry of readProcesses()) {
    const siblings = children.get(entry.parent)
    if (siblings) siblings.push(entry)
    else children.set(entry.parent, [entry])
  }
  const found: ProcessRecord[] = []
  for (let level = children.get(pid) ?? []; level.length > 0; level = level.flatMap((one) => children.get(one.pid) ?? []))
    found.push(...level)
  return found
}

function readProcesses(): (ProcessRecord & { parent: number })[] {
  let names: string[]
  try {
    names = readdirSync('/proc')
  } catch {
    return []
  }
  return names.flatMap((name) => {
    const stat = /^\d+$/.test(name) ? readStat(Number(name)) : undefined
    return stat ? [stat] : []
  })
}

function readStat(pid: number): (ProcessRecord & { parent: number }) | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ') // the name before it may hold anything
    return { pid, parent: Number(fields[1]), startTime: fields[19] ?? '' }
  } catch {
    return undefined // it has ended
  }
}

/** Shared memory by its share, in bytes, of these processes together. */
export const pssBytesOf = (pids: readonly number[]): number =>
  pids.reduce((sum, pid) => sum + readKb(`/proc/${pid}/smaps_rollup`, 'Pss'), 0)

/** The same without objects of a store that they have mapped. */
export const ownBytesOf = (pids: readonly number[]): number =>
  pids.reduce((sum, pid) => sum + readKb(`/proc/${pid}/smaps_rollup`, 'Pss') - readKb(`/proc/${pid}/smaps_rollup`, 'Pss_Shmem'), 0)

/** Watches what a tree of processes holds, at no cost while it works: the kernel keeps the peaks, and the rest is read between rounds. */
export class MemoryWatch {
  readonly #root: number
  #peakPssBytes = 0

  constructor(rootPid: number) {
    this.#root = rootPid
    for (const pid of this.#pids()) resetPeak(pid)
  }

  /** Call it while nothing is timed: reading the shares of a large mapping takes some ms. */
  sample(): void {
    this.#peakPssBytes = Math.max(this.#peakPssBytes, pssBytesOf(this.#pids()))
  }

  /** Null where the system does not tell. Processes that ended before are not in it. */
  finish(): Memory | null {
    this.sample()
    const peakRssBytes = this.#pids().reduce((sum, pid) => sum + readKb(`/proc/${pid}/status`, 'VmHWM'), 0)
    return peakRssBytes === 0 ? null : { peakRssBytes, peakPssBytes: this.#peakPssBytes }
  }

  #pids(): number[] {
    return [this.#root, ...listDescendants(this.#root).map(({ pid }) => pid)]
  }
}

/** Has the kernel count a process's peak anew. */
function resetPeak(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, '5')
  } catch {
    // ended, or another system
  }
}

/** A line such as `Pss:   123 kB`, in bytes; 0 when the process has ended. */
function readKb(path: string, field: string): number {
  try {
    return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readFileSync(path, 'utf8'))?.[1] ?? 0) * 1024
  } catch {
    return 0
  }
}
