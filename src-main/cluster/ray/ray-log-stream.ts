import { setTimeout as delay } from 'node:timers/promises'
import type { JobTailFrame, LogStreamMessage } from '../../../runtime/api/logs.ts'
import { ClusterError } from '../../../runtime/base/errors.ts'
import type { ApiClient } from '../../../runtime/client/api-client.ts'
import type { ClusterCalls, LogStreamQuestion } from '../cluster-calls.ts'
import { lineMessages, selectorOf, TextLines } from '../text-lines.ts'
import type { ReadRayLog } from './ray-log-bytes.ts'
import { fileFromRecord, type RecordedFile } from '../history/record-log-stream.ts'
import type { SeenLogs } from '../history/seen-logs.ts'
import { findKeptFiles, findLogFiles, type RayLogFile } from './ray-log-files.ts'
import type { RayLists } from './ray-lists.ts'

/** Each is a connection of its own to the head. */
const filesAtMost = 32
const lookAgainMs = 5_000
/** Ray does not say when all that was there has come. */
const quietMs = 1_500
const waitingAtMost = 256

export type RayLogs = {
  readonly api: ApiClient
  readonly lists: RayLists
  readonly readLog: ReadRayLog
  readonly tailJobLog: ClusterCalls['tailJobLog']
  /** What is followed is kept there, for the time when its node is gone. */
  readonly seen: SeenLogs
}

/**
 * One stream of many log files, made of one of Ray's for each. Logs of jobs and files that come whole can be gone on with; of others Ray does
 * not tell where in the file it begins, so these cannot. @throws as `ClusterCalls.streamLogs`, and `not-supported` for what cannot go on
 */
export async function* streamRayLogs(logs: RayLogs, question: LogStreamQuestion): AsyncGenerator<LogStreamMessage> {
  const stop = new AbortController()
  const signal = question.signal ? AbortSignal.any([question.signal, stop.signal]) : stop.signal
  const merged = new RayLogMerge(logs, question, signal)
  try {
    yield* merged.messages()
  } finally {
    stop.abort()
  }
}

class RayLogMerge {
  readonly #logs: RayLogs
  readonly #question: LogStreamQuestion
  readonly #signal: AbortSignal
  readonly #followed = new Set<string>()
  #messages: LogStreamMessage[] = []
  #wake: (() => void) | undefined
  #onRoom: (() => void)[] = []
  #failure: unknown
  #sources = 0
  #skipped = 0
  #running = 0
  #isDone = false

  constructor(logs: RayLogs, question: LogStreamQuestion, signal: AbortSignal) {
    this.#logs = logs
    this.#question = question
    this.#signal = signal
  }

