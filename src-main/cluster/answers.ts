import * as z from 'zod'
import { ControlAnswer } from '../../runtime/api/control.ts'
import { AlertList, EventPage } from '../../runtime/api/events.ts'
import {
  JobDeleteResponse,
  JobDetails,
  JobList,
  JobLogsResponse,
  JobStopResponse,
  JobSubmitResponse,
  ShoalJobDetails,
  ShoalJobPage,
} from '../../runtime/api/jobs.ts'
import { LogSearchPage, LogsListing } from '../../runtime/api/logs.ts'
import { LatestMetrics, MetricHistory, MetricNames } from '../../runtime/api/metrics.ts'
import { envelopeOf, stateListOf } from '../../runtime/api/envelope.ts'
import { ActorStateRow } from '../../runtime/api/state/actors.ts'
import { ClusterEventStateRow } from '../../runtime/api/state/cluster-events.ts'
import { JobStateRow } from '../../runtime/api/state/jobs.ts'
import { NodeStateRow } from '../../runtime/api/state/nodes.ts'
import { ObjectStateRow } from '../../runtime/api/state/objects.ts'
import { PlacementGroupStateRow } from '../../runtime/api/state/placement-groups.ts'
import { RuntimeEnvStateRow } from '../../runtime/api/state/runtime-envs.ts'
import { ShoalListAnswer } from '../../runtime/api/state/shoal-lists.ts'
import { TaskStateRow } from '../../runtime/api/state/tasks.ts'
import { WorkerStateRow } from '../../runtime/api/state/workers.ts'
import { VersionInfo } from '../../runtime/api/version.ts'
import { PendingDemand, Why } from '../../runtime/api/why.ts'

/** What a route answers, for those whose answers the panel reads by name; of the others the table of routes knows the schema, not the type. */
export const answers = {
  getVersion: VersionInfo,
  getClusterId: envelopeOf(z.object({ clusterId: z.string() })),
  submitJob: JobSubmitResponse,
  submitShoalJob: JobSubmitResponse,
  listJobs: JobList,
  getJob: JobDetails,
  stopJob: JobStopResponse,
  deleteJob: JobDeleteResponse,
  getJobLogs: JobLogsResponse,
  listShoalJobs: ShoalJobPage,
  getShoalJob: ShoalJobDetails,
  listNodes: stateListOf(NodeStateRow),
  listTasks: stateListOf(TaskStateRow),
  listActors: stateListOf(ActorStateRow),
  listObjects: stateListOf(ObjectStateRow),
  listWorkers: stateListOf(WorkerStateRow),
  listJobStates: stateListOf(JobStateRow),
  listPlacementGroups: stateListOf(PlacementGroupStateRow),
  listRuntimeEnvs: stateListOf(RuntimeEnvStateRow),
  listClusterEvents: stateListOf(ClusterEventStateRow),
  pageNodes: ShoalListAnswer,
  pageTasks: ShoalListAnswer,
  pageActors: ShoalListAnswer,
  pageObjects: ShoalListAnswer,
  pageWorkers: ShoalListAnswer,
  pagePlacementGroups: ShoalListAnswer,
  pageRuntimeEnvs: ShoalListAnswer,
  pageClusterEvents: ShoalListAnswer,
  listEvents: EventPage,
  listAlerts: AlertList,
  listMetricNames: MetricNames,
  getLatestMetrics: LatestMetrics,
  getMetricHistory: MetricHistory,
  getWhy: z.union([Why, PendingDemand]),
  listLogs: envelopeOf(LogsListing),
  searchLogs: LogSearchPage,
  stopAnyJob: ControlAnswer,
  cancelTask: ControlAnswer,
  killActor: ControlAnswer,
  endWorker: ControlAnswer,
  drainNode: ControlAnswer,
  removePlacementGroup: ControlAnswer,
} as const

export type AnsweredId = keyof typeof answers
export type AnswerOf<Id extends string> = Id extends AnsweredId ? z.infer<(typeof answers)[Id]> : unknown

export const isAnswered = (id: string): id is AnsweredId => Object.hasOwn(answers, id)

/** Lists with filters, order and pages, all answered alike. */
export const pageIds = [
  'pageNodes',
  'pageTasks',
  'pageActors',
  'pageObjects',
  'pageWorkers',
  'pagePlacementGroups',
  'pageRuntimeEnvs',
  'pageClusterEvents',
  'listShoalJobs',
] as const satisfies readonly AnsweredId[]
export type PageId = (typeof pageIds)[number]
