import { alertsPath, EventsQuery, eventsPath, EventStreamQuery } from '../../../api/events.ts'
import { ClusterError } from '../../../base/errors.ts'
import type { HeadApp, HttpParts } from '../parts.ts'
import { queryValues } from '../request-values.ts'

/** Nothing read for so long ends a stream, with 1013. */
const slowMs = 30_000

/** What happens: as pages, newest first, and as a stream that can be resumed. Both are at one path. */
export function eventRoutes(app: HeadApp, { feed }: HttpParts): void {
  const { bus, streams, alerts } = feed
  app.get(alertsPath, (context) => context.json({ alerts: alerts.list() }))
  app.get(eventsPath, async (context, next) => {
    if (context.env.upgrade !== undefined) return next()
    const { kinds, job, node, before, limit } = queryValues(context, EventsQuery)
    const page = bus.readPage(filterOf({ kinds, job, node }), { limit, ...(before === undefined ? {} : { before }) })
    return context.json(page)
  })
  app.webSocket(eventsPath, (context) => {
    const { kinds, job, node, since } = queryValues(context, EventStreamQuery)
    if (streams.isFull)
      throw new ClusterError(
        'too-many-requests',
        'this head serves as many event streams as it is made for; close some, or follow several kinds in one',
      )
    const wantsMetrics = kinds?.includes('metrics') ?? false
    const ofEvents = kinds?.filter((kind) => kind !== 'metrics')
    return {
      options: { slowMs },
      run: (socket) => {
        const stop = streams.open(socket, { filter: filterOf({ kinds: ofEvents, job, node }), wantsMetrics, since })
        socket.signal.addEventListener('abort', stop)
      },
    }
  })
}

function filterOf<Kind>({ kinds, job, node }: { kinds: readonly Kind[] | undefined; job: string | undefined; node: string | undefined }) {
  return {
    ...(kinds === undefined ? {} : { kinds: new Set(kinds) }),
    ...(job === undefined ? {} : { job }),
    ...(node === undefined ? {} : { node }),
  }
}
