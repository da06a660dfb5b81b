import type * as z from 'zod'
import { envelopeOf } from '#runtime/api/envelope.ts'
import { JobDetails, JobList } from '#runtime/api/jobs.ts'
import { LogsListing } from '#runtime/api/logs.ts'
import { ActorsAnswer } from '#runtime/api/logical-actors.ts'
import { NodeAnswer, NodesAnswer } from '#runtime/api/nodes.ts'
import { ActorStateRow, ActorSummaryBody } from '#runtime/api/state/actors.ts'
import { ClusterEventStateRow } from '#runtime/api/state/cluster-events.ts'
import { JobStateRow } from '#runtime/api/state/jobs.ts'
import { NodeStateRow } from '#runtime/api/state/nodes.ts'
import { ObjectStateRow, ObjectSummaryBody } from '#runtime/api/state/objects.ts'
import { PlacementGroupStateRow } from '#runtime/api/state/placement-groups.ts'
import { stateAnswerOf, summaryAnswerOf } from '#runtime/api/state/query.ts'
import { RuntimeEnvStateRow } from '#runtime/api/state/runtime-envs.ts'
import { LineageSummaryBody, TaskStateRow, TaskSummaryBody, TimelineEvent } from '#runtime/api/state/tasks.ts'
import { WorkerStateRow } from '#runtime/api/state/workers.ts'
import { VersionInfo } from '#runtime/api/version.ts'

const list = (row: z.ZodType): z.ZodType => stateAnswerOf(row)
const summary = (body: z.ZodType): z.ZodType => summaryAnswerOf(body)

/** Paths of a head, and the schema that its answer is to fit. */
export const answers: readonly (readonly [path: string, schema: z.ZodType])[] = [
  ['/api/version', VersionInfo],
  ['/api/jobs/', JobList],
  ['/api/jobs/workload', JobDetails],
  ...(['', '&detail=1'] as const).flatMap((detail) => [
    [`/api/v0/nodes?limit=100${detail}`, list(NodeStateRow)] as const,
    [`/api/v0/tasks?limit=100&exclude_driver=false${detail}`, list(TaskStateRow)] as const,
    [`/api/v0/actors?limit=100${detail}`, list(ActorStateRow)] as const,
    [`/api/v0/objects?limit=100${detail}`, list(ObjectStateRow)] as const,
    [`/api/v0/workers?limit=100${detail}`, list(WorkerStateRow)] as const,
    [`/api/v0/jobs?limit=100${detail}`, list(JobStateRow)] as const,
    [`/api/v0/placement_groups?limit=100${detail}`, list(PlacementGroupStateRow)] as const,
    [`/api/v0/runtime_envs?limit=100${detail}`, list(RuntimeEnvStateRow)] as const,
    [`/api/v0/cluster_events?limit=100${detail}`, list(ClusterEventStateRow)] as const,
  ]),
  ['/api/v0/tasks/summarize', summary(TaskSummaryBody)],
  ['/api/v0/tasks/summarize?summary_by=lineage', summary(LineageSummaryBody)],
  ['/api/v0/actors/summarize', summary(ActorSummaryBody)],
  ['/api/v0/objects/summarize', summary(ObjectSummaryBody)],
  ['/api/v0/tasks/timeline', TimelineEvent.array()],
  ['/nodes?view=summary', NodesAnswer],
  ['/nodes?view=hostNameList', NodesAnswer],
  ['/logical/actors', ActorsAnswer],
]

/** Those that need the id of a node. */
export const answersOfNode = (nodeId: string): readonly (readonly [path: string, schema: z.ZodType])[] => [
  [`/nodes/${nodeId}`, NodeAnswer],
  [`/api/v0/logs?node_id=${nodeId}&glob=*`, envelopeOf(LogsListing)],
]
