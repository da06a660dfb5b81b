import { type FaultStory, mayHaveEnded, mayHaveLostLines, mayHaveNoRoom } from './faults.ts'
import type { TrackedJob } from './load.ts'

/** `disk full`: its node had no room for its log, or for what it needed, in that time; or a node that its tasks ran on had none, and it says so. */
export type JobVerdict = 'as known' | 'lost with its node' | 'disk full' | 'wrong' | 'never taken'
type Judged = { readonly verdict: JobVerdict; readonly problems: readonly string[] }

/** Before a fault is known to be over, and after: what a node suffered is told some time later. */
const marginMs = 30_000
/** A node that is lost takes along what it wrote last: the head has copies after half a second, or some more where all are busy. */
const copiedWithinMs = 3_000
/** Between the end of a job and when it was seen. */
const lookMs = 2_000

const saysNoRoom = /store\.disk-full|ENOSPC/

/** What became of it, and why that is wrong where it is. `nameOfNode`: of every node that ever was. */
export function judgeJob(job: TrackedJob, stories: readonly FaultStory[], nameOfNode: ReadonlyMap<string, string>): Judged {
  const { known, acceptedAtMs, submittedAtMs, end, endedAtMs = Date.now(), problems, logProblems } = job
  const wrong = (...more: readonly string[]): Judged => ({ verdict: 'wrong', problems: [...more, ...problems, ...logProblems] })
  if (acceptedAtMs === undefined) return problems.length === 0 ? { verdict: 'never taken', problems } : wrong()
  if (!end) return problems.length === 0 ? wrong('it has no end') : wrong()
  const host = nameOfNode.get(end.driver_node_id ?? '') ?? 'a node that is not known'
  const time = { fromMs: submittedAtMs - marginMs, toMs: endedAtMs + marginMs }
  const hadRoom = !mayHaveLostLines(stories, host, time)
  const wentAfterIt = mayHaveEnded(stories, host, { fromMs: endedAtMs - lookMs, toMs: endedAtMs + copiedWithinMs })
  if (problems.length > 0 || (hadRoom && !wentAfterIt && logProblems.length > 0)) return wrong()
  const asItEnded = logProblems.length === 0 ? undefined : wentAfterIt ? 'lost with its node' : 'disk full'
  if (end.status === known.ends && end.driver_exit_code === known.exitCode) return { verdict: asItEnded ?? 'as known', problems }
  const told = `on ${host} it ended ${end.status} with ${end.driver_exit_code ?? 'no exit code'}, ${end.error_type ?? 'no error'}: ${(end.message ?? '').slice(-600)}`
  if (end.status !== 'FAILED') return wrong(told)
  if (!hadRoom && !/the answer is|is not what was put|: a task read|answered call/.test(told)) return { verdict: 'disk full', problems }
  if (saysNoRoom.test(end.message ?? '') && mayHaveNoRoom(stories, time)) return { verdict: 'disk full', problems }
  if (end.error_type !== 'JOB_SUPERVISOR_ACTOR_DIED') return wrong(told)
  if (!mayHaveEnded(stories, host, time)) return wrong(`${told}; and nothing happened there that ends jobs`)
  return { verdict: 'lost with its node', problems }
}
