import type { BlastRadius, ControlAnswer } from '../../../runtime/api/control.ts'
import { ClusterError } from '../../../runtime/base/errors.ts'
import type { ApiClient } from '../../../runtime/client/api-client.ts'
import type { CallInput } from '../cluster-calls.ts'
import type { Row } from './list-page.ts'
import type { RayLists } from './ray-lists.ts'
import { rayResources } from './ray-rows.ts'

/** Acts that our own heads know and Ray does not, with what a person can do instead. */
const refusals: Readonly<Record<string, string>> = {
  cancelTask: 'a task cannot be cancelled over the HTTP API of Ray; in the program that made it, ray.cancel(ref) does it',
  killActor: 'an actor cannot be killed over the HTTP API of Ray; in Python, ray.kill(handle) does it',
  endWorker: 'a worker process cannot be ended over the HTTP API of Ray; end its process on its node',
  drainNode: "a node cannot be drained over the HTTP API of Ray; on the head's machine, ray drain-node does it",
  removePlacementGroup: 'a placement group cannot be removed over the HTTP API of Ray; in Python, remove_placement_group does it',
}
export const refusalOf = (routeId: string): string | undefined => (Object.hasOwn(refusals, routeId) ? refusals[routeId] : undefined)

type Stop = { readonly id: string; readonly isDryRun: boolean; readonly signal: AbortSignal | undefined }

/** Stops a submitted job, or says what would end with it. @throws ClusterError `not-found`, `not-supported` for a program that joined by itself */
export async function stopRayJob(
  { api, lists }: { api: ApiClient; lists: RayLists },
  { id, isDryRun, signal }: Stop,
): Promise<ControlAnswer> {
  const { rows } = await lists.jobs()
  const job = rows.find((row) => row['id'] === id || row['job_id'] === id)
  if (!job) throw new ClusterError('not-found', `Ray knows no job ${id}`)
  if (job['submission_id'] === null) {
    throw new ClusterError(
      'not-supported',
      'a program that connected to Ray by itself cannot be stopped over its HTTP API; end its process where it runs',
      { details: { job: id } },
    )
  }
  const [status, submission] = [String(job['status']), String(job['submission_id'])]
  const radius = await radiusOf(lists, job)
  const answer = { target: submission, action: 'stop' as const, dryRun: isDryRun, radius }
  if (isDryRun) return { ...answer, done: false, message: `${submission} is ${status}; it would be stopped` }
  const path = `/api/jobs/${encodeURIComponent(submission)}/stop`
  const { stopped } = JSON.parse((await api.send({ method: 'POST', path, ...(signal ? { signal } : {}) })).toString('utf8')) as {
    stopped?: boolean // what Ray answers to it
  }
  const words =
    status === 'PENDING'
      ? 'Ray took the wish; a job that has not begun yet stays PENDING until Ray can place it, and is stopped then'
      : stopped === true
        ? `${submission} is being stopped: its processes have three seconds to end by themselves`
        : `${submission} had ended already: it is ${status}`
  return { ...answer, done: stopped === true, message: words }
}

async function radiusOf(lists: RayLists, job: Row): Promise<BlastRadius> {
  const jobId = job['job_id']
  const none = { count: 0, ids: [] }
  const empty = { nodes: none, jobs: none, actors: none, placement_groups: none, workers: none, tasks: null, objects: null, notes: [] }
  if (typeof jobId !== 'string') return empty
  const filter = [{ column: 'job_id', operator: 'eq' as const, values: [jobId] }]
  const [tasks, actors, groups] = await Promise.all([
    lists.read(rayResources.pageTasks, filter),
    lists.read(rayResources.pageActors, filter),
    lists.read(rayResources.pagePlacementGroups),
  ])
  const ended = new Set(['FINISHED', 'FAILED', 'NIL'])
  const living = actors.rows.filter((row) => row['job_id'] === jobId && row['state'] !== 'DEAD' && row['is_detached'] !== true)
  const held = groups.rows.filter((row) => row['creator_job_id'] === jobId && row['state'] !== 'REMOVED' && row['is_detached'] !== true)
  return {
    ...empty,
    actors: affected(living, 'actor_id'),
    placement_groups: affected(held, 'placement_group_id'),
    tasks: tasks.rows.filter((row) => row['job_id'] === jobId && row['type'] !== 'DRIVER_TASK' && !ended.has(String(row['state']))).length,
    notes: tasks.isCut ? ['Ray lists only some of the tasks: there may be more'] : [],
  }
}

const affected = (rows: readonly Row[], column: string): { count: number; ids: string[] } => ({
  count: rows.length,
  ids: rows.slice(0, 1_000).map((row) => String(row[column])),
})

export const isDryRun = ({ query = {} }: CallInput): boolean => [true, 'true', 'True', '1', 1].includes(query['dry_run'] as string) // any value may stand there
