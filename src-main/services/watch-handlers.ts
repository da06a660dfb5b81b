import type { Clusters } from './clusters.ts'
import type { ClusterLinks } from './cluster-links.ts'
import { callApi } from './api-calls.ts'
import type { JobLogs } from './job-logs.ts'
import type { Machines } from './machines.ts'
import type { Operations } from './operations.ts'
import type { PanelHandlers } from './panel-handlers.ts'
import type { Terminals } from './terminals.ts'

type Watching = PanelHandlers<'operations'> & PanelHandlers<'api'> & PanelHandlers<'logs'> & PanelHandlers<'terminals'>

type Parts = {
  readonly machines: Machines
  readonly clusters: Clusters
  readonly operations: Operations
  readonly links: ClusterLinks
  readonly jobLogs: JobLogs
  readonly terminals: Terminals
}

/** What runs, and what is seen of it. */
export function watchHandlers({ machines, clusters, operations, links, jobLogs, terminals }: Parts): Watching {
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
    'logs.followJob': ({ cluster, job, offset }) => ({ streamId: jobLogs.follow({ clusterId: clusters.get(cluster).id, job, offset }) }),
    'logs.stopFollowing': ({ streamId }) => {
      jobLogs.stop(streamId)
      return {}
    },
    'terminals.open': async ({ machine, ...size }, { signal }) => ({
      terminalId: await terminals.open(machines.get(machine).id, { ...size, signal }),
    }),
    'terminals.list': () => terminals.list(),
    'terminals.write': ({ terminalId, data }) => {
      terminals.write(terminalId, data)
      return {}
    },
    'terminals.resize': ({ terminalId, ...size }) => {
      terminals.resize(terminalId, size)
      return {}
    },
    'terminals.close': ({ terminalId }) => {
      terminals.close(terminalId)
      return {}
    },
  }
}
