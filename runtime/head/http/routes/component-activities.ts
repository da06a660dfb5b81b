import type { HeadApp, HttpParts } from '../parts.ts'

/** Whether anything runs here, for who switches idle clusters off. A submitted command counts as well as a program that joined. */
export function componentActivityRoutes(app: HeadApp, { jobs, clock }: HttpParts): void {
  app.get('/api/component_activities', (context) => {
    const all = jobs.list()
    const active = all.filter(({ status }) => status === 'PENDING' || status === 'RUNNING').length
    const lastEndMs = all.reduce((last, { end_time: endMs }) => Math.max(last, endMs ?? 0), 0)
    return context.json({
      driver: {
        is_active: active > 0 ? 'ACTIVE' : 'INACTIVE',
        reason: active > 0 ? `Number of active drivers: ${active}` : null,
        timestamp: clock.nowMs() / 1_000,
        last_activity_at: lastEndMs > 0 ? lastEndMs / 1_000 : null,
      },
    })
  })
}
