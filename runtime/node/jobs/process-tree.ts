import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import type { ProcessRecord } from '../../session/process-record.ts'

/**
 * Everything that a command has started: it is known by the command's process, its group and session, and by a mark in the
 * environment that every process inherits, so that one which left the group, or whose parent has ended, is found too.
 */
export type ProcessTree = {
  readonly root: ProcessRecord
  /** Hex, in the variable `SHOAL_JOB_RUN`. */
  readonly mark: string
}

export const markVariable = 'SHOAL_JOB_RUN'

type Entry = { readonly pid: number; readonly parent: number; readonly group: number; readonly session: number; readonly startTime: string }

const pollMs = 25
/** A tree that makes new processes faster than we end them is given up after so many rounds; the kernel would have to help. */
const killRounds = 400

/** The pids that belong to the tree and run now. Reads all of /proc; zombies do not count. */
export function findTree(tree: ProcessTree): number[] {
  const entries = readProcesses()
  const { root } = tree
  // A group outlives its leader, and keeps its number from being used again; a stranger under that number means that it is over.
  const isOurRoot = entries.every(({ pid, startTime }) => pid !== root.pid || startTime === root.startTime)
  const found = new Set<number>()
  for (const { pid, group, session, startTime } of entries) {
    if (isOurRoot && (pid === root.pid || group === root.pid || session === root.pid)) found.add(pid)
    else if (!isOlder(startTime, root.startTime) && isMarked(pid, tree.mark)) found.add(pid)
  }
  for (let before = -1; before !== found.size; ) {
    before = found.size
    for (const { pid, parent } of entries) if (found.has(parent)) found.add(pid)
  }
  found.delete(process.pid)
  return [...found]
}

/**
 * Asks all of the tree to end, and ends what is left after `graceMs`. Resolves when nothing of it runs; says whether anything did.
 * @returns how many processes were told to end.
 */
export async function endTree(tree: ProcessTree, { signal, graceMs }: { signal: NodeJS.Signals; graceMs: number }): Promise<number> {
  const first = findTree(tree)
  for (const pid of first) sendSignal(pid, signal)
  const untilMs = performance.now() + graceMs
  let left = first
  while (left.length > 0 && performance.now() < untilMs) {
    await delay(Math.min(pollMs, Math.max(1, untilMs - performance.now())))
    left = findTree(tree)
  }
  for (let round = 0; left.length > 0 && round < killRounds; round += 1) {
    for (const pid of left) sendSignal(pid, 'SIGKILL')
    await delay(pollMs)
    left = findTree(tree)
  }
  return first.length
}

/** SIGKILL to all of the tree, now. For a process that is about to end itself. */
export function killTreeNow(tree: ProcessTree): number {
  const pids = findTree(tree)
  for (const pid of pids) sendSignal(pid, 'SIGKILL')
  return pids.length
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // it ended meanwhile
  }
}

/** What ran before the command began is none of it: most of a machine need not be looked into. */
const isOlder = (startTime: string, than: string): boolean => than !== '' && Number(startTime) < Number(than)

function isMarked(pid: number, mark: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(`${markVariable}=${mark}`)
  } catch {
    return false // it ended, or belongs to somebody else
  }
}

function readProcesses(): Entry[] {
  const entries: Entry[] = []
  for (const name of readdirSync('/proc')) {
    const pid = Number(name)
    if (!Number.isInteger(pid)) continue
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ') // the name before it may hold spaces and brackets
      if (fields[0] === 'Z' || fields[0] === 'X') continue
      entries.push({ pid, parent: Number(fields[1]), group: Number(fields[2]), session: Number(fields[3]), startTime: fields[19] ?? '' })
    } catch {
      // it ended meanwhile
    }
  }
  return entries
}
