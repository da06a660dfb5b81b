import type { Turn } from './events.ts'
import { addTo } from './indexes.ts'
import type { Submission } from './submission.ts'
import { newSubmission } from './submission-requests.ts'
import { endSubmission, enqueueSubmission } from './submission-moves.ts'
import type { SavedSubmission } from './submission-rows.ts'

/** As it was. Call it for all rows in one go, after the nodes: a run whose node is dead or unknown is lost. */
export function loadSubmissions(turn: Turn, rows: readonly SavedSubmission[]): void {
  for (const row of [...rows].sort((one, other) => one.order - other.order)) loadSubmission(turn, row)
  const { submissions } = turn.state
  const ended = [...submissions.ended].map((submissionId) => submissions.all.get(submissionId)).filter((each) => each !== undefined)
  submissions.ended.clear()
  for (const { spec } of ended.sort((one, other) => endedAtMs(one) - endedAtMs(other))) submissions.ended.add(spec.submissionId)
}

const endedAtMs = ({ phase }: Submission): number => (phase.kind === 'ended' ? phase.atMs : 0)

function loadSubmission(turn: Turn, saved: SavedSubmission): void {
  const { state, nowMs } = turn
  const { submissions } = state
  const submission: Submission = { ...newSubmission(saved.spec, saved.order), ...saved, waitsSinceMs: nowMs }
  const { submissionId } = saved.spec
  const { phase } = saved
  submissions.all.set(submissionId, submission)
  submissions.nextOrder = Math.max(submissions.nextOrder, saved.order + 1)
  submissions.lastAttempt = Math.max(submissions.lastAttempt, saved.attempt)
  if (phase.kind === 'pending') return enqueueSubmission(turn, submission)
  if (phase.kind === 'ended') return void submissions.ended.add(submissionId)
  submission.sent = phase.kind === 'starting' || submission.isStopping ? { sentAtMs: nowMs, sends: 1 } : null
  submissions.active.add(submissionId)
  addTo(submissions.ofNode, phase.nodeId, submissionId)
  const node = state.nodes.get(phase.nodeId)
  if (node && node.phase.kind !== 'dead') return
  const message = `The node of the job, ${phase.nodeId}, was lost while the head was away.`
  endSubmission(turn, submission, {
    end: { status: 'FAILED', message, errorType: 'JOB_SUPERVISOR_ACTOR_DIED', exitCode: null },
    mayStillRun: false,
  })
}
