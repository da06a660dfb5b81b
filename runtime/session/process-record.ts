import { readFileSync, renameSync, writeFileSync } from 'node:fs'

/** A process, told apart from a later one that got the same pid by when it started. */
export type ProcessRecord = {
  readonly pid: number /** Clock ticks since boot, as the kernel keeps it. Empty where there is no /proc. */
  readonly startTime: string
}

export const processRecord = (pid: number = process.pid): ProcessRecord => ({ pid, startTime: startTimeOf(pid) ?? '' })

/** Does this very process still run? A zombie does not. */
export function isRunning(record: ProcessRecord): boolean {
  if (record.startTime !== '') return startTimeOf(record.pid) === record.startTime
  try {
    process.kill(record.pid, 0)
    return true
  } catch {
    return false // no such process, or not ours to see
  }
}

/** Ends this very process; does nothing when it is gone or when its pid belongs to another now. */
export function endProcess(record: ProcessRecord, signal: NodeJS.Signals): boolean {
  if (!isRunning(record)) return false
  try {
    process.kill(record.pid, signal)
    return true
  } catch {
    return false // it ended between the check and the signal
  }
}

function startTimeOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ') // the name before it may hold spaces and brackets
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19]
  } catch {
    return undefined
  }
}

/** Writes a file 0600 so that a reader sees all of it or the one before. */
export function writeFileAtomic(path: string, text: string): void {
  const temporary = `${path}.${process.pid}.tmp`
  writeFileSync(temporary, text, { mode: 0o600 })
  renameSync(temporary, path)
}