  async *messages(): AsyncGenerator<LogStreamMessage> {
    const wake = () => this.#wake?.()
    this.#signal.addEventListener('abort', wake, { once: true })
    void this.#find().catch((error: unknown) => this.#fail(error))
    const live = setTimeout(() => this.#put({ type: 'live' }), quietMs)
    try {
      for (;;) {
        const batch = this.#messages
        this.#messages = []
        for (const resolve of this.#onRoom.splice(0)) resolve()
        yield* batch
        if (this.#messages.length > 0) continue
        if (this.#signal.aborted) return
        if (this.#failure !== undefined) throw this.#failure
        if (this.#isDone && this.#running === 0) return
        await new Promise<void>((resolve) => (this.#wake = resolve))
      }
    } finally {
      clearTimeout(live)
    }
  }

  /** Files that come later are found by looking again; of jobs that are named, nothing new comes. */
  async #find(): Promise<void> {
    const { selectors } = this.#question
    const jobs = selectors.flatMap(({ submission_id: job }) => job ?? [])
    for (const job of jobs) this.#start(`job/${job}`, () => this.#followJob(job))
    const others = selectors.filter(({ submission_id: job }) => job === undefined)
    if (others.length === 0) {
      this.#isDone = true
      this.#wake?.()
      return
    }
    const kept = await findKeptFiles(this.#logs, others)
    for (const file of kept) this.#start(`record/${file.about.node_id}/${file.about.file}`, () => this.#followKept(file))
    for (let isLater = false; !this.#signal.aborted; isLater = true) {
      const found = await findLogFiles(this.#logs, others, this.#signal).catch((error: unknown) => unlessKept(error, kept.length))
      if (found === undefined) {
        this.#isDone = true
        this.#wake?.()
        return
      }
      const { files, nodesLeftOut } = found
      const fresh = files.filter((file) => !this.#followed.has(keyOf(file)))
      const room = Math.max(0, filesAtMost - this.#running)
      for (const file of fresh.slice(0, room)) this.#start(keyOf(file), () => this.#followFile(file, isLater ? -1 : this.#question.tail))
      const skipped = Math.max(0, fresh.length - room) + nodesLeftOut
      if (skipped > this.#skipped) this.#put({ type: 'skipped', files: skipped, limit: filesAtMost })
      this.#skipped = Math.max(this.#skipped, skipped)
      await delay(lookAgainMs, undefined, { signal: this.#signal }).catch(() => {}) // the loop sees that it was stopped
    }
  }

  #start(key: string, follow: () => Promise<void>): void {
    if (this.#followed.has(key)) return
    this.#followed.add(key)
    this.#running += 1
    void follow()
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        this.#running -= 1
        this.#wake?.()
      })
  }

  async #followJob(job: string): Promise<void> {
    const key = `job/${job}`
    const offset = this.#question.resume[key] ?? 0
    const about = { node_id: '', file: `job-driver-${job}.log`, worker_id: null, job_id: null, submission_id: job, pid: null, stream: null }
    await this.#follow({ key, offset, about }, this.#logs.tailJobLog(job, { offset, signal: this.#signal }))
  }

  async #followFile(file: RayLogFile, tail: number): Promise<void> {
    const isWhole = tail < 0
    const key = isWhole ? keyOf(file) : `${keyOf(file)}#${tail}`
    if (!isWhole && this.#question.resume[key] !== undefined)
      throw new ClusterError(
        'not-supported',
        'a Ray head does not tell where in a log it begins, so it cannot go on where it was; follow it anew',
      )
    const passed = isWhole ? (this.#question.resume[key] ?? 0) : 0
    const { nodeId, workerId, jobId, submissionId, pid, stream } = file
    const ids = { node_id: nodeId, worker_id: workerId, job_id: jobId, submission_id: submissionId }
    const query = { node_id: nodeId, filename: file.file, lines: tail, interval: 1 }
    const bytes = this.#logs.readLog('stream', query, this.#signal)
    const about = { ...ids, file: file.file, pid, stream }
    await this.#follow({ key, offset: passed, about }, this.#keep(about, framesOf(bytes, passed), isWhole))
  }

  /** Writes frames down on their way. Where in its file a log begins that does not come whole is found by what is known of it. */
  async *#keep(about: About, frames: AsyncIterable<JobTailFrame>, isWhole: boolean): AsyncGenerator<JobTailFrame> {
    const { seen } = this.#logs
    let base = isWhole ? 0 : undefined
    for await (const frame of frames) {
      base ??= seen.placeOf(about, frame.text)
      seen.take(about, { offset: base + frame.offset, next: base + frame.next, text: frame.text })
      yield frame
    }
  }

  /** Of a node that is gone. */
  async #followKept(file: RecordedFile): Promise<void> {
    this.#sources += 1
    for await (const message of fileFromRecord(file, { source: this.#sources, question: this.#question })) {
      this.#put(message)
      if (this.#messages.length > waitingAtMost) await new Promise<void>((resolve) => this.#onRoom.push(resolve))
      if (this.#signal.aborted) return
    }
  }

  async #follow({ key, offset, about }: Source, frames: AsyncIterable<JobTailFrame>): Promise<void> {
    this.#sources += 1
    const source = this.#sources
    this.#put({ type: 'source', source, key, offset, ...about })
    const selector = selectorOf(this.#question)
    const lines = new TextLines(offset, Number.POSITIVE_INFINITY)
    const tell = (isAll: boolean) => {
      const next = isAll ? lines.end : lines.lineStart
      for (const message of lineMessages(lines.take(isAll), { source, selector, readAtMs: Date.now(), next })) this.#put(message)
    }
    for await (const frame of frames) {
      lines.push(frame)
      tell(false)
      if (this.#messages.length > waitingAtMost) await new Promise<void>((resolve) => this.#onRoom.push(resolve))
      if (this.#signal.aborted) return
    }
    tell(true)
    if (!this.#signal.aborted) this.#put({ type: 'end', source, reason: 'the head ended it' })
  }

  #put(message: LogStreamMessage): void {
    this.#messages.push(message)
    this.#wake?.()
  }

  #fail(error: unknown): void {
    if (this.#signal.aborted) return
    this.#failure ??= error
    this.#wake?.()
  }
}

type About = Omit<Extract<LogStreamMessage, { type: 'source' }>, 'type' | 'source' | 'key' | 'offset'>
type Source = { readonly key: string; readonly offset: number; readonly about: About }

/** A node that is gone keeps nobody from what was seen of it. */
function unlessKept(error: unknown, kept: number): undefined {
  if (kept === 0 || !(error instanceof ClusterError && error.code === 'not-found')) throw error
}

const keyOf = ({ nodeId, file }: RayLogFile): string => `${nodeId}/${file}`

/** Bytes from the beginning of what Ray sends; the first `passed` are here already. Letters that were cut in two are put together. */
async function* framesOf(bytes: AsyncIterable<Buffer>, passed: number): AsyncGenerator<JobTailFrame> {
  const decoder = new TextDecoder()
  let end = 0
  let told = passed
  for await (const chunk of bytes) {
    const start = end
    end += chunk.byteLength
    if (end <= passed) continue
    const text = decoder.decode(start < passed ? chunk.subarray(passed - start) : chunk, { stream: true })
    const next = told + Buffer.byteLength(text)
    yield { offset: told, next, text }
    told = next
  }
}
