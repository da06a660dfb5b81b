import { fail, note, reply, type Turn } from './events.ts'
import { sentNow } from './indexes.ts'
import type { Submission, SubmissionSpec } from './submission.ts'
import { endSubmission, enqueueSubmission, forgetSubmission, sendSubmissionStop } from './submission-moves.ts'
import { saveSubmission } from './submission-rows.ts'
import { tell } from './story.ts'

/** What the head's own HTTP API asks of the core about jobs. No agent or client may send these. */
export type SubmissionRequest =
  | { readonly type: 'submission.submit'; readonly spec: Omit<SubmissionSpec, 'submittedAtMs'> }
  /** Answers whether there was anything to stop. */
  | { readonly type: 'submission.stop'; readonly submissionId: string }
  | { readonly type: 'submission.remove'; readonly submissionId: string }

export function onSubmissionRequest(turn: Turn, requestKey: number, request: SubmissionRequest): void {
  switch (request.type) {
    case 'submission.submit':
      return onSubmit(turn, requestKey, { ...request.spec, submittedAtMs: turn.nowMs })
    case 'submission.stop':
      return onStop(turn, requestKey, request.submissionId)
    case 'submission.remove':
      return onRemove(turn, requestKey, request.submissionId)
  }
}

export function newSubmission(spec: SubmissionSpec, order: number): Submission {
  return {
    spec,
    order,
    attempt: 0,
    phase: { kind: 'pending' },
    driver: null,
    isStopping: false,
    sent: null,
    waitsSinceMs: spec.submittedAtMs,
    progress: '',
    story: [],
  }
}

function onSubmit(turn: Turn, requestKey: number, spec: SubmissionSpec): void {
  const { submissions, config } = turn.state
  const { submissionId } = spec
  const known = submissions.all.get(submissionId)
  if (known) {
    const message = `there is a job ${submissionId} already (${known.phase.kind}); choose another submission_id, or delete that job when it has ended`
    return fail(turn, requestKey, { code: 'already-exists', message, details: { submissionId } })
  }
  if (submissions.queue.length >= config.maxPendingSubmissions) {
    const message = `${submissions.queue.length} jobs wait already, as many as this cluster lets wait; submit again when some have started`
    return fail(turn, requestKey, { code: 'limit.reached', message, details: { limit: config.maxPendingSubmissions } })
  }
  const submission = newSubmission(spec, submissions.nextOrder)
  submissions.nextOrder += 1
  submissions.all.set(submissionId, submission)
  tell(submission.story, { atMs: turn.nowMs, move: 'submitted', id: '' })
  enqueueSubmission(turn, submission)
  saveSubmission(turn, submission)
  note(turn, 'submission.submitted', { submissionId, priority: spec.priority })
  turn.out.push({ type: 'submission-changed', submissionId })
  reply(turn, requestKey, { submissionId })
}

function onStop(turn: Turn, requestKey: number, submissionId: string): void {
  const submission = findOrFail(turn, requestKey, submissionId)
  if (submission === undefined) return
  const { phase } = submission
  tell(submission.story, { atMs: turn.nowMs, move: 'stop asked for', id: '' })
  switch (phase.kind) {
    case 'ended':
      return reply(turn, requestKey, { stopped: false })
    case 'pending':
    case 'starting': {
      const what = phase.kind === 'pending' ? 'while it waited for its turn' : 'while its environment was set up'
      endSubmission(turn, submission, {
        end: { status: 'STOPPED', message: `The job was stopped ${what}; its command never ran.`, errorType: null, exitCode: null },
        mayStillRun: true,
      })
      return reply(turn, requestKey, { stopped: true })
    }
    case 'running':
      if (!submission.isStopping) {
        submission.isStopping = true
        submission.sent = sentNow(turn.nowMs)
        saveSubmission(turn, submission)
        sendSubmissionStop(turn, submission)
      }
      return reply(turn, requestKey, { stopped: true })
  }
}

function onRemove(turn: Turn, requestKey: number, submissionId: string): void {
  const submission = findOrFail(turn, requestKey, submissionId)
  if (submission === undefined) return
  if (submission.phase.kind !== 'ended') {
    const message = `job ${submissionId} has not ended (${submission.phase.kind}): stop it first, then delete it`
    return fail(turn, requestKey, { code: 'wrong-state', message, details: { submissionId } })
  }
  forgetSubmission(turn, submissionId)
  reply(turn, requestKey, { deleted: true })
}

function findOrFail(turn: Turn, requestKey: number, submissionId: string): Submission | undefined {
  const submission = turn.state.submissions.all.get(submissionId)
  if (submission) return submission
  const message = `there is no job ${submissionId}; it was never submitted here, or it was deleted, or it ended long ago`
  fail(turn, requestKey, { code: 'not-found', message, details: { submissionId } })
  return undefined
}
