import * as z from 'zod'
import {
  LatestMetrics,
  LatestQuery,
  MetricHistory,
  MetricNames,
  metricNamesPath,
  metricsLatestPath,
  metricsPath,
  MetricsQuery,
} from '../metrics.ts'
import type { RouteRow } from './route-row.ts'

const metrics = { method: 'get', tag: 'metrics' } as const

export const metricRows: readonly RouteRow[] = [
  {
    ...metrics,
    path: '/metrics',
    id: 'getPrometheusMetrics',
    summary: "Figures of every node in Prometheus' text format, under Ray's names.",
    description: 'The head is the one target. Prometheus sends the read-only token with `authorization: {credentials_file: …}`.',
    answers: { 200: { description: 'Text, version 0.0.4.', schema: z.string(), contentType: 'text/plain; version=0.0.4; charset=utf-8' } },
  },
  {
    ...metrics,
    path: '/api/prometheus/sd',
    id: 'getPrometheusTargets',
    summary: 'Where Prometheus finds the figures, for its http_sd_configs.',
    answers: {
      200: {
        description: 'One target: this head.',
        schema: z.array(z.object({ labels: z.record(z.string(), z.string()), targets: z.array(z.string()) })),
      },
    },
  },
  {
    ...metrics,
    path: metricNamesPath,
    id: 'listMetricNames',
    summary: 'What can be asked for.',
    answers: { 200: { description: 'All names.', schema: MetricNames } },
  },
  {
    ...metrics,
    path: metricsLatestPath,
    id: 'getLatestMetrics',
    summary: 'The last figures of each node: machine, disks, networks, GPUs, object store, our processes.',
    query: LatestQuery,
    answers: { 200: { description: 'As the nodes sent them.', schema: LatestMetrics } },
  },
  {
    ...metrics,
    path: metricsPath,
    id: 'getMetricHistory',
    summary: 'Figures over time, as lines for charts.',
    description:
      'Kept without any other program: every 2 s for 15 minutes, 10 s for 6 hours, 1 minute for 3 days, 10 minutes for 30 days, as least, mean and greatest; for a shorter time when more than 2 GiB are in use.',
    query: MetricsQuery,
    answers: { 200: { description: 'A line for each name, node, and GPU or process.', schema: MetricHistory } },
  },
]
