import { Hono } from 'hono'
import type { OpenSocket } from './websocket.ts'
import { answerFailure, answerUnknownPath } from './failures.ts'
import type { TokenCheck } from './authenticate.ts'
import type { HeadApp, HeadEnv, HttpParts } from './parts.ts'
import { authRoutes } from './routes/auth.ts'
import { clusterRoutes } from './routes/cluster.ts'
import { componentActivityRoutes } from './routes/component-activities.ts'
import { legacyEventRoutes } from './routes/events-legacy.ts'
import { jobTailRoutes } from './routes/job-logs.ts'
import { jobRoutes, shoalJobRoutes } from './routes/jobs.ts'
import { libraryRoutes } from './routes/libraries.ts'
import { logicalActorRoutes } from './routes/logical-actors.ts'
import { logRoutes } from './routes/logs.ts'
import { prometheusRoutes } from './routes/metrics.ts'
import { nodeRoutes } from './routes/nodes.ts'
import { openApiRoutes } from './routes/openapi.ts'
import { packageRoutes } from './routes/packages.ts'
import { profilingRoutes } from './routes/profiling.ts'
import { controlRoutes } from './routes/shoal-control.ts'
import { eventRoutes } from './routes/shoal-events.ts'
import { shoalLogRoutes } from './routes/shoal-logs.ts'
import { metricRoutes } from './routes/shoal-metrics.ts'
import { whyRoutes } from './routes/shoal-why.ts'
import { shoalListRoutes } from './routes/shoal-lists.ts'
import { stateRoutes } from './routes/state.ts'
import { summaryRoutes } from './routes/summaries.ts'
import { timelineRoutes } from './routes/timeline.ts'
import { versionRoutes } from './routes/version.ts'

/** Every route of the head. Who adds a noun adds a line here, and its rows in runtime/api/routes/. */
export function createApp(parts: HttpParts, tokens: TokenCheck): HeadApp {
  const app = emptyApp(parts)
  authRoutes(app, tokens)
  versionRoutes(app, parts)
  clusterRoutes(app, parts)
  componentActivityRoutes(app, parts)
  nodeRoutes(app, parts)
  logicalActorRoutes(app, parts)
  legacyEventRoutes(app, parts)
  jobRoutes(app, parts)
  shoalJobRoutes(app, parts)
  packageRoutes(app, parts)
  jobTailRoutes(app, parts)
  logRoutes(app, parts)
  shoalLogRoutes(app, parts)
  prometheusRoutes(app, parts)
  metricRoutes(app, parts)
  eventRoutes(app, parts)
  controlRoutes(app, parts)
  whyRoutes(app, parts)
  profilingRoutes(app)
  libraryRoutes(app)
  stateRoutes(app, parts)
  summaryRoutes(app, parts)
  timelineRoutes(app, parts)
  shoalListRoutes(app, parts)
  openApiRoutes(app, parts)
  return app
}

function emptyApp(parts: HttpParts): HeadApp {
  const app = new Hono<HeadEnv>()
  app.onError((error, context) => answerFailure(context, error, parts.logger))
  app.notFound(answerUnknownPath)
  app.use(async (context, next) => {
    await next()
    const { headers } = context.res
    if (headers.get('content-type') === 'application/json') headers.set('content-type', 'application/json; charset=utf-8') // as Ray says it
  })
  return Object.assign(app, {
    webSocket: (path: string, open: OpenSocket) => {
      app.get(path, async (context) => {
        const { upgrade } = context.env
        if (upgrade === undefined) return context.text('this path speaks WebSocket: ask for it with Upgrade: websocket\n', 426)
        upgrade.take = await open(context)
        return context.body(null, 204) // the connection is taken over before anybody sees it
      })
    },
  })
}
