import { envelope } from '../../../api/envelope.ts'
import { type LegacyEvent, LegacyEventsQuery } from '../../../api/events-legacy.ts'
import type { HeadApp, HttpParts } from '../parts.ts'
import { queryValues } from '../request-values.ts'

export function legacyEventRoutes(app: HeadApp, { clusterEvents }: HttpParts): void {
  app.get('/events', (context) => {
    const { job_id: jobId } = queryValues(context, LegacyEventsQuery)
    const events = clusterEvents?.({ jobId }) ?? []
    if (jobId !== undefined) return context.json(envelope({ jobId, events }, 'Job events fetched.'))
    const byJob: Record<string, LegacyEvent[]> = {}
    for (const event of events) (byJob[event.jobId || 'global'] ??= []).push(event)
    return context.json(envelope({ events: byJob }, 'All events fetched.'))
  })
}
