import type { JobTailFrame } from '../../api/logs.ts'
import { ClusterError } from '../../base/errors.ts'
import { pause } from './abortable.ts'
import type { LogPlace, LogService } from './log-service.ts'
import { textOf, wholePart } from './tail-text.ts'

export type JobTail = {
  readonly service: LogService
  /** Undefined: it has not started yet, or never will. */
  readonly findLog: () => LogPlace | undefined
  /** Fires when the job has ended: what it wrote is all there is. */
  readonly ended: AbortSignal
  /** Where to begin. */
  readonly offset: number
  readonly signal: AbortSignal
  /** Resolves when there is room for more. */
  readonly send: (frame: JobTailFrame) => Promise<void>
}

/** One message, in bytes of the file. Bytes that are not UTF-8 become three each, and even then it fits a frame of 256 KiB. */
const frameBytes = 81_920
const lookMs = 100
const newline = 10
const createdWithinMs = 5_000

/**
 * Sends the log of a job from `offset` on, whole lines where they fit, until the job has ended and all was sent. Silent while the job waits.
 * Nothing is left out: what comes late is waited for, and what cannot be read rejects.
 * @throws ClusterError `not-found`, `node.died` when the log went with its node, `link.closed` when the client went.
 */
export async function tailJob(tail: JobTail): Promise<void> {
  const { service, signal, ended } = tail
  const place = await logOf(tail)
  if (place === undefined) return
  let { offset } = tail
  let behindBytes = offset === 0 ? Number.MAX_SAFE_INTEGER : 0
  for (let patienceMs = createdWithinMs; ; ) {
    const wasTerminal = ended.aborted // before reading: what is there then is all
    let chunk
    try {
      const options = wasTerminal
        ? { behindBytes: Number.MAX_SAFE_INTEGER, signal }
        : { behindBytes, signal: AbortSignal.any([signal, ended]) }
      chunk = await service.readNext({ ...place, offset }, options)
    } catch (error) {
      if (signal.aborted || !isPassing(error)) throw error
      if (ended.aborted && !wasTerminal) continue // it ended while we waited for more
      if (error.code === 'not-found') {
        if (wasTerminal || service.isGone(place.nodeId) || patienceMs <= 0) throw error
        patienceMs -= lookMs // it is made a moment after the job is placed
      }
      await pause(lookMs, signal)
      continue
    }
    const end = chunk.offset + chunk.bytes.byteLength
    const hasMore = end < chunk.sizeBytes
    const isLast = wasTerminal && !hasMore && !chunk.isAway
    await sendAll(tail, { offset: chunk.offset, bytes: chunk.bytes, hasMore, isLast })
    const sent = sentOf(chunk.bytes, { hasMore, isLast })
    if (isLast) return
    // A letter that is not whole yet; or a copy on this machine, whose reading waits for nothing and would never let others have a turn.
    if (sent === 0 && (chunk.bytes.byteLength > 0 || chunk.source === 'head-copy')) await pause(lookMs, signal)
    offset = chunk.offset + sent
    behindBytes = chunk.sizeBytes - offset
  }
}

type Part = { readonly offset: number; readonly bytes: Uint8Array; readonly hasMore: boolean; readonly isLast: boolean }

async function sendAll(tail: JobTail, { offset, bytes, hasMore, isLast }: Part): Promise<void> {
  for (const [start, end] of framesOf(bytes, { hasMore, isLast })) {
    await tail.send({ offset: offset + start, next: offset + end, text: textOf(bytes.subarray(start, end)) })
  }
}

function* framesOf(bytes: Uint8Array, { hasMore, isLast }: Pick<Part, 'hasMore' | 'isLast'>): Generator<[number, number]> {
  for (let start = 0; start < bytes.byteLength; ) {
    const rest = bytes.subarray(start)
    if (start > 0 && hasMore && !rest.includes(newline)) return // the rest of that line comes with the next part
    const whole = wholePart(rest, { hasMore, longestBytes: frameBytes })
    const length = whole === 0 && isLast ? rest.byteLength : whole
    if (length === 0) return
    yield [start, start + length]
    start += length
  }
}

/** How many bytes the frames took. */
function sentOf(bytes: Uint8Array, how: Pick<Part, 'hasMore' | 'isLast'>): number {
  let sent = 0
  for (const [, end] of framesOf(bytes, how)) sent = end
  return sent
}

async function logOf({ findLog, ended, signal }: JobTail): Promise<LogPlace | undefined> {
  for (;;) {
    const isOver = ended.aborted
    const place = findLog()
    if (place !== undefined || isOver || signal.aborted) return place
    await pause(lookMs, signal)
  }
}

const passing: ReadonlySet<string> = new Set([
  'not-found',
  'node.unreachable',
  'link.closed',
  'timeout',
  'too-many-requests',
  'limit.reached',
])
const isPassing = (error: unknown): error is ClusterError => error instanceof ClusterError && passing.has(error.code)
