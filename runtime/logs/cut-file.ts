import { closeSync, constants, ftruncateSync, readSync, writeSync } from 'node:fs'
import { punchHole } from '../store/punch-hole.ts'
import type { LogFolder, OpenLog } from './log-folder.ts'

const lineSearchBytes = 1_048_576

export type CutOptions = {
  /** How much of the end stays. */
  readonly keepBytes: number
  /** Gives a part of a file back; false where it cannot. @default the kernel's */
  readonly punch?: typeof punchHole
}

/**
 * Drops the oldest part of a file that others write to. Offsets stay what they are: the part becomes a hole, the file its whole length.
 * Where the file system has no holes the file is begun anew, with a line that says how many bytes went; a line that is written in that
 * moment may go with them, and offsets start again. Returns how many bytes went.
 * @throws ClusterError `not-found` when it is gone.
 */
export async function cutFile(folder: LogFolder, name: string, { keepBytes, punch = punchHole }: CutOptions): Promise<number> {
  const log = folder.open(name, constants.O_RDWR | constants.O_APPEND)
  try {
    const first = folder.firstOffset(log)
    const wanted = log.stats.size - keepBytes
    if (wanted <= first) return 0
    const keepFrom = lineStartAfter(log, { offset: wanted, withinBytes: lineSearchBytes })
    folder.kept.raise(log.stats, keepFrom)
    if (await punch(log.fd, 0, keepFrom)) return keepFrom - first
    return beginAnew(folder, log)
  } finally {
    closeSync(log.fd)
  }
}

/** Where a line begins: behind the next line break, or where a letter begins when there is none within so many bytes. */
export function lineStartAfter({ fd, stats }: OpenLog, { offset, withinBytes }: { offset: number; withinBytes: number }): number {
  const bytes = Buffer.allocUnsafe(Math.max(0, Math.min(withinBytes, stats.size - offset)))
  const length = readSync(fd, bytes, 0, bytes.byteLength, offset)
  const newline = bytes.subarray(0, length).indexOf(10)
  if (newline >= 0) return offset + newline + 1
  for (let at = 0; at < Math.min(4, length); at += 1) if (((bytes[at] ?? 0) & 0xc0) !== 0x80) return offset + at // not inside a letter
  return offset
}

function beginAnew(folder: LogFolder, { fd, stats }: OpenLog): number {
  const line = { time: new Date().toISOString(), level: 'warn', component: 'logs', event: 'log.begun-anew', removedBytes: stats.size }
  ftruncateSync(fd, 0)
  folder.kept.raise(stats, 0)
  writeSync(fd, `${JSON.stringify(line)}\n`) // appended: others may have written meanwhile
  return stats.size
}
