import { read } from 'node:fs'
import { promisify } from 'node:util'
import type { LastLines } from '../protocol/logs.ts'
import type { OpenLog } from './log-folder.ts'

const readFrom = promisify(read)
const blockBytes = 262_144
const newline = 10

export type LastLinesOptions = { readonly lines: number; readonly end: number; readonly firstOffset: number }

/** Finds where the last `lines` lines before `end` begin, reading backwards. A line without a break at the end is a line. */
export async function findLastLines({ fd }: OpenLog, { lines, end, firstOffset }: LastLinesOptions): Promise<LastLines> {
  const found = (offset: number): LastLines => ({ offset, end, firstOffset })
  if (lines === 0 || end <= firstOffset) return found(end)
  const block = Buffer.allocUnsafe(Math.min(blockBytes, end - firstOffset))
  let wanted = lines
  let before = end
  while (before > firstOffset) {
    const start = Math.max(firstOffset, before - block.byteLength)
    const { bytesRead } = await readFrom(fd, block, 0, before - start, start)
    const bytes = block.subarray(0, bytesRead)
    let at = bytesRead
    if (before === end && bytes[at - 1] === newline) at -= 1 // it ends the last line
    while (at > 0) {
      at = bytes.lastIndexOf(newline, at - 1)
      if (at < 0) break
      wanted -= 1
      if (wanted === 0) return found(start + at + 1)
    }
    before = start
  }
  return found(firstOffset)
}
