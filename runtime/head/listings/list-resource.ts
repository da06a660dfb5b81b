import type * as z from 'zod'
import type { ClusterEventStateRow } from '../../api/state/cluster-events.ts'
import { toError } from '../../base/errors.ts'
import { ObjectsInspected, WorkersInspected } from '../../protocol/inspect.ts'
import type { HeadAsk } from '../../protocol/head-asks.ts'
import type { NodeMetrics } from '../../protocol/metrics.ts'
import type { EndedWorkers } from '../history/ended-workers.ts'
import type { Head } from '../head.ts'
import { nodeIpOf } from '../node-ip.ts'
import type { JobService } from '../jobs/job-service.ts'
import { actorStateRow } from './actor-rows.ts'
import { groupStateRow } from './group-rows.ts'
import type { Row } from './list-rows.ts'
import { nodeStateRow } from './node-rows.ts'
import { isRecordedSite, objectStateRow, type ObjectRow } from './object-rows.ts'
import type { ResourceName } from './resources.ts'
import { runtimeEnvRows } from './runtime-env-rows.ts'
import { endedWorkerRow, livingWorkerRow } from './worker-rows.ts'

export type ListingParts = {
  readonly head: Head
  readonly ended: EndedWorkers
  readonly jobs: Pick<JobService, 'list'>
  readonly metrics?: { latest(nodeId: string): NodeMetrics | undefined }
  readonly feed?: { clusterEventRows(): readonly ClusterEventStateRow[] }
}

/** Every row of a list. `failures`: whom it could not be asked of; those rows are missing. */
export type Listing<Each extends Row = Row> = {
  readonly rows: readonly Each[]
  readonly failures: readonly string[]
  readonly warnings: readonly string[]
}

const whole = (rows: readonly Row[], warnings: readonly string[] = []): Listing => ({ rows, failures: [], warnings })

/** All rows of a list but that of tasks, which is too long to be listed whole. `timeoutMs` bounds the questions to nodes. */
export async function listResource(name: Exclude<ResourceName, 'tasks'>, parts: ListingParts, timeoutMs: number): Promise<Listing> {
  const { state } = parts.head
  switch (name) {
    case 'nodes':
      return whole([...state.nodes.values()].map(nodeStateRow))
    case 'actors': {
      const pids = pidsOf(parts)
      return whole([...state.actors.values()].map((actor) => actorStateRow(actor, (workerId) => pids.get(workerId))))
    }
    case 'placement_groups':
      return whole([...state.groups.values()].map(groupStateRow))
    case 'jobs':
      return whole(parts.jobs.list())
    case 'runtime_envs':
      return whole(runtimeEnvRows(state.submissions.all.values()))
    case 'cluster_events':
      return whole(parts.feed?.clusterEventRows() ?? [])
    case 'workers':
      return listWorkers(parts, timeoutMs)
    case 'objects':
      return listObjects(parts, timeoutMs)
  }
}

function pidsOf({ head, metrics }: ListingParts): Map<string, number> {
  const pids = new Map<string, number>()
  for (const { nodeId } of head.state.livingNodes) {
    for (const { workerId, pid } of metrics?.latest(nodeId)?.processes ?? []) if (workerId !== null) pids.set(workerId, pid)
  }
  return pids
}

async function listWorkers(parts: ListingParts, timeoutMs: number): Promise<Listing> {
  const { head, ended, metrics } = parts
  const { answers, failures } = await askNodes(head, { ask: { type: 'inspect.workers' }, reply: WorkersInspected, timeoutMs })
  const living = answers.flatMap(({ nodeId, ip, answer }) => {
    const uses = new Map(metrics?.latest(nodeId)?.processes.map((process) => [process.pid, process]))
    return answer.workers.map((worker) => livingWorkerRow(worker, { nodeId, ip, use: uses.get(worker.pid) }))
  })
  const alive = new Set(living.map(({ worker_id: workerId }) => workerId))
  const dead = ended.list().filter(({ worker }) => !alive.has(worker.workerId))
  const rows = [...living, ...dead.map((each) => endedWorkerRow(each, ipOf(head, each.nodeId)))]
  const warnings = ended.forgotten > 0 ? [`${ended.forgotten} workers that ended earlier are not remembered any more.`] : []
  return { rows, failures, warnings }
}

const howToRecord =
  'Lines of code are not recorded in some processes; where a task made an object, its function stands there. Set SHOAL_RECORD_CALL_SITES=1 for "shoal start" and for the program to record them; each object then costs some 20 µs more.'

/** References that one process tells of. */
const referenceLimit = 100_000

export async function listObjects({ head }: ListingParts, timeoutMs: number): Promise<Listing<ObjectRow>> {
  const ask = { type: 'inspect.objects', limit: referenceLimit, timeoutMs: Math.max(1, Math.round(timeoutMs * 0.8)) } as const
  const { answers, failures } = await askNodes(head, { ask, reply: ObjectsInspected, timeoutMs })
  const nowMs = Date.now()
  const rows: ObjectRow[] = []
  const warnings: string[] = []
  const silent: string[] = []
  for (const { nodeId, ip, answer } of answers) {
    for (const { rows: references, failure, total, ...holder } of answer.holders) {
      for (const reference of references) rows.push(objectStateRow(reference, { ...holder, nodeId, ip }, nowMs))
      const name = `${holder.kind.toLowerCase()} ${holder.workerId} (pid ${holder.pid}, node ${nodeId})`
      if (failure !== '') silent.push(`${name} did not say what it refers to: ${failure}`)
      if (total > references.length) warnings.push(`${name} has ${total} references; ${references.length} of them are listed.`)
    }
  }
  if (rows.some(({ call_site: callSite }) => !isRecordedSite(callSite))) {
    warnings.push(howToRecord)
  }
  return { rows, failures: [...failures, ...silent], warnings }
}

type NodeQuestion<T> = { readonly ask: HeadAsk; readonly reply: z.ZodType<T>; readonly timeoutMs: number }
type NodeAnswers<T> = { readonly answers: readonly { nodeId: string; ip: string; answer: T }[]; readonly failures: readonly string[] }

/** Asks all living nodes at once; one that does not answer keeps nobody else waiting, and is named. */
export async function askNodes<T>(head: Head, { ask, reply, timeoutMs }: NodeQuestion<T>): Promise<NodeAnswers<T>> {
  const failures: string[] = []
  const answers = await Promise.all(
    head.state.livingNodes.map(async ({ nodeId, facts }) => {
      try {
        return [{ nodeId, ip: nodeIpOf(facts), answer: await head.askNode(nodeId, ask, { reply, timeoutMs }) }]
      } catch (thrown) {
        failures.push(`node ${facts.nodeName || nodeId} (${nodeId}) did not answer: ${toError(thrown).message}`)
        return []
      }
    }),
  )
  return { answers: answers.flat(), failures }
}

function ipOf(head: Head, nodeId: string): string {
  const node = head.state.nodes.get(nodeId)
  return node ? nodeIpOf(node.facts) : ''
}
