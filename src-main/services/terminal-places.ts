import { JobDetails } from '../../runtime/api/jobs.ts'
import { ClusterError } from '../../runtime/base/errors.ts'
import { extraSessionFolder } from '../bootstrap/extra-nodes.ts'
import type { ClusterCalls } from '../cluster/cluster-calls.ts'
import type { Cluster } from '../contract/clusters.ts'
import type { Machine } from '../contract/machines.ts'
import type { HostConnection } from '../ssh/host-connection.ts'
import { type JobPlace, prepareJobShell, type PreparedShell } from './job-shell.ts'

/** On which machine a terminal is to begin, and how. */
export type TerminalPlace = {
  readonly machineId: string
  /** Its first line. */
  readonly greeting?: string
  readonly shell?: PreparedShell
  readonly folder?: string | undefined
  readonly about: { readonly clusterId: string | null; readonly job: string | null; readonly node: string | null }
}

export type PlacesIo = {
  readonly machineOf: (machineId: string) => Pick<Machine, 'name'>
  readonly callsOf: (clusterId: string) => ClusterCalls
  readonly connect: (machineId: string, signal?: AbortSignal) => Promise<HostConnection>
}

/** Where a node is, or was. @throws ClusterError `not-found` when its machine is none of the cluster any more */
export async function findNodePlace(
  io: PlacesIo,
  cluster: Cluster,
  nodeId: string,
): Promise<{ machineId: string; sessionFolder: string; name: string }> {
  const sessions = cluster.members.flatMap(({ machineId, nodeId: own, sessionFolder, extraNodes = [] }) => {
    if (sessionFolder === null) return []
    const { name } = io.machineOf(machineId)
    const extras = extraNodes.map((extra) => ({ ...extra, machineId, sessionFolder: extraSessionFolder(sessionFolder, extra) }))
    return [{ machineId, nodeId: own, sessionFolder, name }, ...extras]
  })
  const known = sessions.find((session) => session.nodeId === nodeId)
  const found = known ?? (await byName(io.callsOf(cluster.id), sessions, nodeId))
  if (found) return found
  throw new ClusterError(
    'not-found',
    `node ${nodeId.slice(0, 12)} is on no machine that cluster ${cluster.name} has now, so no terminal can be opened there`,
  )
}

/** A node that was started by others than this panel has an id that it does not know; nodes are called as their machines. */
async function byName<Session extends { name: string }>(
  calls: ClusterCalls,
  sessions: readonly Session[],
  nodeId: string,
): Promise<Session | undefined> {
  const query = { filter_keys: ['node_id'], filter_predicates: ['='], filter_values: [nodeId] }
  const { data } = await calls.call('listNodes', { query })
  const [row] = data.result.result
  return row && sessions.find(({ name }) => name === row.node_name)
}

export async function placeOfNode(io: PlacesIo, cluster: Cluster, nodeId: string): Promise<TerminalPlace> {
  const { machineId, name } = await findNodePlace(io, cluster, nodeId)
  const greeting = `${nodeWords(io, { machineId, name, cluster })}.`
  return { machineId, greeting, about: { clusterId: cluster.id, job: null, node: nodeId } }
}

/** @throws ClusterError `not-found`, `wrong-state` for a job that has no node yet; those of the connection */
export async function placeOfJob(
  io: PlacesIo,
  { cluster, job, signal }: { cluster: Cluster; job: string; signal: AbortSignal },
): Promise<TerminalPlace> {
  const details = JobDetails.parse(await io.callsOf(cluster.id).getJob(job))
  const nodeId = details.driver_node_id
  if (nodeId === null)
    throw new ClusterError('wrong-state', `job ${job} has no node yet: it is ${details.status}; open a terminal there once it runs`)
  const { machineId, sessionFolder, name } = await findNodePlace(io, cluster, nodeId)
  const connection = await io.connect(machineId, signal)
  const shell = await prepareJobShell(connection, jobPlaceOf(details, { job, sessionFolder }), signal)
  const greeting = `${nodeWords(io, { machineId, name, cluster })}. ${shell.where}`
  return { machineId, greeting, shell, about: { clusterId: cluster.id, job, node: nodeId } }
}

function jobPlaceOf(
  { runtime_env: env, submission_id: id }: JobDetails,
  { job, sessionFolder }: Pick<JobPlace, 'job' | 'sessionFolder'>,
): JobPlace {
  const { working_dir: workingDir, env_vars: variables } = env ?? {}
  const texts = Object.entries(typeof variables === 'object' && variables !== null ? variables : {})
  return {
    job: id ?? job,
    sessionFolder,
    workingDir: typeof workingDir === 'string' ? workingDir : undefined,
    variables: Object.fromEntries(texts.filter((entry): entry is [string, string] => typeof entry[1] === 'string')),
  }
}

const nodeWords = (io: PlacesIo, { machineId, name, cluster }: { machineId: string; name: string; cluster: Cluster }): string => {
  const machine = io.machineOf(machineId).name
  return `Node ${name} of cluster ${cluster.name}${machine === name ? '' : `, on machine ${machine}`}`
}
