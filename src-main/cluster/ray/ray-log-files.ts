import type { LogSelector } from '../../../runtime/api/logs.ts'
import { ClusterError } from '../../../runtime/base/errors.ts'
import type { ApiClient } from '../../../runtime/client/api-client.ts'
import * as z from 'zod'
import { globPattern } from '../log-names.ts'
import { type RecordedFile, seenFiles } from '../history/record-log-stream.ts'
import type { SeenLogs } from '../history/seen-logs.ts'
import type { Row } from './list-page.ts'
import type { RayLists } from './ray-lists.ts'
import { rayResources } from './ray-rows.ts'

/** A log file of a node, with what its name tells. */
export type RayLogFile = {
  readonly nodeId: string
  readonly file: string
  readonly workerId: string | null
  /** Null also for a worker that was started before it was known what for. */
  readonly jobId: string | null
  readonly submissionId: string | null
  readonly pid: number | null
  readonly stream: 'out' | 'err' | null
}

const LooseListing = z.object({ data: z.object({ result: z.record(z.string(), z.array(z.string())) }) })
const workerName = /^worker-([0-9a-f]{56})-([0-9a-f]{8})-(\d+)\.(out|err)$/
const jobName = /^job-driver-(.+)\.log$/
const noJob = 'ffffffff'
/** Each is asked for its list. */
const nodesAtMost = 64

export function logFileOf(nodeId: string, file: string): RayLogFile {
  const [, workerId = null, jobId = null, pid, stream] = workerName.exec(file) ?? []
  return {
    ...{ nodeId, file, workerId, jobId: jobId === noJob ? null : jobId, submissionId: jobName.exec(file)?.[1] ?? null },
    pid: pid === undefined ? null : Number(pid),
    stream: stream === 'out' || stream === 'err' ? stream : null,
  }
}

/** Names of files, without folders. @throws as every call; `node.died` for a node that is not there any more */
export async function listLogFiles(api: ApiClient, nodeId: string, signal?: AbortSignal): Promise<RayLogFile[]> {
  const query = { node_id: nodeId, glob: '*' }
  const { data } = await api.getJson('/api/v0/logs', LooseListing, { query, ...(signal ? { signal } : {}) }).catch((error: unknown) => {
    if (!(error instanceof ClusterError && error.code === 'internal')) throw error
    throw new ClusterError('node.died', `node ${nodeId.slice(0, 12)} does not list its logs; Ray has them only while the node is there`)
  })
  const names = Object.values(data.result).flat()
  return names.filter((name) => !name.endsWith('/')).map((name) => logFileOf(nodeId, name))
}

type Found = { readonly files: readonly RayLogFile[]; readonly nodesLeftOut: number }

/** Files that fit one of the selectors, of the nodes that are there now. @throws `not-found` where the one node that was asked for is gone */
export async function findLogFiles(
  { api, lists }: { api: ApiClient; lists: RayLists },
  selectors: readonly LogSelector[],
  signal?: AbortSignal,
): Promise<Found> {
  const tests = await Promise.all(selectors.map((selector) => testOf(lists, selector)))
  const wantedNodes = selectors.map(({ node_id: nodeId }) => nodeId)
  const { rows } = await lists.read(rayResources.pageNodes)
  const living = rows.filter((row) => row['state'] === 'ALIVE').map((row) => String(row['node_id']))
  const nodes = living.filter((nodeId) => wantedNodes.some((wanted) => wanted === undefined || wanted === nodeId))
  const [only] = wantedNodes
  if (nodes.length === 0 && only !== undefined)
    throw new ClusterError(
      'not-found',
      `node ${only.slice(0, 12)} is not there any more: Ray keeps no logs of such nodes, and nobody followed these here before`,
    )
  const asked = nodes.slice(0, nodesAtMost)
  const listed = await Promise.all(
    asked.map((nodeId) => listLogFiles(api, nodeId, signal).catch((error: unknown) => unlessMany(error, asked))),
  )
  const all = nodes.length > 1 ? await eachOnce(lists, listed.flat()) : listed.flat()
  const files = all.filter((file) => tests.some((test) => test(file)))
  return { files, nodesLeftOut: nodes.length - asked.length }
}

