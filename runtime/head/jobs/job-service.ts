import { randomInt } from 'node:crypto'
import { isTerminalStatus, type JobDetails, type ShoalJobDetails, type ShoalJobSubmitRequest } from '../../api/jobs.ts'
import { ClusterError, toError } from '../../base/errors.ts'
import { jobLogName } from '../../protocol/log-names.ts'
import type { Job } from '../core/state.ts'
import { nodeOf, type Submission } from '../core/submission.ts'
import { createQueueView } from '../core/submission-queue.ts'
import type { Head } from '../head.ts'
import type { PackageStore } from './package-store.ts'
import { driverDetails, shoalDriverDetails, shoalSubmissionDetails, statusOf, submissionDetails } from './job-details.ts'
import { specFrom } from './job-request.ts'

/** Without characters that look alike, as Ray's. */
const idLetters = 'abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ123456789'
const freshSubmissionId = (): string => `raysubmit_${Array.from({ length: 16 }, () => idLetters[randomInt(idLetters.length)]).join('')}`

/** Where the log of a job is. */
export type JobLogPlace = { readonly nodeId: string; readonly file: string }

/** Submitted jobs, and programs that joined by themselves, for the HTTP API. Decides nothing: the core does. */
export class JobService {
  readonly #head: Head
  readonly #packages: PackageStore
  readonly #waiting = new Map<string, Set<() => void>>()

  constructor({ head, packages }: { readonly head: Head; readonly packages: PackageStore }) {
    this.#head = head
    this.#packages = packages
    packages.isUsed = (name) => this.#usedPackages().has(name)
    head.onSubmission = (submissionId) => this.#changed(submissionId)
  }

  /**
   * Returns the id of the new job, which is durable by then.
   * @throws ClusterError `bad-argument` naming the field, `already-exists`, `limit.reached`, `store.disk-full`.
   */
  async submit(request: ShoalJobSubmitRequest): Promise<string> {
    const spec = specFrom(request, freshSubmissionId())
    const { workingDir, pyModules } = spec.environment
    this.#checkPackage('working_dir', workingDir ?? '')
    for (const location of pyModules) this.#checkPackage('py_modules', location)
    await this.#head.submission({ type: 'submission.submit', spec })
    return spec.submissionId
  }

