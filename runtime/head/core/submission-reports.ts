import type { HeldSubmission, SubmissionOutcome } from '../../protocol/jobs.ts'
import { send, type Turn } from './events.ts'
import type { HeadNode } from './state.ts'
import { isSameRun, type Submission, type SubmissionEnd } from './submission.ts'
import { endSubmission, moveSubmission, orderRunEnd, runKey, sendSubmissionStart, sendSubmissionStop } from './submission-moves.ts'
import { saveSubmission } from './submission-rows.ts'

type Run = { readonly submissionId: string; readonly attempt: number }

/** How long a node that said it had no room is passed over: by then its report shows what it has. */
const refusalMs = 1_000

/** The job whose present run is on this node; undefined for a report that is late or repeated. */
function findCurrent(turn: Turn, nodeId: string, run: Run): Submission | undefined {
  const submission = turn.state.submissions.all.get(run.submissionId)
  return submission && submission.phase.kind !== 'ended' && isSameRun(submission, run, nodeId) ? submission : undefined
}

export function onSubmissionRefused(turn: Turn, nodeId: string, run: Run): void {
  turn.state.submissions.runEnds.delete(runKey({ nodeId, ...run }))
  const submission = findCurrent(turn, nodeId, run)
  if (submission?.phase.kind !== 'starting') return
  turn.state.submissions.refusals.set(nodeId, turn.nowMs + refusalMs)
  moveSubmission(turn, submission, { phase: { kind: 'pending' }, why: 'no room after all' })
}

export function onSubmissionProgress(turn: Turn, nodeId: string, report: Run & { what: string }): void {
  const submission = findCurrent(turn, nodeId, report)
  if (submission?.phase.kind === 'starting') submission.progress = report.what
}

export function onSubmissionRunning(turn: Turn, nodeId: string, report: Run & { pid: number }): void {
  const submission = findCurrent(turn, nodeId, report)
  if (submission === undefined) return orderRunEnd(turn, { nodeId, ...pick(report) })
  if (submission.phase.kind !== 'starting') return
  const phase = { kind: 'running', nodeId, pid: report.pid, sinceMs: turn.nowMs } as const
  moveSubmission(turn, submission, { phase, why: `process ${report.pid}` })
}

/** The answer lets the agent forget the run; it is given again when it was lost. */
export function onSubmissionEnded(turn: Turn, nodeId: string, report: Run & { outcome: SubmissionOutcome }): void {
  turn.state.submissions.runEnds.delete(runKey({ nodeId, ...report }))
  const submission = findCurrent(turn, nodeId, report)
  if (submission) endSubmission(turn, submission, { end: endOf(submission, report.outcome), mayStillRun: false })
  send(turn, nodeId, { type: 'submission.taken', ...pick(report) })
}

function endOf({ phase }: Submission, outcome: SubmissionOutcome): SubmissionEnd {
  switch (outcome.kind) {
    case 'stopped':
      return { status: 'STOPPED', message: 'The job was stopped as asked.', errorType: null, exitCode: null }
    case 'exited':
      return outcome.exitCode === 0
        ? { status: 'SUCCEEDED', message: 'The job ended well.', errorType: null, exitCode: 0 }
        : {
            status: 'FAILED',
            message: `The command of the job ended with ${describeExit(outcome.exitCode)}. The end of its log (at most 20,000 characters):\n${outcome.logTail}`,
            errorType: 'JOB_ENTRYPOINT_COMMAND_ERROR',
            exitCode: outcome.exitCode,
          }
    case 'failed':
      return { status: 'FAILED', message: outcome.message, errorType: outcome.errorType, exitCode: null }
    case 'unknown': {
      const message = `The node that the job was ${phase.kind === 'running' ? 'running' : 'starting'} on knows nothing of it any more; submit it again.`
      return { status: 'FAILED', message, errorType: 'JOB_SUPERVISOR_ACTOR_DIED', exitCode: null }
    }
  }
}

const describeExit = (exitCode: number): string => (exitCode < 0 ? `signal ${-exitCode}` : `exit code ${exitCode}`)

/** Its node is dead. A job that may have begun is never begun a second time by itself. */
export function loseSubmissions(turn: Turn, nodeId: string, why: string): void {
  const { submissions, nodes } = turn.state
  for (const [key, { nodeId: endingOn }] of submissions.runEnds) if (endingOn === nodeId) submissions.runEnds.delete(key)
  submissions.refusals.delete(nodeId)
  const node = nodes.get(nodeId)
  const name = node && node.nodeName !== '' ? `${node.nodeName} (${nodeId})` : nodeId
  for (const submissionId of [...(submissions.ofNode.get(nodeId) ?? [])]) {
    const submission = submissions.all.get(submissionId)
    if (submission === undefined) continue
    const message = `The node of the job died with it: ${name}: ${why}. Submit the job again; what it wrote to its log until then may still be readable.`
    endSubmission(turn, submission, {
      end: { status: 'FAILED', message, errorType: 'JOB_SUPERVISOR_ACTOR_DIED', exitCode: null },
      mayStillRun: false,
    })
  }
}

/** A node registers: what it holds is compared with what we know, and every difference is mended. How runs ended it says by itself. */
export function reconcileSubmissions(turn: Turn, node: HeadNode, held: readonly HeldSubmission[]): void {
  const { submissions } = turn.state
  const { nodeId } = node
  const listed = new Map(held.map((run) => [runKey({ nodeId, ...run }), run]))
  for (const run of [...submissions.runEnds.values()]) if (run.nodeId === nodeId) orderRunEnd(turn, run)
  for (const run of held) {
    if (run.phase === 'ended') continue
    if (run.phase === 'running' || findCurrent(turn, nodeId, run) === undefined) onSubmissionRunning(turn, nodeId, run)
  }
  for (const submissionId of [...(submissions.ofNode.get(nodeId) ?? [])]) {
    const submission = submissions.all.get(submissionId)
    if (submission === undefined || listed.has(runKey({ nodeId, submissionId, attempt: submission.attempt }))) {
      if (submission) sendSubmissionStop(turn, submission)
    } else if (submission.phase.kind === 'starting') sendSubmissionStart(turn, submission)
    else endSubmission(turn, submission, { end: endOf(submission, { kind: 'unknown' }), mayStillRun: false })
  }
}

/** A driver joins from inside a submitted job: each is shown with the other. */
export function linkDriver(
  turn: Turn,
  nodeId: string,
  driver: { submissionId?: string | undefined; jobId: string; pid: number },
): { submissionId?: string } {
  const submission = turn.state.submissions.all.get(driver.submissionId ?? '')
  if (submission === undefined || submission.phase.kind === 'ended') return {}
  submission.driver = { jobId: driver.jobId, nodeId, pid: driver.pid }
  saveSubmission(turn, submission)
  turn.out.push({ type: 'submission-changed', submissionId: submission.spec.submissionId })
  return { submissionId: submission.spec.submissionId }
}

const pick = ({ submissionId, attempt }: Run): Run => ({ submissionId, attempt })
