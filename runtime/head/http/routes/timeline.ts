import { TimelineQuery } from '../../../api/state/query.ts'
import type { HeadApp, HttpParts } from '../parts.ts'
import { queryValues } from '../request-values.ts'

/** Attempts of one answer, as Ray has it. */
const timelineLimit = 10_000

/** What ran where and when, for chrome://tracing and Perfetto: the newest of what has ended. */
export function timelineRoutes(app: HeadApp, { history }: HttpParts): void {
  app.get('/api/v0/tasks/timeline', async (context) => {
    const { job_id: jobId, download } = queryValues(context, TimelineQuery)
    const filters = jobId === undefined ? [] : [{ column: 'job_id', operator: '=' as const, values: [jobId] }]
    const text = await history.timelineText({ filters, excludeDriver: true }, timelineLimit)
    const isFile = download === '1' || download === 'true'
    const name = `timeline-${jobId ?? 'all'}-${new Date().toISOString().slice(0, 19).replaceAll(':', '-')}.json`
    return context.body(text, 200, {
      'content-type': 'application/json; charset=utf-8',
      ...(isFile ? { 'content-disposition': `attachment; filename="${name}"` } : {}),
    })
  })
}
