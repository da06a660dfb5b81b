import { LatestQuery, metricNamesPath, metricsLatestPath, metricsPath, MetricsQuery } from '../../../api/metrics.ts'
import { ClusterError } from '../../../base/errors.ts'
import { metricNames } from '../../metrics/series.ts'
import type { HeadApp, HttpParts } from '../parts.ts'
import { queryValues } from '../request-values.ts'

const hourMs = 3_600_000

/** The load of machines: now, and as lines for charts. */
export function metricRoutes(app: HeadApp, { head, metrics, clock }: HttpParts): void {
  const known = new Set(metricNames.map(({ name }) => name))
  const living = () => head.state.livingNodes.map(({ nodeId }) => nodeId)
  app.get(metricNamesPath, (context) => context.json({ names: metricNames }))
  app.get(metricsLatestPath, (context) => {
    const { nodes } = queryValues(context, LatestQuery)
    return context.json({ nodes: (nodes ?? living()).flatMap((nodeId) => metrics.latest(nodeId) ?? []) })
  })
  app.get(metricsPath, async (context) => {
    const { names, nodes, from, to = clock.nowMs(), points } = queryValues(context, MetricsQuery)
    const unknown = names.find((name) => !known.has(name))
    if (unknown !== undefined)
      throw new ClusterError(
        'bad-argument',
        `query parameter "names": there is no metric ${JSON.stringify(unknown)}; ${metricNamesPath} lists all`,
      )
    const fromMs = from ?? to - hourMs
    if (fromMs >= to) throw new ClusterError('bad-argument', `query parameter "from": ${fromMs} is not before "to", ${to}`)
    return context.json(await metrics.history({ names, nodeIds: nodes ?? living(), fromMs, toMs: to, points }))
  })
}
