import { callApi } from './api-calls.ts'
import type { ClusterLinks } from './cluster-links.ts'
import type { Clusters } from './clusters.ts'
import type { Machines } from './machines.ts'
import type { Operations } from './operations.ts'
import type { PanelHandlers } from './panel-handlers.ts'

type Watching = PanelHandlers<'operations'> & PanelHandlers<'api'>

type Parts = {
  readonly machines: Machines
  readonly clusters: Clusters
  readonly operations: Operations
  readonly links: ClusterLinks
}

/** What runs, and what a cluster answers. */
export function watchHandlers({ machines, clusters, operations, links }: Parts): Watching {
  const machineIdOf = (ref: string | undefined) => (ref === undefined ? undefined : machines.get(ref).id)
  return {
    'operations.list': () => operations.list(),
    'operations.get': ({ operationId }) => operations.get(operationId),
    'operations.cancel': ({ operationId, machine }) => {
      operations.cancel(operationId, machineIdOf(machine))
      return {}
    },
    'operations.retry': async ({ operationId, machine }) => {
      await operations.retry(operationId, machineIdOf(machine))
      return {}
    },
    'api.read': ({ cluster, ...call }, { signal }) => callApi(links.callsOf(clusters.get(cluster).id), 'read', { call, signal }),
    'api.change': ({ cluster, ...call }, { signal }) => callApi(links.callsOf(clusters.get(cluster).id), 'change', { call, signal }),
    'api.capabilities': ({ cluster }) => {
      const { engine, shoalVersion, rayVersion, missing } = links.capabilitiesOf(clusters.get(cluster).id)
      return { engine, version: shoalVersion ?? rayVersion, missing: Object.entries(missing).map(([what, why]) => ({ what, why })) }
    },
  }
}
