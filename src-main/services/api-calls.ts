import { allRoutes } from '../../runtime/api/routes/all-routes.ts'
import { ClusterError } from '../../runtime/base/errors.ts'
import type { ApiQuery } from '../../runtime/client/api-client.ts'
import type { ClusterCalls } from '../cluster/cluster-calls.ts'

type ApiCall = {
  readonly route: string
  readonly params: Readonly<Record<string, string>>
  readonly query: ApiQuery
  readonly body?: unknown
}

const isReading: ReadonlyMap<string, boolean> = new Map(allRoutes.map(({ id, method }) => [id, method === 'get' || method === 'head']))

/** Makes one call of a cluster's HTTP API; `kind` is what its caller may do. @throws ClusterError `bad-argument` for a route of the other kind */
export async function callApi(calls: ClusterCalls, kind: 'read' | 'change', { call, signal }: { call: ApiCall; signal: AbortSignal }) {
  const reads = isReading.get(call.route)
  if (reads === undefined)
    throw new ClusterError('bad-argument', `there is no route ${call.route}; the OpenAPI document of a head lists all`)
  if (reads !== (kind === 'read')) {
    const right = reads ? 'api.read' : 'api.change'
    throw new ClusterError('bad-argument', `${call.route} ${reads ? 'only reads' : 'changes something'}: use ${right} for it`)
  }
  const { params, query, body: json } = call
  const body: unknown = await calls.call(call.route, { params, query, signal, ...(json === undefined ? {} : { json }) })
  return { body, source: calls.source, recordedAtMs: calls.recordedAtMs }
}