  /** Submitted jobs first, then programs that joined by themselves; each kind oldest first. */
  list(): JobDetails[] {
    const { state } = this.#head
    const view = createQueueView(state)
    const submitted = [...state.submissions.all.values()].map((submission) => submissionDetails(state, submission, view))
    const drivers = [...state.jobs.values()].filter((job) => this.#isOwn(job)).map((job) => driverDetails(state, job))
    return [...submitted, ...drivers]
  }

  /** The same jobs with all that we know. */
  listDetailed(): ShoalJobDetails[] {
    const { state } = this.#head
    const view = createQueueView(state)
    const submitted = [...state.submissions.all.values()].map((submission) => shoalSubmissionDetails(state, submission, view))
    const drivers = [...state.jobs.values()].filter((job) => this.#isOwn(job)).map((job) => shoalDriverDetails(state, job))
    return [...submitted, ...drivers]
  }

  /** By submission id, or by the 8 hex digits of a job. @throws ClusterError `not-found`. */
  get(id: string): JobDetails {
    const { state } = this.#head
    const submission = this.#findSubmission(id)
    if (submission) return submissionDetails(state, submission)
    const job = state.jobs.get(id)
    if (job) return driverDetails(state, job)
    throw unknownJob(id)
  }

  /** As `get`, with all that we know. @throws ClusterError `not-found`. */
  getDetailed(id: string): ShoalJobDetails {
    const { state } = this.#head
    const submission = this.#findSubmission(id)
    if (submission) return shoalSubmissionDetails(state, submission)
    const job = state.jobs.get(id)
    if (job) return shoalDriverDetails(state, job)
    throw unknownJob(id)
  }

  /** Answers whether there was anything to stop. @throws ClusterError `not-found`, `bad-argument` for a job that was not submitted. */
  async stop(id: string): Promise<boolean> {
    const { spec } = this.#submitted(id, 'stopped')
    const answer = await this.#head.submission({ type: 'submission.stop', submissionId: spec.submissionId })
    return typeof answer === 'object' && answer !== null && 'stopped' in answer && answer.stopped === true
  }

  /** Forgets a job that has ended. @throws ClusterError as `stop`; `wrong-state` while it has not ended. */
  async remove(id: string): Promise<void> {
    const { spec } = this.#submitted(id, 'deleted')
    await this.#head.submission({ type: 'submission.remove', submissionId: spec.submissionId })
  }

  /** Undefined while the job has no node yet. @throws ClusterError as `stop`. */
  logFileOf(id: string): JobLogPlace | undefined {
    const submission = this.#submitted(id, 'asked for its log')
    const nodeId = nodeOf(submission)
    return nodeId === null ? undefined : { nodeId, file: jobLogName(submission.spec.submissionId) }
  }

  /** Also true for one that is not there any more: nothing will come from it. */
  isTerminal(id: string): boolean {
    const submission = this.#findSubmission(id)
    return submission === undefined || isTerminalStatus(statusOf(submission))
  }

  /** Resolves when the job has ended, or was deleted. @throws what `signal` was aborted with. */
  async waitTerminal(id: string, signal: AbortSignal): Promise<void> {
    while (!this.isTerminal(id)) await this.waitChanged(id, signal)
  }

  /** Resolves with the next change of the job. @throws what `signal` was aborted with. */
  waitChanged(id: string, signal: AbortSignal): Promise<void> {
    const submissionId = this.#findSubmission(id)?.spec.submissionId ?? id
    const waiting = this.#waiting.get(submissionId) ?? new Set()
    this.#waiting.set(submissionId, waiting)
    return new Promise((resolve, reject) => {
      const settle = () => {
        signal.removeEventListener('abort', settle)
        waiting.delete(settle)
        if (waiting.size === 0 && this.#waiting.get(submissionId) === waiting) this.#waiting.delete(submissionId)
        if (signal.aborted) reject(toError(signal.reason))
        else resolve()
      }
      if (signal.aborted) return settle()
      waiting.add(settle)
      signal.addEventListener('abort', settle)
    })
  }

  #changed(submissionId: string): void {
    for (const settle of [...(this.#waiting.get(submissionId) ?? [])]) settle()
  }

  #findSubmission(id: string): Submission | undefined {
    const { submissions, jobs } = this.#head.state
    return submissions.all.get(id) ?? submissions.all.get(jobs.get(id)?.submissionId ?? '')
  }

  #submitted(id: string, verb: string): Submission {
    const submission = this.#findSubmission(id)
    if (submission) return submission
    if (!this.#head.state.jobs.has(id)) throw unknownJob(id)
    throw new ClusterError('bad-argument', `job ${id} is a program that joined the cluster by itself: only submitted jobs can be ${verb}`, {
      details: { id },
    })
  }

  /** Programs that run inside a submitted job are shown with it. */
  #isOwn(job: Job): boolean {
    if (job.namespace.startsWith('_ray_internal_')) return false
    return job.submissionId === undefined || !this.#head.state.submissions.all.has(job.submissionId)
  }

  #checkPackage(field: string, location: string): void {
    if (!location.startsWith('gcs://') || this.#packages.find(location.slice('gcs://'.length)) !== undefined) return
    throw new ClusterError('bad-argument', `field "runtime_env.${field}": there is no package ${location} on this head; upload it first`, {
      details: { field },
    })
  }

  #usedPackages(): Set<string> {
    const used = new Set<string>()
    for (const { phase, spec } of this.#head.state.submissions.all.values()) {
      if (phase.kind === 'ended') continue
      for (const location of [spec.environment.workingDir ?? '', ...spec.environment.pyModules]) {
        if (location.startsWith('gcs://')) used.add(location.slice('gcs://'.length))
      }
    }
    return used
  }
}

const unknownJob = (id: string): ClusterError =>
  new ClusterError('not-found', `there is no job ${id}; it was never submitted here, or it was deleted, or it ended long ago`, {
    details: { id },
  })
