import { networkInterfaces } from 'node:os'
import type { LogFileQuery } from '../../api/logs.ts'
import { ClusterError } from '../../base/errors.ts'
import { checkLogName, jobLogName, parseWorkerLogName, type OutputStream } from '../../protocol/log-names.ts'
import type { HeadNode, HeadState } from '../core/state.ts'
import type { LogService } from './log-service.ts'

/** Where an actor runs, or ran last as far as the head knows. */
export type ActorPlace = { readonly nodeId: string | null; readonly workerId: string | null; readonly pid: number | null }
export type ActorPlaces = (actorId: string) => ActorPlace | undefined

/** Where the output of one attempt of a task stands. `end` null: it runs still. */
export type TaskLog = { readonly nodeId: string; readonly file: string; readonly start: number; readonly end: number | null }

export type ResolveParts = {
  readonly state: HeadState
  readonly service: LogService
  /** Address of a node as clients know it. */
  readonly ipOf: (node: HeadNode) => string
  /** Undefined for a job that there is not, or that has no log yet. */
  readonly findJobLog?: ((submissionId: string) => { nodeId: string; file: string } | undefined) | undefined
  /** Undefined for an attempt that nobody knows of; `not-found` with the reason where its output was not marked. */
  readonly findTaskLog?: ((task: { taskId: string; attempt: number; stream: OutputStream }) => Promise<TaskLog | undefined>) | undefined
}
export type ResolvedLog = { readonly nodeId: string; readonly file: string; readonly start: number; readonly end: number | null }

/**
 * The file that Ray's parameters ask for. An id says where it is; a `node_ip` beside it is ignored, as `ray logs` fills it in by itself.
 * @throws ClusterError `bad-argument` naming the parameter, `not-found` with what to do.
 */
export async function resolveLog(query: LogFileQuery, parts: ResolveParts): Promise<ResolvedLog> {
  const { actor_id: actorId, task_id: taskId, submission_id: submissionId, pid, filename, suffix } = query
  const whole = (place: { nodeId: string; file: string }): ResolvedLog => ({ ...place, start: 0, end: null })
  if (actorId !== undefined) return whole(await actorLog(actorId, suffix, parts))
  if (taskId !== undefined) return taskLog({ taskId, attempt: query.attempt_number, stream: suffix }, parts)
  if (submissionId !== undefined) return whole(jobLog(submissionId, parts))
  if (pid === undefined && filename === undefined) {
    throw new ClusterError('bad-argument', 'say which log: filename, actor_id, task_id, submission_id, or pid with node_id or node_ip')
  }
  if (filename !== undefined) checkLogName(filename)
  const nodeIds = nodesOf(query, parts)
  for (const nodeId of nodeIds) {
    const glob = filename === undefined ? `worker-*-${pid}.${suffix}` : null
    const file = glob === null ? filename : await newestFit(parts.service, nodeId, glob)
    if (file === undefined) continue
    if (nodeIds.length === 1 || (await hasFile(parts.service, nodeId, file))) return whole({ nodeId, file })
  }
  const what = filename === undefined ? `of a worker with pid ${pid}` : JSON.stringify(filename)
  throw new ClusterError('not-found', `there is no log ${what} on node ${query.node_id ?? query.node_ip}; list the logs of the node first`)
}

/**
 * The nodes that `node_id` or `node_ip` means; several may share an address, the head's first.
 * @throws ClusterError `bad-argument` when neither is there, `not-found`.
 */
export function nodesOf({ node_id: nodeId, node_ip: nodeIp }: Pick<LogFileQuery, 'node_id' | 'node_ip'>, parts: ResolveParts): string[] {
  if (nodeId !== undefined) return [nodeId]
  if (nodeIp === undefined) {
    throw new ClusterError('bad-argument', 'both node_id and node_ip are missing: say on which node the log is')
  }
  const isSame = (ip: string) => ip === nodeIp || (isOfThisMachine(ip) && isOfThisMachine(nodeIp))
  const found = [...parts.state.nodes.values()].filter((node) => isSame(parts.ipOf(node)))
  if (found.length === 0) throw new ClusterError('not-found', `no node has the address ${nodeIp.slice(0, 64)}; see the list of nodes`)
  const rank = ({ facts, phase }: HeadNode) => (phase.kind === 'dead' ? 2 : facts.isHead ? 0 : 1)
  return found.sort((a, b) => rank(a) - rank(b)).map((node) => node.nodeId)
}

