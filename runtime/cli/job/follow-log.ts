import { setTimeout as delay } from 'node:timers/promises'
import { isTerminalStatus, JobDetails } from '../../api/jobs.ts'
import { ClusterError, type ErrorCode } from '../../base/errors.ts'
import type { Terminal } from '../command.ts'
import type { ApiClient } from '../../client/api-client.ts'
import { jobPath, type JobTail, openJobTail, type TailProgress } from './job-tail.ts'

export type Following = {
  readonly signal: AbortSignal
  readonly terminal: Pick<Terminal, 'warn'>
  /** The log goes on when it resolves. @default standard output */
  readonly write?: (text: string) => Promise<void> | void
  /** How long a head that is away is waited for: it may be restarting, and the job goes on without it. @default 60 s */
  readonly patienceMs?: number
}

const defaultPatienceMs = 60_000
const settleMs = 500

/**
 * Passes the log of a job on as it grows, each byte once, until the job has ended; returns how it then stands. A connection that breaks is
 * made again and goes on where it was, also when the head was restarted meanwhile.
 * @throws ClusterError `link.closed` when `signal` fires, `head.unavailable` when the head was away for too long; those of every call.
 */
export async function followLog(api: ApiClient, id: string, following: Following): Promise<JobDetails> {
  const { signal, terminal, write = writeOut, patienceMs = defaultPatienceMs } = following
  const warn = (text: string) => terminal.warn(text)
  const outage = new Outage(patienceMs)
  for (let tail: JobTail | undefined; ; ) {
    try {
      tail ??= await openJobTail(api, id, { signal, write, warn })
      const { isUnreadable } = outage
      if (!isUnreadable) await tail(outage)
      const details = await api.getJson(jobPath(id), JobDetails, { signal })
      if (isTerminalStatus(details.status)) {
        if (isUnreadable) warn(`shoal: the log of job '${id}' cannot be read to its end; its node may be gone`)
        return details
      }
      if (isUnreadable) outage.tryAgain()
      else outage.heard()
      await sleep(settleMs, signal)
    } catch (error) {
      if (signal.aborted) throw new ClusterError('link.closed', 'stopped following', { cause: error })
      if (!(error instanceof ClusterError) || !passing.has(error.code)) throw error
      const waitMs = outage.failed()
      if (waitMs === undefined) throw gaveUp(api, id, { error, patienceMs })
      if (outage.isFirstWord()) warn(`shoal: ${error.message}\nshoal: the job goes on; trying again for ${inSeconds(patienceMs)}`)
      await sleep(waitMs, signal)
    }
  }
}

const passing: ReadonlySet<ErrorCode> = new Set(['link.closed', 'head.unavailable', 'node.unreachable', 'timeout', 'too-many-requests'])

const waits = { firstMs: 200, mostMs: 4_000 }
/** A connection that held for so long was a good one, though the job said nothing. */
const steadyMs = 10_000
/** Of connections that were made and broken with nothing on them, one after another: the head is there, and cannot read that log. */
const silentBreaks = 4
/** A shorter outage is not worth a word. */
const quietMs = 1_000

/** How long nothing was heard, and when to try again. */
class Outage implements TailProgress {
  readonly #patienceMs: number
  #sinceMs: number | undefined
  #openedAtMs: number | undefined
  #waitMs = waits.firstMs
  #silentBreaks = 0
  #hasSaid = false

  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs
  }

  opened(): void {
    this.#openedAtMs = performance.now()
  }

  heard(): void {
    this.#openedAtMs = undefined
    this.#sinceMs = undefined
    this.#waitMs = waits.firstMs
    this.#silentBreaks = 0
    this.#hasSaid = false
  }

  /** How long to wait before the next try; undefined: it has lasted too long. */
  failed(): number | undefined {
    const nowMs = performance.now()
    if (this.#openedAtMs !== undefined) {
      if (nowMs - this.#openedAtMs > steadyMs) this.heard()
      else this.#silentBreaks += 1
      this.#openedAtMs = undefined
    }
    this.#sinceMs ??= nowMs
    const leftMs = this.#sinceMs + this.#patienceMs - nowMs
    if (leftMs <= 0) return undefined
    const waitMs = Math.min(leftMs, this.#waitMs)
    this.#waitMs = Math.min(waits.mostMs, this.#waitMs * 2)
    return waitMs
  }

  /** Time to ask how the job stands rather than for its log. */
  get isUnreadable(): boolean {
    return this.#silentBreaks >= silentBreaks
  }

  tryAgain(): void {
    this.#silentBreaks = 0
  }

  /** True once for each outage that is worth a word. */
  isFirstWord(): boolean {
    if (this.#hasSaid || this.#sinceMs === undefined || performance.now() - this.#sinceMs < quietMs) return false
    this.#hasSaid = true
    return true
  }
}

const inSeconds = (ms: number): string => `${Math.round(ms / 100) / 10} s`

function gaveUp(api: ApiClient, id: string, { error, patienceMs }: { error: ClusterError; patienceMs: number }): ClusterError {
  return new ClusterError(
    'head.unavailable',
    `nothing of the log of job '${id}' came from ${api.url} for ${inSeconds(patienceMs)} (${error.message}); the job goes on without us. To follow it again: shoal job logs -f ${id}`,
    { details: { submissionId: id, url: api.url, reason: error.code }, cause: error },
  )
}

const sleep = (ms: number, signal: AbortSignal): Promise<void> => delay(ms, undefined, { signal }).catch(() => {}) // the next round says that it was stopped

/** Waits while whoever reads our output does not. */
function writeOut(text: string): Promise<void> {
  return new Promise((resolve) => {
    if (process.stdout.write(text)) resolve()
    else process.stdout.once('drain', () => resolve())
  })
}
