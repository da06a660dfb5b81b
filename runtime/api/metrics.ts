import * as z from 'zod'

export const metricsPath = '/api/shoal/v1/metrics'
export const metricNamesPath = '/api/shoal/v1/metrics/names'

export const MetricUnit = z.enum(['percent', 'bytes', 'bytes/s', '1/s', 'count', 'milliwatts', 'celsius', 'load'])

/** One line of a chart. */
export const MetricSeries = z.object({
  name: z.string().max(64),
  unit: MetricUnit,
  nodeId: z.string().max(64),
  /** Of a GPU: `gpu`; of a process: `pid`, `role`. */
  labels: z.record(z.string().max(32), z.string().max(256)),
  /** Start of the step in ms since 1970, least, mean, greatest. Steps without figures are left out. */
  points: z.array(z.tuple([z.number(), z.number(), z.number(), z.number()])).max(10_000),
})
export type MetricSeries = z.infer<typeof MetricSeries>

export const MetricHistory = z.object({
  fromMs: z.number(),
  toMs: z.number(),
  stepMs: z.number().min(1),
  series: z.array(MetricSeries).max(100_000),
  /** Series that would have come too, past the limit of one answer; ask for fewer nodes or names. */
  leftOut: z.int().min(0),
})
export type MetricHistory = z.infer<typeof MetricHistory>

export const MetricNames = z.object({
  names: z.array(
    z.object({ name: z.string().max(64), unit: MetricUnit, per: z.enum(['node', 'gpu', 'process']), help: z.string().max(256) }),
  ),
})

export const metricsLatestPath = '/api/shoal/v1/metrics/latest'

/** `a,b` or repeated. */
const listOf = <Item extends z.ZodType<string, string>>(item: Item, limit: number) =>
  z
    .union([z.string(), z.array(z.string())])
    .transform((value) => (typeof value === 'string' ? value : value.join(',')).split(',').filter((part) => part !== ''))
    .pipe(z.array(item).max(limit))
const NodeIds = listOf(z.string().regex(/^[0-9a-f]{56}$/, 'must be node ids of 56 hex digits'), 10_000)
const timeMs = z.coerce.number().min(0).max(1e15)

export const MetricsQuery = z.object({
  names: listOf(z.string().max(64), 64),
  /** @default all that live */
  nodes: NodeIds.optional(),
  /** Ms since 1970. @default an hour before `to` */
  from: timeMs.optional(),
  /** @default now */
  to: timeMs.optional(),
  points: z.coerce.number().int().min(1).max(2_000).default(200),
})
export const LatestQuery = z.object({ nodes: NodeIds.optional() })
/** The last figures of each node as it sent them; those of a node that has not been heard of are not there. */
export const LatestMetrics = z.object({ nodes: z.array(z.record(z.string(), z.unknown())).max(10_000) })
