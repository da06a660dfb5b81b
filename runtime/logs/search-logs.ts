import { setImmediate as nextTurn } from 'node:timers/promises'
import { ClusterError } from '../base/errors.ts'
import type { FoundLine, LogChunk, LogsSearch, SearchPage } from '../protocol/logs.ts'
import { LineSelector, type StampedLine } from './line-selector.ts'
import { LineSplitter } from './line-splitter.ts'
import type { LogFolder } from './log-folder.ts'

type Ask = Omit<LogsSearch, 'type'>
type Readable = {
  readonly folder: LogFolder
  read(ask: { file: string; offset: number; maxBytes: number; waitMs: number }): Promise<LogChunk>
}

const blockBytes = 262_144
const textLetters = 4_096

/** Scans the files of a folder from the cursor on, until it has `maxLines`, the budget is used up, or all is done. */
export async function searchLogs(readable: Readable, ask: Ask): Promise<SearchPage> {
  const selector = new LineSelector(ask.filter)
  const page = { lines: [] as FoundLine[], scannedBytes: 0, scannedFiles: 0 }
  const untilMs = performance.now() + ask.budgetMs
  for (const file of readable.folder.walk(ask.glob).files) {
    if (ask.after !== null && file < ask.after.file) continue
    const { sinceMs } = ask.filter
    if (sinceMs !== null && (readable.folder.stat(file)?.mtimeMs ?? 0) < sinceMs) continue // nothing was written since
    const from = file === ask.after?.file ? ask.after.offset : 0
    const next = await searchFile(readable, { file, from, selector: selector.forFile(), page, maxLines: ask.maxLines, untilMs })
    if (next !== undefined) return { ...page, next: { file, offset: next } }
    page.scannedFiles += 1
  }
  return { ...page, next: null }
}

type FileScan = {
  readonly file: string
  readonly from: number
  readonly selector: LineSelector
  readonly page: { lines: FoundLine[]; scannedBytes: number }
  readonly maxLines: number
  readonly untilMs: number
}

/** Returns where to go on, or nothing when the file is done. */
async function searchFile(readable: Readable, scan: FileScan): Promise<number | undefined> {
  const { file, selector, page, untilMs } = scan
  let offset = scan.from
  let splitter: LineSplitter | undefined
  for (;;) {
    const chunk = await orGone(readable.read({ file, offset, maxBytes: blockBytes, waitMs: 0 }))
    if (chunk === undefined || chunk.offset < offset) return undefined // it went, or was begun anew: what it says now is for the next search
    if (chunk.offset > offset) splitter = undefined
    splitter ??= new LineSplitter(chunk.offset)
    const isLast = chunk.bytes.byteLength === 0
    const found = selector.select(isLast ? splitter.flush({ atEnd: true }) : splitter.push(chunk.bytes))
    const stoppedAt = keep(scan, found)
    if (stoppedAt !== undefined) return stoppedAt
    if (isLast) return undefined
    page.scannedBytes += chunk.bytes.byteLength
    offset = chunk.offset + chunk.bytes.byteLength
    if (performance.now() > untilMs) return splitter.offset
    await nextTurn() // others are served between two blocks
  }
}

/** Returns where the page was full: behind its last line. */
function keep({ file, page, maxLines }: FileScan, found: readonly StampedLine[]): number | undefined {
  for (const { offset, end, text, timeMs, level } of found) {
    page.lines.push({ file, offset, text: text.slice(0, textLetters), timeMs, level })
    if (page.lines.length === maxLines) return end
  }
  return undefined
}

async function orGone(reading: Promise<LogChunk>): Promise<LogChunk | undefined> {
  try {
    return await reading
  } catch (error) {
    if (error instanceof ClusterError && error.code === 'not-found') return undefined
    throw error
  }
}
