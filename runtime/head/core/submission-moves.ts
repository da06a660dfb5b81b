import { type Amounts, amountsFrom } from '../../base/fixed-point.ts'
import { InvariantError } from '../../base/invariant.ts'
import { longestJobMessage } from '../../protocol/jobs.ts'
import { note, send, type Turn } from './events.ts'
import { addBounded, addTo, removeFrom, sentNow } from './indexes.ts'
import { reserve, settle } from './node-amounts.ts'
import { forget } from './rows.ts'
import { orderOf, type Submission, type SubmissionEnd, type SubmissionPhase } from './submission.ts'
import { saveSubmission } from './submission-rows.ts'
import { describeStory, tell } from './story.ts'

const moves: Record<SubmissionPhase['kind'], readonly SubmissionPhase['kind'][]> = {
  pending: ['starting', 'ended'],
  starting: ['running', 'pending', 'ended'], // pending again: its node had no room after all
  running: ['ended'],
  ended: [],
}

/** Everything that goes with a change of phase: queue and indexes, promised amounts, the saved row, and who waits for it. */
export function moveSubmission(turn: Turn, submission: Submission, to: { phase: SubmissionPhase; why: string }): void {
  const from = submission.phase
  const { submissionId } = submission.spec
  if (!moves[from.kind].includes(to.phase.kind)) {
    throw new InvariantError(
      `job ${submissionId} may not move ${from.kind} → ${to.phase.kind} (${to.why}); its story: ${describeStory(submission.story)}`,
    )
  }
  leavePhase(turn, submission, to.phase)
  submission.phase = to.phase
  submission.sent = to.phase.kind === 'starting' ? sentNow(turn.nowMs) : null
  submission.progress = ''
  tell(submission.story, { atMs: turn.nowMs, move: `${to.phase.kind}: ${to.why}`, id: 'nodeId' in to.phase ? (to.phase.nodeId ?? '') : '' })
  enterPhase(turn, submission)
  saveSubmission(turn, submission)
  turn.out.push({ type: 'submission-changed', submissionId })
}

function leavePhase(turn: Turn, submission: Submission, next: SubmissionPhase): void {
  const { submissions, nodes } = turn.state
  const { phase, spec } = submission
  const { submissionId } = spec
  submissions.isDue = true
  if (phase.kind === 'pending') {
    const at = submissions.queue.indexOf(submission)
    if (at >= 0) submissions.queue.splice(at, 1)
    return
  }
  if (phase.kind === 'ended') return
  submissions.active.delete(submissionId)
  removeFrom(submissions.ofNode, phase.nodeId, submissionId)
  const node = nodes.get(phase.nodeId)
  if (phase.kind === 'starting' && node) settle(turn, node, promiseOf(submission), next.kind === 'running' ? heldBy(submission) : {})
}

function enterPhase(turn: Turn, submission: Submission): void {
  const { state, nowMs } = turn
  const { submissions } = state
  const { phase, spec } = submission
  const { submissionId } = spec
  switch (phase.kind) {
    case 'pending':
      submission.waitsSinceMs = nowMs
      return enqueueSubmission(turn, submission)
    case 'starting':
    case 'running': {
      submissions.active.add(submissionId)
      addTo(submissions.ofNode, phase.nodeId, submissionId)
      const node = state.nodes.get(phase.nodeId)
      const amounts = heldBy(submission)
      if (phase.kind === 'starting' && node && Object.keys(amounts).length > 0) reserve(turn, node, { key: promiseOf(submission), amounts })
      return
    }
    case 'ended':
      submission.isStopping = false
      for (const evicted of addBounded(submissions.ended, submissionId, state.config.keptSubmissions)) forgetSubmission(turn, evicted)
  }
}

const heldBy = ({ spec }: Submission): Amounts => amountsFrom(spec.placement?.resources ?? {})

const promiseOf = ({ spec }: Submission): string => `submission:${spec.submissionId}`

/** Puts it behind those of the same priority that came before. */
export function enqueueSubmission(turn: Turn, submission: Submission): void {
  const { submissions } = turn.state
  const { queue } = submissions
  let low = 0
  let high = queue.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const other = queue[middle]
    if (other && isBefore(other, submission)) low = middle + 1
    else high = middle
  }
  queue.splice(low, 0, submission)
  submissions.isDue = true
}

const isBefore = (one: Submission, other: Submission): boolean =>
  one.spec.priority === other.spec.priority ? one.order < other.order : one.spec.priority > other.spec.priority

export function forgetSubmission(turn: Turn, submissionId: string): void {
  const { submissions } = turn.state
  submissions.all.delete(submissionId)
  submissions.ended.delete(submissionId)
  forget(turn, 'submissions', submissionId)
  turn.out.push({ type: 'submission-changed', submissionId })
}

export function startSubmission(turn: Turn, submission: Submission, nodeId: string): void {
  const { submissions } = turn.state
  submissions.lastAttempt = Math.max(submissions.lastAttempt + 1, Math.floor(turn.nowMs)) // higher than any before a restart, as time goes on
  submission.attempt = submissions.lastAttempt
  moveSubmission(turn, submission, { phase: { kind: 'starting', nodeId, sinceMs: turn.nowMs }, why: 'placed' })
  sendSubmissionStart(turn, submission)
}

export function sendSubmissionStart(turn: Turn, submission: Submission): void {
  if (submission.phase.kind === 'starting') send(turn, submission.phase.nodeId, { type: 'submission.start', order: orderOf(submission) })
}

export function sendSubmissionStop(turn: Turn, submission: Submission): void {
  const { phase, spec, attempt, isStopping } = submission
  if (phase.kind === 'running' && isStopping)
    send(turn, phase.nodeId, { type: 'submission.stop', submissionId: spec.submissionId, attempt })
}

/** It is over. What may still run of it is ended by an order that is repeated until its node says that it is gone. */
export function endSubmission(turn: Turn, submission: Submission, ended: { end: SubmissionEnd; mayStillRun: boolean }): void {
  const { phase, spec, attempt } = submission
  if (phase.kind === 'ended') return
  const nodeId = phase.kind === 'pending' ? null : phase.nodeId
  const ranSinceMs = phase.kind === 'running' ? phase.sinceMs : null
  const end = { ...ended.end, message: ended.end.message.slice(0, longestJobMessage + 1_024) }
  moveSubmission(turn, submission, { phase: { kind: 'ended', nodeId, end, atMs: turn.nowMs, ranSinceMs }, why: end.status })
  note(turn, 'submission.ended', { submissionId: spec.submissionId, status: end.status, errorType: end.errorType ?? '' })
  if (ended.mayStillRun && nodeId !== null) orderRunEnd(turn, { nodeId, submissionId: spec.submissionId, attempt })
}

export const runKey = (run: { nodeId: string; submissionId: string; attempt: number }): string =>
  `${run.nodeId} ${run.submissionId} ${run.attempt}`

/** Nobody counts on this run: tell its node until it is gone. */
export function orderRunEnd(turn: Turn, run: { nodeId: string; submissionId: string; attempt: number }): void {
  const { runEnds } = turn.state.submissions
  if (turn.state.nodes.get(run.nodeId)?.phase.kind === 'dead') return
  const key = runKey(run)
  runEnds.set(key, { ...run, sent: sentNow(turn.nowMs, runEnds.get(key)?.sent) })
  send(turn, run.nodeId, { type: 'submission.stop', submissionId: run.submissionId, attempt: run.attempt })
}
