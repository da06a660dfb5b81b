import { setImmediate as nextTurn } from 'node:timers/promises'
import type { LogSelector, LogStreamMessage } from '../../../runtime/api/logs.ts'
import type { LogPiece, LogStreamQuestion } from '../cluster-calls.ts'
import { lineMessages, selectorOf, TextLines } from '../text-lines.ts'
import { globPattern } from '../log-names.ts'
import type { ClusterRecord } from './cluster-record.ts'
import type { SeenFile, SeenPiece } from './record-files.ts'

const jobLogPattern = /^job-driver-(.+)\.log$/
export const jobOfLogFile = (file: string): string | undefined => jobLogPattern.exec(file)?.[1]

/** As a head's own stream. */
const filesAtMost = 500

type Job = { readonly id: string; readonly nodeId: string }

/** The recorded logs of submitted jobs, and of files that were followed, that fit, one after the other, in the words of a head's stream; nothing where none fits. */
export async function* streamFromRecord(record: ClusterRecord, question: LogStreamQuestion): AsyncGenerator<LogStreamMessage> {
  const { signal } = question
  const files = [...jobsThatFit(record, question.selectors), ...seenFilesThatFit(record, question.selectors)].slice(0, filesAtMost)
  for (const [index, file] of files.entries()) {
    yield* fileFromRecord(file, { source: index + 1, question })
    if (signal?.aborted) return
  }
  yield { type: 'live' }
}

export type RecordedFile = {
  readonly about: SeenFile
  readonly read: (offset: number) => Iterable<SeenPiece>
  /** Why nothing comes behind what is there. */
  readonly end: string
}

/** One file of the record, marked as a copy where it is one of a node. */
export async function* fileFromRecord(
  { about, read, end }: RecordedFile,
  { source, question: { resume, tail, signal, ...filter } }: { source: number; question: LogStreamQuestion },
): AsyncGenerator<LogStreamMessage> {
  const key = `${about.node_id}/${about.file}`
  const from = resume[key]
  const pieces = [...read(from ?? 0)]
  const offset = from ?? pieces[0]?.offset ?? 0
  yield { type: 'source', source, key, ...about, offset }
  if (about.submission_id === null) yield { type: 'copy', source }
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
  yield { type: 'end', source, reason: end }
}

function recordedJob(record: ClusterRecord, { id, nodeId }: Job): RecordedFile {
  const none = { worker_id: null, job_id: null, pid: null, stream: null }
  const { isWhole } = record.logs.progress(id)
  return {
    about: { node_id: nodeId, file: `job-driver-${id}.log`, ...none, submission_id: id },
    read: (offset) => record.logs.read(id, offset),
    end: isWhole ? 'the log ends here' : 'the record ends here; the job may have written more',
  }
}

/** Files of nodes that somebody followed and that pass `test`, as they were seen last. */
export const seenFiles = (record: ClusterRecord, test: (file: SeenFile) => boolean): RecordedFile[] =>
  record.files
    .list()
    .filter(test)
    .map((about) => ({
      about,
      read: (offset) => record.files.read(about.node_id, about.file, offset),
      end: 'this is what the panel saw of it while somebody followed it',
    }))

function seenFilesThatFit(record: ClusterRecord, selectors: readonly LogSelector[]): RecordedFile[] {
  const tests = selectors.map((selector) => seenTest(record, selector))
  return seenFiles(record, (file) => tests.some((test) => test(file)))
}

function seenTest(record: ClusterRecord, selector: LogSelector): (file: SeenFile) => boolean {
  const { node_id: node, worker_id: worker, job_id: job, pid, stream, file: glob, actor_id: actorId, submission_id: submission } = selector
  const actor = actorId === undefined ? undefined : (record.thing('actors', actorId) ?? {})
  const pattern = glob === undefined ? undefined : globPattern(glob)
  return (file) =>
    submission === undefined &&
    (node === undefined || file.node_id === node) &&
    (worker === undefined || file.worker_id === worker) &&
    (job === undefined || file.job_id === job) &&
    (pid === undefined || file.pid === pid) &&
    (stream === undefined || file.stream === stream) &&
    (pattern === undefined || pattern.test(file.file)) &&
    (actor === undefined || (file.node_id === actor['node_id'] && file.pid === actor['pid']))
}

function jobsThatFit(record: ClusterRecord, selectors: readonly LogSelector[]): RecordedFile[] {
  const sql = `SELECT things.id AS id, row ->> '$.driver_node_id' AS node FROM things JOIN logs ON logs.job = things.id
    WHERE things.kind = 'jobs' ORDER BY at_ms DESC`
  const found: RecordedFile[] = []
  for (const row of record.database.prepare(sql).iterate()) {
    const job = { id: String(row['id']), nodeId: String(row['node'] ?? '') }
    if (selectors.some((selector) => fits(selector, job))) found.push(recordedJob(record, job))
    if (found.length >= filesAtMost) break
  }
  return found
}

/** The rest of a selector is about workers. */
function fits({ submission_id: job, node_id: nodeId, file, ...ofWorkers }: LogSelector, { id, nodeId: jobNode }: Job): boolean {
  if (Object.values(ofWorkers).some((value) => value !== undefined)) return false
  if (job !== undefined && job !== id) return false
  if (nodeId !== undefined && nodeId !== jobNode) return false
  return file === undefined || file === `job-driver-${id}.log` || file === '*' || file === '**'
}

type PieceQuestion = { readonly offset: number; readonly maxBytes: number }

export const jobPiece = (record: ClusterRecord, job: string, question: PieceQuestion): LogPiece =>
  pieceOf(record.logs.read(job, question.offset), question, record.logs.progress(job).next)

/** Undefined: nobody followed that file. */
export function seenPiece(
  record: ClusterRecord,
  { nodeId, file }: { nodeId: string; file: string },
  question: PieceQuestion,
): LogPiece | undefined {
  const all = [...record.files.read(nodeId, file)]
  const last = all.at(-1)
  return last && pieceOf(record.files.read(nodeId, file, question.offset), question, last.next)
}

/** Bytes of a recorded log; they end where something is missing, and the next ones begin behind that. */
function pieceOf(pieces: Iterable<SeenPiece>, { offset, maxBytes }: PieceQuestion, end: number): LogPiece {
  const chunks: Buffer[] = []
  let start = offset
  let next = offset
  let left = maxBytes
  for (const piece of pieces) {
    if (chunks.length === 0) start = next = piece.offset
    if (piece.offset !== next || left === 0) return { offset: start, bytes: Buffer.concat(chunks), next, isEnd: false }
    const all = Buffer.from(piece.text)
    const bytes = all.subarray(0, left)
    chunks.push(bytes)
    left -= bytes.byteLength
    next = bytes.byteLength < all.byteLength ? next + bytes.byteLength : piece.next
  }
  return { offset: start, bytes: Buffer.concat(chunks), next, isEnd: end <= next }
}
