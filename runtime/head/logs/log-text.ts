import { ClusterError } from '../../base/errors.ts'
import type { LogService } from './log-service.ts'
import type { ResolvedLog } from './resolve-log.ts'

export type LogText = {
  readonly offset: number
  readonly firstOffset: number
  /** Offset behind the last byte that there is now. */
  readonly end: number
  readonly isCopy: boolean
  /** Runs as the reader takes it, so a slow one costs no memory. */
  readonly bytes: AsyncGenerator<Uint8Array, void>
}

export type LogTextOptions = {
  /** From the end; -1: all. */
  readonly lines: number
  /** These bytes in place of lines, as far as they are there. */
  readonly range?: { readonly offset: number; readonly maxBytes: number } | undefined
  /** Goes on with what is written, until `signal` fires. */
  readonly follows: boolean
  readonly signal: AbortSignal
}

const chunkBytes = 524_288

/** Opens the part of a log that is asked for. @throws ClusterError as `LogService.read`, before anything is sent. */
export async function openLogText(service: LogService, log: ResolvedLog, options: LogTextOptions): Promise<LogText> {
  const { lines, range, follows, signal } = options
  const { nodeId, file } = log
  const isWhole = range !== undefined || lines < 0
  const last = await service.lastLines({ nodeId, file, lines: isWhole ? 0 : lines, before: log.end })
  const floor = Math.max(log.start, last.firstOffset)
  const offset = range ? Math.min(Math.max(floor, range.offset), last.end) : isWhole ? floor : Math.max(floor, last.offset)
  const end = range ? Math.min(last.end, offset + range.maxBytes) : last.end
  const bytes = follows ? followFrom(service, { nodeId, file, offset }, signal) : readRange(service, { nodeId, file, offset, end }, signal)
  return { offset, firstOffset: last.firstOffset, end: last.end, isCopy: last.source === 'head-copy', bytes }
}

type Range = { readonly nodeId: string; readonly file: string; readonly offset: number; readonly end: number }

async function* readRange(service: LogService, range: Range, signal: AbortSignal): AsyncGenerator<Uint8Array, void> {
  const { nodeId, file, end } = range
  for (let { offset } = range; offset < end; ) {
    const chunk = await service.read({ nodeId, file, offset, maxBytes: Math.min(chunkBytes, end - offset) }, signal)
    if (chunk.offset < offset) return // it was begun anew: what was asked for is gone
    if (chunk.bytes.byteLength === 0) {
      if (chunk.isAway) throw new ClusterError('node.unreachable', `node ${nodeId} went away while its log was read`)
      return
    }
    yield chunk.bytes
    offset = chunk.offset + chunk.bytes.byteLength
  }
}

async function* followFrom(service: LogService, place: Omit<Range, 'end'>, signal: AbortSignal): AsyncGenerator<Uint8Array, void> {
  for await (const { bytes } of service.follow(place, signal)) yield bytes
}
