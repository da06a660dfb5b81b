import type { IncomingMessage } from 'node:http'
import { PackagePath } from '../../../api/packages.ts'
import { ClusterError } from '../../../base/errors.ts'
import type { HeadApp, HttpParts } from '../parts.ts'
import { pathValues } from '../request-values.ts'

/** Uploaded packages (Ray: dashboard/modules/job/job_head.py). */
export function packageRoutes(app: HeadApp, { packages }: HttpParts): void {
  app.get('/api/packages/:protocol/:name', (context) => {
    const { name } = pathValues(context, PackagePath)
    if (packages.find(name)) return context.body(null, 200)
    throw new ClusterError('not-found', `there is no package ${name} on this head; upload it with PUT`, { details: { name } })
  })
  app.put('/api/packages/:protocol/:name', async (context) => {
    const { name } = pathValues(context, PackagePath)
    const declared = Number(context.req.header('content-length') ?? Number.NaN)
    const { incoming } = context.env
    try {
      // Leaving the loop early must not break the connection off: its sender is to read why.
      await packages.put(name, incoming.iterator({ destroyOnReturn: false }), Number.isFinite(declared) ? declared : undefined)
    } catch (error) {
      discardRest(incoming)
      throw error
    }
    return context.body(null, 200)
  })
}

/** How long the rest of a refused package is read and thrown away: a client that cannot send on never comes to read the answer. */
const lingerMs = 10_000

function discardRest(incoming: IncomingMessage): void {
  if (incoming.complete || incoming.destroyed) return
  incoming.resume()
  const timer = setTimeout(() => incoming.socket.destroy(), lingerMs)
  timer.unref()
  incoming.once('close', () => clearTimeout(timer))
  incoming.once('end', () => clearTimeout(timer))
}
