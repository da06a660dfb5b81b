import { type Why, WhyQuery, whyPath } from '../../../api/why.ts'
import { ClusterError } from '../../../base/errors.ts'
import { shapeKey, toPlacementShape } from '../../../protocol/placement/shapes.ts'
import type { Shape } from '../../../protocol/scheduling.ts'
import { listDemand, type Reason, whyActor, whyGroup, whyShape, whySubmission } from '../../core/why.ts'
import type { HeadApp, HttpParts } from '../parts.ts'
import { queryValues } from '../request-values.ts'

/** Why something waits: node by node what is missing, the nearest first. Without an id: everything that waits. */
export function whyRoutes(app: HeadApp, parts: HttpParts): void {
  app.get(whyPath, async (context) => {
    const { task, actor, group, job } = queryValues(context, WhyQuery)
    if (task !== undefined) return context.json(await whyTask(parts, task))
    if (actor !== undefined)
      return context.json(answer('actor', actor, whyActor(parts.head.state, found('actor', actor, parts.head.state.actors.get(actor)))))
    if (group !== undefined) {
      return context.json(
        answer('placement_group', group, whyGroup(parts.head.state, found('placement group', group, parts.head.state.groups.get(group)))),
      )
    }
    return context.json(job === undefined ? summary(parts) : whyJob(parts, job))
  })
}

function summary({ head }: HttpParts) {
  const demands = listDemand(head.state)
  const count = (kind: string) => demands.reduce((sum, demand) => sum + (demand.kind === kind ? demand.count : 0), 0)
  return { tasks: count('task'), actors: count('actor'), placement_groups: count('placement_group'), demands }
}

function whyJob({ head }: HttpParts, id: string): Why {
  const { state } = head
  const job = state.jobs.get(id)
  const submission = state.submissions.all.get(id) ?? state.submissions.all.get(job?.submissionId ?? '')
  if (submission) return answer('job', id, whySubmission(state, submission))
  const { endedAtMs, nodeId } = found('job', id, job)
  return answer(
    'job',
    id,
    settled(
      endedAtMs === null ? 'RUNNING' : 'SUCCEEDED',
      endedAtMs === null ? `its driver runs on node ${nodeId}` : 'its driver has ended',
    ),
  )
}

/** Why a task waits is told by its state; when it waits for a node, by what it asks for. */
async function whyTask({ head, history }: HttpParts, taskId: string): Promise<Why> {
  const row = found('task', taskId, (await history.findAttempts(taskId)).at(-1))
  const stateName = String(row['state'])
  const waits = waitingWords[stateName]
  if (waits === undefined) return answer('task', taskId, settled(stateName, `it does not wait: it is ${stateName}`))
  const asked = numbersOf(row['required_resources'])
  const sinceMs = typeof row['creation_time_ms'] === 'number' ? row['creation_time_ms'] : null
  if (stateName !== 'PENDING_NODE_ASSIGNMENT')
    return answer('task', taskId, { ...settled(stateName, waits), isPending: true, asked, sinceMs })
  const groupId = typeof row['placement_group_id'] === 'string' ? row['placement_group_id'] : undefined
  const about = whyShape(head.state, toPlacementShape(shapeOf(head.state, asked, groupId)))
  return answer('task', taskId, { ...about, state: stateName, isPending: true, sinceMs })
}

const waitingWords: Readonly<Record<string, string>> = {
  PENDING_ARGS_AVAIL: 'it waits for its arguments: the tasks that make them have not ended',
  PENDING_NODE_ASSIGNMENT: 'it waits for a node',
  PENDING_OBJ_STORE_MEM_AVAIL: 'it waits for room in the object store',
  PENDING_ARGS_FETCH: 'its arguments are on their way to its node',
  SUBMITTED_TO_WORKER: 'it has a worker, and waits for those before it there',
  PENDING_ACTOR_TASK_ARGS_FETCH: 'its arguments are on their way to its actor',
  PENDING_ACTOR_TASK_ORDERING_OR_CONCURRENCY: 'it waits for calls before it to the same actor',
}

/** What tells of the task knows no labels: a demand that a node reports for the same amounts knows them. */
function shapeOf(state: HttpParts['head']['state'], resources: Record<string, number>, groupId: string | undefined): Shape {
  const plain: Shape = {
    ...{ resources, labels: [], fallbackLabels: [] },
    strategy: groupId === undefined ? { kind: 'default' } : { kind: 'group', groupId, bundleIndex: -1, captureChildren: false },
  }
  const amounts = shapeKey({ ...plain, strategy: { kind: 'default' } })
  for (const node of state.livingNodes) {
    for (const { shape } of node.demand) {
      const isOfGroup = shape.strategy.kind === 'group' ? shape.strategy.groupId === groupId : groupId === undefined
      if (isOfGroup && shapeKey({ ...plain, resources: shape.resources, strategy: { kind: 'default' } }) === amounts) return shape
    }
  }
  return plain
}

function numbersOf(value: unknown): Record<string, number> {
  if (typeof value !== 'object' || value === null) return {}
  return Object.fromEntries(Object.entries(value).filter((entry): entry is [string, number] => typeof entry[1] === 'number'))
}

const settled = (state: string, why: string): Reason => ({
  ...{ state, why, isPending: false, infeasible: false, sinceMs: null, asked: {}, nearest: null, nodes: [], nodesLeftOut: 0 },
})

const answer = (kind: Why['kind'], id: string, reason: Reason): Why => ({
  ...{ kind, id },
  ...reason,
  why: reason.why.slice(0, 4_096),
  asked: { ...reason.asked },
  nodes: reason.nodes.map((node) => ({ ...node, why: node.why.slice(0, 2_048), missing: [...node.missing], labels: [...node.labels] })),
})

function found<Thing>(what: string, id: string, thing: Thing | undefined): Thing {
  if (thing !== undefined) return thing
  throw new ClusterError('not-found', `no ${what} ${id} is known to this cluster; it may have ended long ago`, { details: { id } })
}
