import type * as z from 'zod'
import {
  ActorPath,
  CancelQuery,
  ControlAnswer,
  controlPaths,
  DrainBody,
  DryRunQuery,
  GroupPath,
  JobPath,
  KillQuery,
  NodePath,
  TaskPath,
  WorkerPath,
} from '../control.ts'
import type { RouteRow } from './route-row.ts'

const control = {
  method: 'post',
  tag: 'control',
  description: 'Wants the full token. `dry_run=true` does nothing, and says what else would end.',
  answers: { 200: { description: 'What was done, and what else ends.', schema: ControlAnswer }, 404: { description: 'No such thing.' } },
} as const

type Controlled = {
  readonly path: `/${string}`
  readonly id: string
  readonly summary: string
  readonly params: z.ZodObject
  readonly query: z.ZodObject
}
const row = (about: Controlled): RouteRow => ({ ...control, ...about })

export const controlRows: readonly RouteRow[] = [
  row({ path: controlPaths.stopJob, id: 'stopAnyJob', summary: 'Stops a job, submitted or not.', params: JobPath, query: DryRunQuery }),
  row({
    path: controlPaths.cancelTask,
    id: 'cancelTask',
    summary: 'Cancels a task, with `force` by ending its worker.',
    params: TaskPath,
    query: CancelQuery,
  }),
  row({
    path: controlPaths.killActor,
    id: 'killActor',
    summary: 'Kills an actor, for good unless `no_restart=false`.',
    params: ActorPath,
    query: KillQuery,
  }),
  row({
    path: controlPaths.endWorker,
    id: 'endWorker',
    summary: 'Ends a worker, or lets a driver go.',
    params: WorkerPath,
    query: DryRunQuery,
  }),
  {
    ...row({
      path: controlPaths.drainNode,
      id: 'drainNode',
      summary: 'Gives a node no new work, and lets it leave.',
      params: NodePath,
      query: DryRunQuery,
    }),
    body: { schema: DrainBody },
  },
  row({
    path: controlPaths.removeGroup,
    id: 'removePlacementGroup',
    summary: 'Removes a placement group.',
    params: GroupPath,
    query: DryRunQuery,
  }),
]
