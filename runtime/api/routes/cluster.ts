import * as z from 'zod'
import { envelopeOf } from '../envelope.ts'
import { LegacyEvent, LegacyEventsQuery } from '../events-legacy.ts'
import { ActorAnswer, ActorPath, ActorsAnswer, ActorsQuery } from '../logical-actors.ts'
import { NodeAnswer, NodePath, NodesAnswer, NodesQuery } from '../nodes.ts'
import { openApiPath } from '../openapi-path.ts'
import { VersionInfo } from '../version.ts'
import type { RouteAnswer, RouteRow } from './route-row.ts'

const ok = (schema: z.ZodType, description = 'What was asked for.'): Readonly<Record<number, RouteAnswer>> => ({
  200: { description, schema },
})
const text = (description: string): RouteAnswer => ({ description, schema: z.string(), contentType: 'text/plain' })
const get = { method: 'get', tag: 'cluster' } as const
const library = { tag: 'libraries' } as const
const noServe = { 501: text('Ray Serve is not on this head.') }
const profiling = { 403: text('Profiling is off.') }

/** What is asked of the cluster as a whole, and what Ray's dashboard asks of nodes and actors. */
export const clusterRows: readonly RouteRow[] = [
  { ...get, path: '/', id: 'getRoot', summary: 'Says what this is.', isPublic: true, answers: { 200: text('A sentence.') } },
  {
    ...get,
    path: '/api/authentication_mode',
    id: 'getAuthenticationMode',
    tag: 'auth',
    summary: 'Whether a token is wanted; always.',
    isPublic: true,
    answers: ok(z.object({ authentication_mode: z.enum(['token', 'disabled']) })),
  },
  {
    method: 'post',
    tag: 'auth',
    path: '/api/authenticate',
    id: 'authenticate',
    summary: 'Takes the token of the Authorization header, and sets it as a cookie for thirty days.',
    isPublic: true,
    answers: { ...ok(z.object({ status: z.string(), message: z.string() })), 401: text('No token.'), 403: text('A wrong token.') },
  },
  { ...get, path: '/api/version', id: 'getVersion', summary: 'Which API this head speaks.', answers: ok(VersionInfo) },
  { ...get, path: '/api/ray/version', id: 'getRayVersion', summary: 'The same, for the Serve client.', answers: ok(VersionInfo) },
  {
    ...get,
    path: '/api/gcs_healthz',
    id: 'getHealth',
    summary: 'Whether the head answers.',
    isPublic: true,
    answers: { 200: { description: 'The word success.', schema: z.string(), contentType: 'application/text' } },
  },
  {
    ...get,
    path: '/api/cluster_status',
    id: 'getClusterStatus',
    summary: 'Nodes, usage and demand, as ray status shows them.',
    query: z.object({ format: z.enum(['0', '1']).optional() }),
    answers: ok(
      envelopeOf(
        z.object({
          clusterStatus: z
            .union([z.string(), z.looseObject({ loadMetricsReport: z.looseObject({}), autoscalerReport: z.looseObject({}) })])
            .nullable(),
          autoscalingStatus: z.string().nullish(),
          autoscalingError: z.string().nullish(),
        }),
      ),
    ),
  },
  {
    ...get,
    path: '/api/v0/cluster_metadata',
    id: 'getClusterMetadata',
    summary: 'Versions of this cluster.',
    answers: ok(envelopeOf(z.looseObject({ rayVersion: z.string(), pythonVersion: z.string() }))),
  },
  {
    ...get,
    path: '/cluster_id',
    id: 'getClusterId',
    summary: 'The id of this cluster.',
    answers: ok(envelopeOf(z.object({ clusterId: z.string() }))),
  },
  {
    ...get,
    path: '/usage_stats_enabled',
    id: 'getUsageStats',
    summary: 'Whether usage is reported to anybody; never.',
    answers: ok(envelopeOf(z.object({ usageStatsEnabled: z.boolean(), usageStatsPromptEnabled: z.boolean() }))),
  },
  {
    ...get,
    path: '/timezone',
    id: 'getTimezone',
    summary: 'Where the head stands.',
    answers: ok(z.object({ offset: z.string().nullable(), value: z.string().nullable() })),
  },
  {
    ...get,
    path: '/api/component_activities',
    id: 'getComponentActivities',
    summary: 'Whether anything runs here.',
    answers: ok(
      z.record(
        z.string(),
        z.object({
          is_active: z.enum(['ACTIVE', 'INACTIVE', 'ERROR']),
          reason: z.string().nullish(),
          timestamp: z.number(),
          last_activity_at: z.number().nullish(),
        }),
      ),
    ),
  },
  {
    ...get,
    path: '/nodes',
    id: 'listNodeSummaries',
    tag: 'nodes',
    summary: 'All nodes with the load of their machines.',
    query: NodesQuery,
    answers: ok(NodesAnswer),
  },
  {
    ...get,
    path: '/nodes/{node_id}',
    id: 'getNodeDetail',
    tag: 'nodes',
    summary: 'One node with its workers and actors.',
    params: NodePath,
    answers: ok(NodeAnswer),
  },
  {
    ...get,
    path: '/logical/actors',
    id: 'listLogicalActors',
    tag: 'actors',
    summary: 'Actors with the processes that they are.',
    query: ActorsQuery,
    answers: ok(ActorsAnswer),
  },
  {
    ...get,
    path: '/logical/actors/{actor_id}',
    id: 'getLogicalActor',
    tag: 'actors',
    summary: 'One of them.',
    params: ActorPath,
    answers: ok(ActorAnswer),
  },
  {
    ...get,
    path: '/events',
    id: 'listLegacyEvents',
    tag: 'events',
    summary: 'Things to know, by job.',
    query: LegacyEventsQuery,
    answers: ok(
      envelopeOf(
        z.object({ jobId: z.string().optional(), events: z.union([z.array(LegacyEvent), z.record(z.string(), z.array(LegacyEvent))]) }),
      ),
    ),
  },
  {
    ...get,
    ...library,
    path: '/api/profiling_enabled',
    id: 'getProfilingEnabled',
    summary: 'Whether profilers may be used; no.',
    answers: ok(envelopeOf(z.object({ profilingEnabled: z.boolean() }))),
  },
  { ...get, ...library, path: '/worker/traceback', id: 'getWorkerTraceback', summary: 'Refused.', answers: profiling },
  { ...get, ...library, path: '/worker/cpu_profile', id: 'getWorkerCpuProfile', summary: 'Refused.', answers: profiling },
  { ...get, ...library, path: '/worker/gpu_profile', id: 'getWorkerGpuProfile', summary: 'Refused.', answers: profiling },
  { ...get, ...library, path: '/worker/jax_profile', id: 'getWorkerJaxProfile', summary: 'Refused.', answers: profiling },
  { ...get, ...library, path: '/task/traceback', id: 'getTaskTraceback', summary: 'Refused.', answers: profiling },
  { ...get, ...library, path: '/task/cpu_profile', id: 'getTaskCpuProfile', summary: 'Refused.', answers: profiling },
  { ...get, ...library, path: '/memory_profile', id: 'getMemoryProfile', summary: 'Refused.', answers: profiling },
  { ...get, ...library, path: '/api/serve/applications/', id: 'getServeApplications', summary: 'Not on this head.', answers: noServe },
  {
    ...library,
    method: 'put',
    path: '/api/serve/applications/',
    id: 'putServeApplications',
    summary: 'Not on this head.',
    answers: noServe,
  },
  {
    ...library,
    method: 'delete',
    path: '/api/serve/applications/',
    id: 'deleteServeApplications',
    summary: 'Not on this head.',
    answers: noServe,
  },
  {
    ...get,
    ...library,
    path: '/api/train/v2/runs/v1',
    id: 'listTrainRuns',
    summary: 'Not on this head.',
    answers: { 500: text('Ray Train is not on this head.') },
  },
  {
    ...get,
    ...library,
    path: '/api/train/v2/runs',
    id: 'listTrainRunsUnversioned',
    summary: 'Not on this head.',
    answers: { 500: text('Ray Train is not on this head.') },
  },
  {
    ...get,
    ...library,
    path: '/api/data/datasets/{job_id}',
    id: 'listDatasets',
    summary: 'Not on this head.',
    answers: { 503: text('Ray Data is not on this head.') },
  },
  {
    ...get,
    ...library,
    path: '/api/grafana_health',
    id: 'getGrafanaHealth',
    summary: 'Whether charts come from a Grafana; no.',
    answers: ok(envelopeOf(z.object({ grafanaHost: z.string() }))),
  },
  {
    ...get,
    ...library,
    path: '/api/prometheus_health',
    id: 'getPrometheusHealth',
    summary: 'Whether a Prometheus stands behind this head; no.',
    answers: {
      500: { description: 'None does.', schema: z.object({ result: z.literal(false), msg: z.string(), data: z.looseObject({}) }) },
    },
  },
  { ...get, path: openApiPath, id: 'getOpenApi', summary: 'This document.', answers: ok(z.looseObject({ openapi: z.string() })) },
]
