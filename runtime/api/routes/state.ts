import type * as z from 'zod'
import { ActorStateRow, ActorSummaryBody } from '../state/actors.ts'
import { ClusterEventStateRow } from '../state/cluster-events.ts'
import { JobStateRow } from '../state/jobs.ts'
import { NodeStateRow } from '../state/nodes.ts'
import { ObjectStateRow, ObjectSummaryBody } from '../state/objects.ts'
import { PlacementGroupStateRow } from '../state/placement-groups.ts'
import { StateListQuery, StateSummaryQuery, stateAnswerOf, summaryAnswerOf, TimelineQuery } from '../state/query.ts'
import { RuntimeEnvStateRow } from '../state/runtime-envs.ts'
import { queryLanguage, ShoalListAnswer, shoalListPath, ShoalListQuery } from '../state/shoal-lists.ts'
import { LineageSummaryBody, TaskStateRow, TaskSummaryBody, TimelineEvent } from '../state/tasks.ts'
import { WorkerStateRow } from '../state/workers.ts'
import type { RouteRow } from './route-row.ts'

const get = { method: 'get', tag: 'state' } as const
const ok = (schema: z.ZodType) => ({ 200: { description: 'What was asked for.', schema } })

const lists = [
  ['nodes', 'listNodes', 'Nodes, dead ones too.', NodeStateRow],
  ['tasks', 'listTasks', 'Task attempts: waiting, running and ended, each attempt a row.', TaskStateRow],
  ['actors', 'listActors', 'Actors, dead ones too.', ActorStateRow],
  [
    'objects',
    'listObjects',
    'References to objects, as the processes that hold them tell; an object may come more than once.',
    ObjectStateRow,
  ],
  ['workers', 'listWorkers', 'Worker processes and drivers, and those that ended.', WorkerStateRow],
  ['jobs', 'listJobStates', 'Submitted jobs, and programs that joined by themselves.', JobStateRow],
  ['placement_groups', 'listPlacementGroups', 'Placement groups, removed ones too.', PlacementGroupStateRow],
  ['runtime_envs', 'listRuntimeEnvs', 'Environments of submitted jobs, by node.', RuntimeEnvStateRow],
  ['cluster_events', 'listClusterEvents', 'What happened, in sentences.', ClusterEventStateRow],
] as const

const rayLists: readonly RouteRow[] = lists.map(([name, id, summary, row]) => ({
  ...get,
  path: `/api/v0/${name}` as const,
  id,
  summary: `${summary} Filters hold before the limit.`,
  query: StateListQuery,
  answers: ok(stateAnswerOf(row)),
}))

const shoalLists: readonly RouteRow[] = lists
  .filter(([name]) => name !== 'jobs') // they have a list of their own
  .map(([name, id, summary]) => ({
    method: 'get' as const,
    tag: 'lists',
    path: shoalListPath(name),
    id: id.replace('list', 'page'),
    summary,
    description: queryLanguage,
    query: ShoalListQuery,
    answers: ok(ShoalListAnswer),
  }))

/** Ray's State API, and the lists of our own that go further. */
export const stateRows: readonly RouteRow[] = [
  ...rayLists,
  {
    ...get,
    path: '/api/v0/tasks/summarize',
    id: 'summarizeTasks',
    summary: 'Counts of attempts by function and state, or as a tree of what made what.',
    query: StateSummaryQuery,
    answers: ok(summaryAnswerOf(TaskSummaryBody.or(LineageSummaryBody))),
  },
  {
    ...get,
    path: '/api/v0/actors/summarize',
    id: 'summarizeActors',
    summary: 'Counts of actors by class and state.',
    query: StateSummaryQuery,
    answers: ok(summaryAnswerOf(ActorSummaryBody)),
  },
  {
    ...get,
    path: '/api/v0/objects/summarize',
    id: 'summarizeObjects',
    summary: 'Counts and sizes of references by call site.',
    query: StateSummaryQuery,
    answers: ok(summaryAnswerOf(ObjectSummaryBody)),
  },
  {
    ...get,
    path: '/api/v0/tasks/timeline',
    id: 'getTimeline',
    summary: 'What ran where and when, as Chrome trace events.',
    query: TimelineQuery,
    answers: ok(TimelineEvent.array()),
  },
  ...shoalLists,
]
