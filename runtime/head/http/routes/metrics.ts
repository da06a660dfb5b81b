import { MetricsText } from '../metrics-text.ts'
import type { HeadApp, HttpParts } from '../parts.ts'

/** For Prometheus: the head has the figures of every node, so it is the one target. */
export function prometheusRoutes(app: HeadApp, parts: HttpParts): void {
  const text = new MetricsText(parts)
  app.get('/metrics', async (context) => context.body(await text.read(), 200, { 'content-type': text.contentType }))
  app.get('/api/prometheus/sd', (context) => context.json([{ labels: { job: 'ray' }, targets: [parts.apiAddress()] }]))
}
