import { setImmediate as nextTurn } from 'node:timers/promises'
import type { LogSelector, LogStreamMessage } from '../../../runtime/api/logs.ts'
import type { LogPiece, LogStreamQuestion } from '../cluster-calls.ts'
import { lineMessages, selectorOf, TextLines } from '../text-lines.ts'
import type { ClusterRecord } from './cluster-record.ts'

const jobLogPattern = /^job-driver-(.+)\.log$/
export const jobOfLogFile = (file: string): string | undefined => jobLogPattern.exec(file)?.[1]

/** As a head's own stream. */
const filesAtMost = 500

type Job = { readonly id: string; readonly nodeId: string }

/** The recorded logs of submitted jobs that fit, one after the other, in the words of a head's stream; nothing where none fits. */
export async function* streamFromRecord(record: ClusterRecord, question: LogStreamQuestion): AsyncGenerator<LogStreamMessage> {
  const { signal } = question
  let source = 0
  for (const job of jobsThatFit(record, question.selectors)) {
    source += 1
    yield* fileFromRecord(record, { job, source }, question)
    if (signal?.aborted) return
  }
  yield { type: 'live' }
}

async function* fileFromRecord(
  record: ClusterRecord,
  { job, source }: { job: Job; source: number },
  { resume, tail, signal, ...filter }: LogStreamQuestion,
): AsyncGenerator<LogStreamMessage> {
  const file = `job-driver-${job.id}.log`
  const key = `${job.nodeId}/${file}`
  const from = resume[key]
  const pieces = [...record.logs.read(job.id, from ?? 0)]
  const none = { worker_id: null, job_id: null, pid: null, stream: null }
  const offset = from ?? pieces[0]?.offset ?? 0
  yield { type: 'source', source, key, node_id: job.nodeId, file, ...none, submission_id: job.id, offset }
  const selector = selectorOf(filter)
  const lines = new TextLines(offset, from === undefined && tail >= 0 ? tail : Number.POSITIVE_INFINITY)
  const told = (isAll: boolean, readAtMs: number) =>
    lineMessages(lines.take(isAll), { source, selector, readAtMs, next: isAll ? lines.end : lines.lineStart })
  let readAtMs = 0
  for (const piece of pieces) {
    if (piece.offset > lines.end && lines.isStreaming) {
      yield* told(true, readAtMs)
      yield { type: 'gap', source, from: lines.end, to: piece.offset }
    }
    readAtMs = piece.atMs
    lines.push(piece)
    if (lines.isStreaming) yield* told(false, readAtMs)
    await nextTurn()
    if (signal?.aborted) return
  }
  yield* told(true, readAtMs)
  const { isWhole } = record.logs.progress(job.id)
  yield { type: 'end', source, reason: isWhole ? 'the log ends here' : 'the record ends here; the job may have written more' }
}

function jobsThatFit(record: ClusterRecord, selectors: readonly LogSelector[]): Job[] {
  const sql = `SELECT things.id AS id, row ->> '$.driver_node_id' AS node FROM things JOIN logs ON logs.job = things.id
    WHERE things.kind = 'jobs' ORDER BY at_ms DESC`
  const found: Job[] = []
  for (const row of record.database.prepare(sql).iterate()) {
    const job = { id: String(row['id']), nodeId: String(row['node'] ?? '') }
    if (selectors.some((selector) => fits(selector, job))) found.push(job)
    if (found.length >= filesAtMost) break
  }
  return found
}

/** The rest of a selector is about workers, whose logs no record has. */
function fits({ submission_id: job, node_id: nodeId, file, ...ofWorkers }: LogSelector, { id, nodeId: jobNode }: Job): boolean {
  if (Object.values(ofWorkers).some((value) => value !== undefined)) return false
  if (job !== undefined && job !== id) return false
  if (nodeId !== undefined && nodeId !== jobNode) return false
  return file === undefined || file === `job-driver-${id}.log` || file === '*' || file === '**'
}

/** Bytes of a recorded log; they end where something is missing, and the next ones begin behind that. */
export function pieceFromRecord(record: ClusterRecord, job: string, { offset, maxBytes }: { offset: number; maxBytes: number }): LogPiece {
  const chunks: Buffer[] = []
  let start = offset
  let next = offset
  let left = maxBytes
  for (const piece of record.logs.read(job, offset)) {
    if (chunks.length === 0) start = next = piece.offset
    if (piece.offset !== next || left === 0) return { offset: start, bytes: Buffer.concat(chunks), next, isEnd: false }
    const all = Buffer.from(piece.text)
    const bytes = all.subarray(0, left)
    chunks.push(bytes)
    left -= bytes.byteLength
    next = bytes.byteLength < all.byteLength ? next + bytes.byteLength : piece.next
  }
  const isEnd = record.logs.progress(job).next <= next
  return { offset: start, bytes: Buffer.concat(chunks), next, isEnd }
}
