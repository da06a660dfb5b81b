import { type FaultStory, mayHaveEnded } from './faults.ts'
import type { TrackedJob } from './load.ts'

export type JobVerdict = 'as known' | 'lost with its node' | 'wrong' | 'never taken'

/** Before a fault is known to be over, and after: what a node suffered is told some time later. */
const marginMs = 30_000

/** What became of it, and why that is wrong where it is. `nameOfNode`: of every node that ever was. */
export function judgeJob(
  { known, acceptedAtMs, submittedAtMs, end, endedAtMs = Date.now(), problems }: TrackedJob,
  stories: readonly FaultStory[],
  nameOfNode: ReadonlyMap<string, string>,
): { readonly verdict: JobVerdict; readonly problems: readonly string[] } {
  if (acceptedAtMs === undefined) return { verdict: problems.length === 0 ? 'never taken' : 'wrong', problems }
  if (!end) return { verdict: 'wrong', problems: problems.length === 0 ? ['it has no end'] : problems }
  const told = `it ended ${end.status}${end.driver_exit_code === null ? '' : ` with ${end.driver_exit_code}`}, ${end.error_type ?? 'no error'}: ${(end.message ?? '').slice(-600)}`
  if (end.status === known.ends && end.driver_exit_code === known.exitCode)
    return { verdict: problems.length === 0 ? 'as known' : 'wrong', problems }
  if (end.status !== 'FAILED' || end.error_type !== 'JOB_SUPERVISOR_ACTOR_DIED') return { verdict: 'wrong', problems: [told, ...problems] }
  const host = nameOfNode.get(end.driver_node_id ?? '')
  const time = { fromMs: submittedAtMs - marginMs, toMs: endedAtMs + marginMs }
  if (host !== undefined && !mayHaveEnded(stories, host, time))
    return { verdict: 'wrong', problems: [`${told}; and nothing happened to ${host} that ends jobs`, ...problems] }
  return { verdict: problems.length === 0 ? 'lost with its node' : 'wrong', problems }
}
