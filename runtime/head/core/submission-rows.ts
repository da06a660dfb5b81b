import type { Turn } from './events.ts'
import type { Submission, SubmissionDriver, SubmissionPhase, SubmissionSpec } from './submission.ts'

export type SavedSubmission = {
  readonly spec: SubmissionSpec
  readonly order: number
  readonly attempt: number
  readonly phase: SubmissionPhase
  readonly driver: SubmissionDriver | null
  readonly isStopping: boolean
}

export function saveSubmission(turn: Turn, submission: Submission): void {
  const { spec, order, attempt, phase, driver, isStopping } = submission
  turn.out.push({
    type: 'save',
    row: { table: 'submissions', key: spec.submissionId, value: { spec, order, attempt, phase, driver, isStopping } },
  })
}
