import { envelope } from '../../../api/envelope.ts'
import { rayClusterId } from '../legacy/ray-cluster-id.ts'
import { toGoogleStyle } from '../legacy/google-style.ts'
import { loadReport } from '../legacy/load-report.ts'
import { statusText } from '../legacy/status-text.ts'
import { currentTimezone } from '../legacy/timezone.ts'
import type { HeadApp, HttpParts } from '../parts.ts'

/** What is asked of the cluster as a whole. */
export function clusterRoutes(app: HeadApp, parts: HttpParts): void {
  const { head, clock, clusterId, rayVersion } = parts
  app.get('/', (context) =>
    context.text(
      'This is the HTTP API of a Shoal cluster, which is also that of a Ray head. The panel, the shoal command and the ray command speak it.\n',
    ),
  )
  app.get('/api/gcs_healthz', (context) => context.body('success', 200, { 'content-type': 'application/text' }))
  app.get('/api/cluster_status', (context) => {
    const report = loadReport(head.state, clock.nowMs())
    if (context.req.query('format') === '1') {
      return context.json(envelope({ clusterStatus: statusText(report) }, 'Got formatted cluster status.'))
    }
    return context.json(
      envelope(toGoogleStyle({ autoscaling_status: null, autoscaling_error: null, cluster_status: report }), 'Got cluster status.'),
    )
  })
  app.get('/api/v0/cluster_metadata', (context) =>
    context.json(envelope({ rayVersion, pythonVersion: `none (Node ${process.versions.node})`, rayInitCluster: {} })),
  )
  app.get('/cluster_id', (context) => context.json(envelope({ clusterId: rayClusterId(clusterId) }, 'Fetched cluster id')))
  app.get('/usage_stats_enabled', (context) =>
    context.json(envelope({ usageStatsEnabled: false, usageStatsPromptEnabled: false }, 'Fetched usage stats enabled')),
  )
  app.get('/timezone', (context) => context.json(currentTimezone(new Date(clock.nowMs()))))
}
