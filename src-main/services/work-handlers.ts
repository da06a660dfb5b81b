import type { ClusterCalls } from '../cluster/cluster-calls.ts'
import type { Clusters } from './clusters.ts'
import type { JobLogs } from './job-logs.ts'
import type { Jobs } from './jobs.ts'
import type { LogStreams } from './log-streams.ts'
import type { Machines } from './machines.ts'
import type { PanelHandlers } from './panel-handlers.ts'
import { placeOfJob, placeOfNode, type PlacesIo, type TerminalPlace } from './terminal-places.ts'
import type { Terminals } from './terminals.ts'
import type { Uploads } from './uploads.ts'

type Working = PanelHandlers<'jobs'> & PanelHandlers<'uploads'> & PanelHandlers<'logs'> & PanelHandlers<'terminals'>

type Parts = {
  readonly machines: Machines
  readonly clusters: Clusters
  readonly jobs: Jobs
  readonly uploads: Uploads
  readonly jobLogs: JobLogs
  readonly logStreams: LogStreams
  readonly terminals: Terminals
  readonly places: PlacesIo
  /** The head, waited for while it is away for a moment. */
  readonly steadyCallsOf: (clusterId: string, signal: AbortSignal) => Promise<ClusterCalls>
}

/** What people do on a cluster that stands. */
export function workHandlers(parts: Parts): Working {
  const { clusters, jobs, uploads } = parts
  return {
    'jobs.plan': ({ cluster, ...spec }, { signal }) => jobs.plan(clusters.get(cluster).id, spec, signal),
    'jobs.submit': async ({ cluster, ...spec }, { signal }) => ({
      submissionId: await jobs.submit(clusters.get(cluster).id, spec, signal),
    }),
    'uploads.begin': async (folder) => ({ uploadId: await uploads.begin(folder) }),
    'uploads.write': async (piece) => {
      await uploads.write(piece)
      return {}
    },
    'uploads.cancel': async ({ uploadId }) => {
      await uploads.cancel(uploadId)
      return {}
    },
    ...logHandlers(parts),
    ...terminalHandlers(parts),
  }
}

function logHandlers({ clusters, jobLogs, logStreams, steadyCallsOf }: Parts): PanelHandlers<'logs'> {
  return {
    'logs.followJob': ({ cluster, job, offset }) => ({ streamId: jobLogs.follow({ clusterId: clusters.get(cluster).id, job, offset }) }),
    'logs.follow': ({ cluster, ...wanted }) => ({ streamId: logStreams.follow(clusters.get(cluster).id, wanted) }),
    'logs.stopFollowing': ({ streamId }) => {
      jobLogs.stop(streamId)
      logStreams.stop(streamId)
      return {}
    },
    'logs.readChunk': async ({ cluster, ...question }, { signal }) => {
      const calls = await steadyCallsOf(clusters.get(cluster).id, signal) // what was recorded so far would pass for the whole
      const { offset, bytes, next, isEnd } = await calls.readLog({ ...question, signal })
      return { offset, data: Buffer.from(bytes).toString('base64'), next, isEnd }
    },
  }
}

function terminalHandlers({ machines, clusters, terminals, places }: Parts): PanelHandlers<'terminals'> {
  return {
    'terminals.open': async (input, { signal }) => {
      const { cols, rows } = input
      return { terminalId: await terminals.open(await placeOf(input, signal), { cols, rows, signal }) }
    },
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
  function placeOf(input: Parameters<PanelHandlers<'terminals'>['terminals.open']>[0], signal: AbortSignal): Promise<TerminalPlace> {
    if ('job' in input) return placeOfJob(places, { cluster: clusters.get(input.cluster), job: input.job, signal })
    if ('node' in input) return placeOfNode(places, clusters.get(input.cluster), input.node)
    const { machine, folder } = input
    return Promise.resolve({ machineId: machines.get(machine).id, folder, about: { clusterId: null, job: null, node: null } })
  }
}
