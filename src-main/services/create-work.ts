import type { HostConnection } from '../ssh/host-connection.ts'
import type { ClusterLinks } from './cluster-links.ts'
import { ClusterMetrics } from './cluster-metrics.ts'
import type { Clusters } from './clusters.ts'
import { JobLogs } from './job-logs.ts'
import { Jobs } from './jobs.ts'
import { LogStreams } from './log-streams.ts'
import type { Machines } from './machines.ts'
import type { PanelHub } from './panel-hub.ts'
import { Terminals } from './terminals.ts'
import { Uploads } from './uploads.ts'
import { workHandlers } from './work-handlers.ts'

export type WorkParts = {
  readonly machines: Machines
  readonly clusters: Clusters
  readonly links: ClusterLinks
  readonly hub: PanelHub
  /** Ours alone; what lies in it is removed. */
  readonly folder: string
  readonly connect: (machineId: string, signal?: AbortSignal) => Promise<HostConnection>
  readonly nowMs: () => number
  readonly randomHex: (digits: number) => string
}

/** What people do on a cluster that stands: jobs and their folders, logs, terminals, live figures. */
export async function createWork({ machines, clusters, links, hub, folder, connect, nowMs, randomHex }: WorkParts) {
  const uploads = await Uploads.open({ folder, hub, randomHex })
  const callsOf = (clusterId: string) => links.callsOf(clusterId)
  const steadyCallsOf = (clusterId: string, signal: AbortSignal) => links.steadyCallsOf(clusterId, signal)
  const capabilitiesOf = (clusterId: string) => links.capabilitiesOf(clusterId)
  const jobs = new Jobs({ callsOf, capabilitiesOf, uploads, archiveFolder: folder, randomHex })
  const jobLogs = new JobLogs({ callsOf: steadyCallsOf, hub, randomHex })
  const logStreams = new LogStreams({ callsOf: steadyCallsOf, hub, randomHex })
  const metrics = new ClusterMetrics({ callsOf: steadyCallsOf, hub })
  const terminals = new Terminals({ connect, hub, nowMs, randomHex })
  const places = { machineOf: (machineId: string) => machines.get(machineId), callsOf, connect }
  return {
    handlers: workHandlers({ machines, clusters, jobs, uploads, jobLogs, logStreams, terminals, places, steadyCallsOf }),
    async close() {
      jobLogs.stopAll()
      logStreams.stopAll()
      metrics.stopAll()
      terminals.closeAll()
      await uploads.close()
    },
  }
}
