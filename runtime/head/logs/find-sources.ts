import type { LogSelector } from '../../api/logs.ts'
import { ClusterError } from '../../base/errors.ts'
import { matchGlob } from '../../logs/glob.ts'
import { noJobId, parseWorkerLogName, submissionOfLog } from '../../protocol/log-names.ts'
import type { LogFile } from '../../protocol/logs.ts'
import type { ActorPlaces } from './resolve-log.ts'
import type { LogService } from './log-service.ts'

/** A file that a stream follows. `key` stays the same when a worker's files are renamed for their job. */
export type FoundSource = { readonly key: string; readonly nodeId: string; readonly file: LogFile }

export type FindOptions = {
  readonly service: LogService
  readonly selectors: readonly LogSelector[]
  readonly places: ActorPlaces
  readonly limit: number
}

const nodesAtOnce = 8

/** The files that fit one of the selectors, those written last first; and how many there are beyond the limit. */
export async function findSources({ service, selectors, places, limit }: FindOptions): Promise<{ found: FoundSource[]; left: number }> {
  const all = new Map<string, FoundSource>()
  const nodeIds = [...new Set(selectors.flatMap(({ node_id: nodeId }) => (nodeId === undefined ? service.nodeIds : [nodeId])))]
  for (let at = 0; at < nodeIds.length; at += nodesAtOnce) {
    await Promise.all(
      nodeIds.slice(at, at + nodesAtOnce).map(async (nodeId) => {
        for (const file of await filesOf(service, nodeId)) {
          if (!selectors.some((selector) => fits(selector, { nodeId, file: file.name, places }))) continue
          const key = keyOf(nodeId, file.name)
          const known = all.get(key)
          if (known === undefined || known.file.modifiedMs < file.modifiedMs) all.set(key, { key, nodeId, file })
        }
      }),
    )
  }
  const found = [...all.values()].sort((a, b) => b.file.modifiedMs - a.file.modifiedMs)
  return { found: found.slice(0, limit), left: Math.max(0, found.length - limit) }
}

/** A name by which a file can be found again. */
export function keyOf(nodeId: string, file: string): string {
  const worker = parseWorkerLogName(file)
  return worker === undefined ? `${nodeId}/${file}` : `${nodeId}/worker-${worker.workerId}-${worker.pid}.${worker.stream}`
}

type Candidate = { readonly nodeId: string; readonly file: string; readonly places: ActorPlaces }

function fits(selector: LogSelector, { nodeId, file, places }: Candidate): boolean {
  const worker = parseWorkerLogName(file)
  const { actor_id: actorId } = selector
  if (selector.node_id !== undefined && selector.node_id !== nodeId) return false
  if (selector.file !== undefined && !matchGlob(selector.file, file)) return false
  if (selector.submission_id !== undefined && submissionOfLog(file) !== selector.submission_id) return false
  if (selector.job_id !== undefined && (worker === undefined || worker.jobId !== selector.job_id)) return false
  if (selector.worker_id !== undefined && worker?.workerId !== selector.worker_id) return false
  if (selector.pid !== undefined && worker?.pid !== selector.pid) return false
  if (selector.stream !== undefined && worker?.stream !== selector.stream) return false
  if (actorId === undefined) return true
  const place = places(actorId)
  if (place === undefined || worker === undefined || worker.jobId === noJobId) return false
  return place.workerId === null ? place.pid === worker.pid && worker.jobId === actorId.slice(24) : place.workerId === worker.workerId
}

async function filesOf(service: LogService, nodeId: string): Promise<readonly LogFile[]> {
  try {
    return (await service.list({ nodeId, glob: '**' })).files
  } catch (error) {
    if (error instanceof ClusterError) return [] // it is away, and looked at again soon
    throw error
  }
}
