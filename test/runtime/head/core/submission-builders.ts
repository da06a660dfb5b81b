import type { HeadCommand } from '#runtime/head/core/events.ts'
import type { SubmissionSpec } from '#runtime/head/core/submission.ts'
import type { SubmissionRequest } from '#runtime/head/core/submission-requests.ts'
import type { SubmissionOutcome } from '#runtime/protocol/jobs.ts'
import { factsOf, nodeIdOf, TestHead } from './builders.ts'

type NewSpec = Omit<SubmissionSpec, 'submittedAtMs'>

export const specOf = (submissionId: string, more: Partial<NewSpec> = {}): NewSpec => ({
  submissionId,
  entrypoint: 'true',
  runtimeEnv: {},
  environment: { workingDir: null, pyModules: [], envVars: {}, python: null, pyExecutable: null, setupTimeoutMs: 600_000 },
  metadata: {},
  placement: null,
  priority: 0,
  ...more,
})
/** What makes a job ask for CPUs. */
export const wanting = (cpus: number): Partial<NewSpec> => ({ placement: { resources: { CPU: cpus }, labels: [] } })

/** A head core with what tests of submitted jobs say most often. */
export class JobHead extends TestHead {
  submit(submissionId: string, more: Partial<NewSpec> = {}): HeadCommand[] {
    return this.job({ type: 'submission.submit', spec: specOf(submissionId, more) })
  }
  stop(submissionId: string): HeadCommand[] {
    return this.job({ type: 'submission.stop', submissionId })
  }
  remove(submissionId: string): HeadCommand[] {
    return this.job({ type: 'submission.remove', submissionId })
  }
  job(request: SubmissionRequest): HeadCommand[] {
    return this.ask(request)
  }
  /** The node that the head is on. */
  joinHead(number = 1, cpus = 4): HeadCommand[] {
    return this.join(number, { facts: { ...factsOf(nodeIdOf(number), { CPU: cpus }), isHead: true }, available: { CPU: cpus } })
  }
  running(submissionId: string, node = 1): HeadCommand[] {
    return this.say(node, { type: 'submission.running', ...this.runOf(submissionId), pid: 77, devices: {} })
  }
  ended(submissionId: string, outcome: SubmissionOutcome, node = 1): HeadCommand[] {
    return this.say(node, { type: 'submission.ended', ...this.runOf(submissionId), outcome, atMs: this.nowMs })
  }
  runOf(submissionId: string): { submissionId: string; attempt: number } {
    return { submissionId, attempt: this.state.submissions.all.get(submissionId)?.attempt ?? 0 }
  }
  phaseOf(submissionId: string) {
    return this.state.submissions.all.get(submissionId)?.phase
  }
  endOf(submissionId: string) {
    const phase = this.phaseOf(submissionId)
    return phase?.kind === 'ended' ? phase.end : undefined
  }
}
export const succeeded = { kind: 'exited', exitCode: 0, logTail: '' } as const