/** Of nodes that are gone, the files that fit and that somebody followed before; only where a thing or a node is asked for, not all there was. */
export async function findKeptFiles(
  { lists, seen }: { lists: RayLists; seen: SeenLogs },
  selectors: readonly LogSelector[],
): Promise<RecordedFile[]> {
  const named = selectors.filter(({ file: _file, stream: _stream, ...rest }) => Object.values(rest).some((value) => value !== undefined))
  if (named.length === 0) return []
  const tests = await Promise.all(named.map((selector) => testOf(lists, selector)))
  const { rows } = await lists.read(rayResources.pageNodes)
  const living = new Set(rows.filter((row) => row['state'] === 'ALIVE').map((row) => row['node_id']))
  return seenFiles(seen.record, ({ node_id: nodeId, file }) => !living.has(nodeId) && tests.some((test) => test(logFileOf(nodeId, file))))
}

/** One of many nodes that does not answer keeps nobody from the others. */
function unlessMany(error: unknown, nodes: readonly string[]): RayLogFile[] {
  if (nodes.length === 1) throw error
  return []
}

/** Nodes that share a folder list each other's files: a worker's stands for its own node alone. */
async function eachOnce(lists: RayLists, files: readonly RayLogFile[]): Promise<RayLogFile[]> {
  const counts = new Map<string, number>()
  for (const { file } of files) counts.set(file, (counts.get(file) ?? 0) + 1)
  const isTwice = ({ file, workerId, submissionId }: RayLogFile) =>
    (workerId !== null || submissionId !== null) && (counts.get(file) ?? 0) > 1
  if (!files.some(isTwice)) return [...files]
  const { rows } = await lists.read(rayResources.pageWorkers)
  const homes = new Map(rows.map((row) => [row['worker_id'], row['node_id']]))
  const taken = new Set<string>()
  return files.filter((file) => {
    if (!isTwice(file)) return true
    const home = homes.get(file.workerId)
    if (taken.has(file.file) || (home !== undefined && home !== file.nodeId)) return false
    taken.add(file.file)
    return true
  })
}

/** Whether a file is one that is wanted: workers of an actor or a job are known by the lists alone. */
async function testOf(lists: RayLists, selector: LogSelector): Promise<(file: RayLogFile) => boolean> {
  const { node_id: nodeId, submission_id: submission, worker_id: worker, pid, stream, file: glob } = selector
  const pattern = glob === undefined ? undefined : globPattern(glob)
  const actor = selector.actor_id === undefined ? undefined : await findActor(lists, selector.actor_id)
  const jobWorkers = selector.job_id === undefined ? undefined : await workersOfJob(lists, selector.job_id)
  return (file) =>
    (nodeId === undefined || file.nodeId === nodeId) &&
    (submission === undefined || file.submissionId === submission) &&
    (worker === undefined || file.workerId === worker) &&
    (pid === undefined || file.pid === pid) &&
    (stream === undefined || file.stream === stream) &&
    (pattern === undefined || pattern.test(file.file)) &&
    (actor === undefined || (file.nodeId === actor['node_id'] && file.pid === actor['pid'])) &&
    (jobWorkers === undefined || file.jobId === selector.job_id || (file.workerId !== null && jobWorkers.has(file.workerId)))
}

async function findActor(lists: RayLists, id: string): Promise<Row> {
  const { rows } = await lists.read(rayResources.pageActors, [{ column: 'actor_id', operator: 'eq', values: [id] }])
  const actor = rows.find((row) => row['actor_id'] === id)
  if (actor) return actor
  throw new ClusterError('not-found', `Ray knows no actor ${id}`)
}

async function workersOfJob(lists: RayLists, job: string): Promise<ReadonlySet<unknown>> {
  const { rows } = await lists.read(rayResources.pageTasks, [{ column: 'job_id', operator: 'eq', values: [job] }])
  return new Set(rows.filter((row) => row['job_id'] === job && row['worker_id']).map((row) => row['worker_id']))
}
