import { setTimeout as delay } from 'node:timers/promises'
import { isTerminalStatus, type ShoalJobDetails } from '#runtime/api/jobs.ts'
import { toError } from '#runtime/base/errors.ts'
import { FollowedLogs } from './follow-logs.ts'
import { type KnownJob, knownJob } from './job-specs.ts'
import { NumberedLines } from './numbered-lines.ts'
import { planJobs, type PlannedJob } from './plan.ts'
import { clusterName, type SoakCluster } from './soak-cluster.ts'

/** A job that the cluster took, and what came of it. */
export type TrackedJob = {
  readonly known: KnownJob
  readonly submittedAtMs: number
  acceptedAtMs?: number
  /** Once it is over. */
  end?: ShoalJobDetails
  endedAtMs?: number
  /** Of its log, read after its end. */
  lines?: number
  /** What is wrong whatever happened to its node. */
  readonly problems: string[]
  /** Lines that are missing or out of order, and answers that are not told. */
  readonly logProblems: string[]
}

const atOnce = 4
const steadyAtOnce = 2
const lookEveryMs = 1_500
/** Beyond the time of the run, for jobs that were taken before its end. */
const patienceMs = 240_000

/** A log that nobody has for so long is lost: its node went before it began, or before the head had a copy. */
const absentMs = 30_000

/** Submits jobs as planned, a few at once, until it is told to stop, and sees each of them to its end. */
export class Load {
  readonly jobs: TrackedJob[] = []
  readonly #cluster: SoakCluster
  readonly #plan: Generator<PlannedJob, never>
  readonly #signal: AbortSignal
  #logs: FollowedLogs | undefined
  #steady = 0
  #isOpen = true
  #closedAtMs = Infinity

  constructor(cluster: SoakCluster, seed: number, signal: AbortSignal) {
    this.#cluster = cluster
    this.#plan = planJobs(seed)
    this.#signal = signal
  }

