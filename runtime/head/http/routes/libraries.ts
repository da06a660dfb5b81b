import { envelope } from '../../../api/envelope.ts'
import type { HeadApp } from '../parts.ts'

/** Answers of a head of Ray's without its libraries and without Grafana: clients know them, and hide what belongs to these. */
export function libraryRoutes(app: HeadApp): void {
  const noServe = 'Serve is not on this head: it serves no Ray Serve applications'
  app.get('/api/serve/applications/', (context) => context.text(noServe, 501))
  app.put('/api/serve/applications/', (context) => context.text(noServe, 501))
  app.delete('/api/serve/applications/', (context) => context.text(noServe, 501))
  app.get('/api/train/v2/runs/v1', (context) => context.text('Train is not on this head: it knows no runs of Ray Train', 500))
  app.get('/api/train/v2/runs', (context) => context.text('Train is not on this head: it knows no runs of Ray Train', 500))
  app.get('/api/data/datasets/:job_id', (context) => context.text('Data is not on this head: it knows no datasets of Ray Data', 503))
  app.get('/api/grafana_health', (context) => context.json(envelope({ grafanaHost: 'DISABLED' }, 'Grafana disabled')))
  app.get('/api/prometheus_health', (context) =>
    context.json(
      {
        result: false,
        msg: 'prometheus healthcheck failed.',
        data: { reason: 'no Prometheus is set up here, and none is needed: the head keeps the history' },
      },
      500,
    ),
  )
}