/** Of an actor that the head knows. */
export function actorPlaceOf(state: HeadState, actorId: string): ActorPlace | undefined {
  const actor = state.actors.get(actorId)
  if (actor === undefined) return undefined
  const { phase } = actor
  if (phase.kind === 'alive') return { nodeId: phase.nodeId, workerId: phase.address.workerId, pid: null }
  const exit = phase.kind === 'dead' ? (phase.death.exit ?? actor.lastExit) : actor.lastExit
  return { nodeId: phase.kind === 'starting' ? phase.nodeId : null, workerId: null, pid: exit === null || exit.pid === 0 ? null : exit.pid }
}

async function actorLog(actorId: string, suffix: OutputStream, parts: ResolveParts): Promise<{ nodeId: string; file: string }> {
  const place = actorPlaceOf(parts.state, actorId)
  if (place === undefined) throw new ClusterError('not-found', `there is no actor ${actorId}; see the list of actors`)
  const { nodeId, workerId, pid } = place
  if (workerId === null && pid === null) {
    throw new ClusterError('not-found', `actor ${actorId} has not run yet, so it has no log; \`why\` says what it waits for`)
  }
  const jobId = actorId.slice(24)
  const glob = workerId === null ? `worker-*-${jobId}-${pid}.${suffix}` : `worker-${workerId}-*.${suffix}`
  for (const each of nodeId === null || workerId === null ? parts.service.nodeIds : [nodeId]) {
    const file = await newestFit(parts.service, each, glob).catch((error: unknown) => {
      if (error instanceof ClusterError && each !== nodeId) return undefined // that one is away: it may be on another
      throw error
    })
    if (file !== undefined) return { nodeId: each, file }
  }
  throw new ClusterError('not-found', `the ${suffix} log of actor ${actorId} is gone: its node has removed it, or is gone without a copy`)
}

async function taskLog(
  task: { taskId: string; attempt: number; stream: OutputStream },
  { findTaskLog }: ResolveParts,
): Promise<ResolvedLog> {
  const found = await findTaskLog?.(task)
  if (found !== undefined) return found
  throw new ClusterError(
    'not-found',
    `no output is known of task ${task.taskId}, attempt ${task.attempt}; see the list of tasks for its attempts`,
  )
}

function jobLog(submissionId: string, { findJobLog }: ResolveParts): { nodeId: string; file: string } {
  const found = findJobLog?.(submissionId)
  if (found !== undefined) return found
  throw new ClusterError('not-found', `there is no log ${jobLogName(submissionId)}: no such job, or it has not started yet`)
}

/** Of several files with one pid, which the system uses again, the last. */
async function newestFit(service: LogService, nodeId: string, glob: string): Promise<string | undefined> {
  const { files } = await service.list({ nodeId, glob })
  const workers = files.filter(({ name }) => parseWorkerLogName(name) !== undefined)
  return workers.sort((a, b) => b.modifiedMs - a.modifiedMs)[0]?.name
}

async function hasFile(service: LogService, nodeId: string, file: string): Promise<boolean> {
  const listed = await service.list({ nodeId, glob: file.replace(/[*?[]/g, '?') }).catch(() => undefined)
  return listed?.files.some(({ name }) => name === file) ?? false
}

function isOfThisMachine(ip: string): boolean {
  if (ip === '::1' || ip === 'localhost' || ip.startsWith('127.')) return true
  return Object.values(networkInterfaces()).some((addresses) => addresses?.some(({ address }) => address === ip))
}
