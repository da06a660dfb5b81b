import {
  ActorPath,
  CancelQuery,
  controlPaths,
  DrainBody,
  DryRunQuery,
  GroupPath,
  JobPath,
  KillQuery,
  NodePath,
  TaskPath,
  WorkerPath,
} from '../../../api/control.ts'
import type { HeadApp, HttpParts } from '../parts.ts'
import { pathValues, queryValues, readJson } from '../request-values.ts'

/** How operators end things. Guards before this let only the full token through. */
export function controlRoutes(app: HeadApp, { control }: HttpParts): void {
  app.post(routeOf(controlPaths.stopJob), async (context) => {
    const { dry_run: dryRun } = queryValues(context, DryRunQuery)
    return context.json(await control.stopJob(pathValues(context, JobPath).id, dryRun))
  })
  app.post(routeOf(controlPaths.cancelTask), async (context) => {
    const { dry_run: dryRun, force, recursive } = queryValues(context, CancelQuery)
    return context.json(await control.cancelTask(pathValues(context, TaskPath).id, { dryRun, force, recursive }))
  })
  app.post(routeOf(controlPaths.killActor), async (context) => {
    const { dry_run: dryRun, no_restart: noRestart } = queryValues(context, KillQuery)
    return context.json(await control.killActor(pathValues(context, ActorPath).id, { dryRun, noRestart }))
  })
  app.post(routeOf(controlPaths.endWorker), async (context) => {
    const { dry_run: dryRun } = queryValues(context, DryRunQuery)
    return context.json(await control.endWorker(pathValues(context, WorkerPath).id, dryRun))
  })
  app.post(routeOf(controlPaths.drainNode), async (context) => {
    const { dry_run: dryRun } = queryValues(context, DryRunQuery)
    const { id } = pathValues(context, NodePath)
    const hasBody = (context.req.header('content-length') ?? '0') !== '0' || context.req.header('transfer-encoding') !== undefined
    const body = hasBody ? await readJson(context, DrainBody) : DrainBody.parse({})
    return context.json(await control.drainNode(id, { ...body, dryRun }))
  })
  app.post(routeOf(controlPaths.removeGroup), async (context) => {
    const { dry_run: dryRun } = queryValues(context, DryRunQuery)
    return context.json(await control.removeGroup(pathValues(context, GroupPath).id, dryRun))
  })
}

/** `{id}` in OpenAPI is `:id` here. */
const routeOf = (path: string): string => path.replace('{id}', ':id')