  /** Resolves when every job that was taken has ended, or was given up, after `stop`. */
  async run(): Promise<void> {
    this.#logs = await FollowedLogs.open(this.#cluster.world.panel)
    const lanes = Array.from({ length: atOnce }, () => this.#lane(() => this.#plan.next().value))
    const steady = Array.from({ length: steadyAtOnce }, () =>
      this.#lane(() => ({ kind: 'steady', number: this.#steady++, size: ((this.#steady * 7) % 10) / 10, onHead: false })),
    )
    await Promise.all([...lanes, ...steady])
    this.#logs.close()
  }

  /** Nothing more is submitted. */
  stop(): void {
    this.#isOpen = false
    this.#closedAtMs = performance.now()
  }

  get running(): number {
    return this.jobs.filter(({ acceptedAtMs, endedAtMs }) => acceptedAtMs !== undefined && endedAtMs === undefined).length
  }

  async #lane(next: () => PlannedJob): Promise<void> {
    while (this.#isOpen && !this.#signal.aborted) await this.#see(knownJob(next()))
  }

  async #see(known: KnownJob): Promise<void> {
    const job: TrackedJob = { known, submittedAtMs: Date.now(), problems: [], logProblems: [] }
    this.jobs.push(job)
    try {
      if (!(await this.#submit(job))) return
      const followed = known.kind === 'steady' ? this.#follow(job) : Promise.resolve()
      await Promise.all([followed, this.#untilEnd(job)])
      await this.#readLog(job)
    } catch (error) {
      if (!this.#signal.aborted) job.problems.push(toError(error).message)
    }
  }

  /** Until the head has said yes. What was refused because it was away is asked again: the id is ours, so it stays one job. */
  async #submit(job: TrackedJob): Promise<boolean> {
    let failure = ''
    while (!this.#isTooLate()) {
      try {
        await this.#cluster.call('jobs.submit', job.known.submit)
        job.acceptedAtMs = Date.now()
        return true
      } catch (error) {
        failure = toError(error).message
        if (failure.includes('already-exists')) {
          job.acceptedAtMs = Date.now() // the answer to an earlier try was lost
          return true
        }
        if (!this.#isOpen) return false // nobody has said yes to it
        await delay(1_000, undefined, { signal: this.#signal })
      }
    }
    return false
  }

  async #untilEnd(job: TrackedJob): Promise<void> {
    const { id, stopAfterMs } = job.known
    let isStopped = false
    let runsSinceMs: number | undefined
    while (!this.#isTooLate()) {
      const details = await this.#details(id)
      if (details && isTerminalStatus(details.status)) {
        job.end = details
        job.endedAtMs = Date.now()
        return
      }
      if (details?.status === 'RUNNING') runsSinceMs ??= performance.now()
      if (stopAfterMs !== undefined && !isStopped && runsSinceMs !== undefined && performance.now() - runsSinceMs > stopAfterMs)
        isStopped = await this.#stop(id)
      await delay(lookEveryMs, undefined, { signal: this.#signal })
    }
    throw new Error(`it has not ended; the last that was heard of it: ${JSON.stringify(await this.#details(id))}`)
  }

  async #details(id: string): Promise<ShoalJobDetails | undefined> {
    try {
      return await this.#cluster.live<ShoalJobDetails>('getShoalJob', { params: { id } })
    } catch (error) {
      const { message } = toError(error)
      if (message.includes('not-found') && !message.includes('in the record')) throw error // it was taken, so the head must have it
      return undefined // the head is away; it is asked again
    }
  }

  async #stop(id: string): Promise<boolean> {
    try {
      await this.#cluster.call('api.change', { cluster: clusterName, route: 'stopJob', params: { id } })
      return true
    } catch {
      return false // the head is away; it is asked again
    }
  }

  /** A person looks at its log all the while. */
  async #follow(job: TrackedJob): Promise<void> {
    const lines = new NumberedLines(job.known.id)
    const { streamId } = await this.#untilAnswered(() => this.#cluster.call('logs.followJob', { cluster: clusterName, job: job.known.id }))
    await this.#logs
      ?.follow(streamId, (text) => lines.take(text))
      .catch((error: unknown) => {
        job.problems.push(`following its log: ${toError(error).message}`)
      })
    if (lines.problem !== undefined) job.logProblems.push(`followed, ${lines.problem}`)
    if (job.end?.status === 'SUCCEEDED' && lines.count !== job.known.lines)
      job.logProblems.push(`followed, its log has ${lines.count} lines of ${job.known.lines}`)
  }

  async #readLog(job: TrackedJob): Promise<void> {
    const untilMs = performance.now() + absentMs
    const text = await this.#untilAnswered(() =>
      readLog(this.#cluster, job.known.id).catch((error: unknown) => {
        if (performance.now() < untilMs || !/not-found: there is no log file/.test(toError(error).message)) throw error
      }),
    )
    if (text === undefined) job.logProblems.push('nobody has its log')
    else judgeLog(job, text)
  }

  async #untilAnswered<T>(ask: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await ask()
      } catch (error) {
        if (this.#isTooLate()) throw error
        await delay(1_000, undefined, { signal: this.#signal })
      }
    }
  }

  #isTooLate(): boolean {
    this.#signal.throwIfAborted()
    return performance.now() - this.#closedAtMs > patienceMs
  }
}

/** The whole log, from the head or from the record, whoever answers. */
export async function readLog(cluster: SoakCluster, job: string): Promise<string> {
  const parts: Buffer[] = []
  for (let offset = 0; ; ) {
    const piece = await cluster.call('logs.readChunk', { cluster: clusterName, job, offset })
    parts.push(Buffer.from(piece.data, 'base64'))
    offset = piece.next
    if (piece.isEnd) return Buffer.concat(parts).toString()
  }
}

/** Lines in order and none missing, and the right answer; of a job that did not come to its own end, only the order. */
export function judgeLog(job: TrackedJob, text: string, where = ''): void {
  const { id, lines: wanted, answer, ends } = job.known
  const lines = new NumberedLines(id)
  lines.take(text)
  if (where === '') job.lines = lines.count
  if (lines.problem !== undefined) job.logProblems.push(`${where}${lines.problem}`)
  if (job.end?.status !== ends) return
  if (wanted !== 'any' && lines.count !== wanted) job.logProblems.push(`${where}its log has ${lines.count} lines of ${wanted}`)
  const told = /^ANSWER (.*)$/m.exec(text)?.[1]
  if (told !== answer) job.logProblems.push(`${where}its answer is ${told}, not ${answer}`)
}
