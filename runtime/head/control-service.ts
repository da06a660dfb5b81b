import type { BlastRadius, ControlAnswer } from '../api/control.ts'
import type { Clock } from '../base/clock.ts'
import { ClusterError } from '../base/errors.ts'
import { CountOwnedReply, EndProcessReply, TaskCancelOwnedReply } from '../protocol/control.ts'
import type { HeadAsk } from '../protocol/head-asks.ts'
import { type Radius, radiusOfActor, radiusOfGroup, radiusOfJob, radiusOfNode, radiusOfProcess } from './core/blast-radius.ts'
import { nodeOf } from './core/submission.ts'
import type { Head } from './head.ts'
import type { History } from './history/history.ts'
import type { JobService } from './jobs/job-service.ts'
import type { MetricsService } from './metrics/metrics-service.ts'

export type ControlParts = {
  readonly head: Head
  readonly clock: Clock
  readonly history: Pick<History, 'countStates' | 'findAttempts'>
  readonly jobs: Pick<JobService, 'stop' | 'isTerminal'>
  readonly metrics: Pick<MetricsService, 'all'>
}

export type Cancelling = { readonly dryRun: boolean; readonly force: boolean; readonly recursive: boolean }

/** An owner that runs code which lets nothing else through answers late. */
const cancelTimeoutMs = 5_000
const countTimeoutMs = 2_000
const listedIds = 1_000
const overStates: ReadonlySet<string> = new Set(['FINISHED', 'FAILED'])
const noRadius: Radius = { nodes: new Set(), jobs: new Set(), actors: new Set(), groups: new Set(), workers: new Set(), notes: [] }

/** What operators may end. Every call says what else ends; with `dryRun` it only says. */
export class ControlService {
  readonly #parts: ControlParts

  constructor(parts: ControlParts) {
    this.#parts = parts
  }

  /** A submitted job by either id, or a program that joined by itself. @throws ClusterError `not-found`. */
  async stopJob(id: string, dryRun: boolean): Promise<ControlAnswer> {
    const { head, jobs } = this.#parts
    const { state } = head
    const job = state.jobs.get(id)
    const submission = state.submissions.all.get(id) ?? state.submissions.all.get(job?.submissionId ?? '')
    if (submission === undefined && job === undefined) throw notFound('job', id)
    const jobId = job?.jobId ?? submission?.driver?.jobId
    const radius = await this.#widen(jobId === undefined ? noRadius : radiusOfJob(state, jobId), { jobId })
    const answer = { target: id, action: 'stop', dryRun, radius } as const
    if (submission ? jobs.isTerminal(submission.spec.submissionId) : job?.endedAtMs !== null) {
      return { ...answer, done: false, message: `job ${id} has ended already` }
    }
    const nodeId = submission ? nodeOf(submission) : (job?.nodeId ?? null)
    const where = nodeId === null ? 'is taken out of the queue' : `is told to end on node ${nodeId}`
    if (dryRun) return { ...answer, done: false, message: `job ${id} would end: it ${where}` }
    if (submission) {
      const stopped = await jobs.stop(submission.spec.submissionId)
      return { ...answer, done: stopped, message: stopped ? `job ${id} ${where}` : `job ${id} has ended already` }
    }
    const ended = await this.#endProcess(job?.driverId ?? '', nodeId)
    return {
      ...answer,
      done: ended !== 'none',
      message: ended === 'none' ? `the driver of job ${id} is gone already` : `the driver of job ${id} was let go; what it owns ends`,
    }
  }

  /** Any task that has not ended. @throws ClusterError `not-found`, `wrong-state` when its owner refuses, `timeout` when its owner may not have heard. */
  async cancelTask(taskId: string, { dryRun, force, recursive }: Cancelling): Promise<ControlAnswer> {
    const attempts = await this.#parts.history.findAttempts(taskId)
    const last = attempts.at(-1)
    const answer = { target: taskId, action: 'cancel', dryRun, radius: toBlastRadius(noRadius, { tasks: 1, objects: null }) } as const
    const stateName = typeof last?.['state'] === 'string' ? last['state'] : ''
    const name = typeof last?.['name'] === 'string' ? last['name'] : taskId
    if (overStates.has(stateName)) return { ...answer, done: false, message: `task ${name} has ended already: ${stateName}` }
    if (dryRun) {
      if (last === undefined) throw notFound('task', taskId)
      const how = force ? 'the worker that runs it is ended' : 'it sees its abort signal'
      const notes = recursive ? ['tasks that it started are cancelled too'] : []
      const radius = { ...answer.radius, notes }
      return {
        ...answer,
        radius,
        done: false,
        message: `task ${name} (${stateName}) would be cancelled: ${stateName.startsWith('RUNNING') ? how : 'it would not begin'}`,
      }
    }
    const { outcome, silent } = await this.#askOwners({ type: 'control.cancel-task', taskId, force, recursive })
    if (outcome.outcome === 'refused') throw new ClusterError('wrong-state', outcome.message, { details: { taskId } })
    if (outcome.outcome === 'waiting') return { ...answer, done: true, message: `task ${name} had not begun, and will not` }
    if (outcome.outcome === 'told') {
      return {
        ...answer,
        done: true,
        message: force
          ? `the worker that runs task ${name} is ended`
          : `task ${name} runs, and was told: it ends when its code looks at its abort signal`,
      }
    }
    if (silent.length > 0) {
      throw new ClusterError(
        'timeout',
        `nobody said that task ${taskId} is theirs, but these did not answer: ${silent.join('; ').slice(0, 1_000)}; try again, or end its worker`,
      )
    }
    if (last === undefined) throw notFound('task', taskId)
    return { ...answer, done: false, message: `no process owns task ${name} any more: it has ended, or its owner has` }
  }

  /** @throws ClusterError `not-found`. */
  async killActor(
    actorId: string,
    { dryRun, noRestart }: { readonly dryRun: boolean; readonly noRestart: boolean },
  ): Promise<ControlAnswer> {
    const { head } = this.#parts
    const actor = head.state.actors.get(actorId)
    if (actor === undefined) throw notFound('actor', actorId)
    const radius = await this.#widen(radiusOfActor(head.state, actor, { noRestart }), { actorId })
    const answer = { target: actorId, action: 'kill', dryRun, radius } as const
    const name = `${actor.spec.className}${actor.spec.name === null ? '' : ` '${actor.spec.name}'`}`
    if (actor.phase.kind === 'dead')
      return { ...answer, done: false, message: `actor ${name} is dead already: ${actor.phase.death.message.slice(0, 500)}` }
    if (dryRun) return { ...answer, done: false, message: `actor ${name} would be killed` }
    await head.request('', { type: 'actor.kill', actorId, noRestart })
    return { ...answer, done: true, message: `actor ${name} was killed${noRestart ? ' for good' : ''}` }
  }

  /** A worker, an actor's process, or a driver. @throws ClusterError `not-found`. */
  async endWorker(workerId: string, dryRun: boolean): Promise<ControlAnswer> {
    const { head } = this.#parts
    const nodeId = this.#nodeOfProcess(workerId)
    if (nodeId === null && dryRun) throw notFound('worker', workerId)
    const radius = await this.#widen(radiusOfProcess(head.state, workerId), {})
    const answer = { target: workerId, action: 'end', dryRun, radius } as const
    if (dryRun)
      return { ...answer, done: false, message: `worker ${workerId} on node ${nodeId} would be ended, with every process that it started` }
    const role = await this.#endProcess(workerId, nodeId)
    if (role === 'none') throw notFound('worker', workerId)
    return {
      ...answer,
      done: true,
      message:
        role === 'driver' ? 'the driver was let go; what it owns ends' : `worker ${workerId} was ended, with every process that it started`,
    }
  }

  /** @throws ClusterError `not-found`, `wrong-state` for a dead node. */
  async drainNode(
    nodeId: string,
    order: { readonly dryRun: boolean; readonly reason: string; readonly withinMs: number },
  ): Promise<ControlAnswer> {
    const { head, clock } = this.#parts
    const node = head.state.nodes.get(nodeId)
    if (node === undefined) throw notFound('node', nodeId)
    if (node.phase.kind === 'dead')
      throw new ClusterError('wrong-state', `node ${nodeId} is dead: ${node.phase.reason}`, { details: { nodeId } })
    const { dryRun, reason, withinMs } = order
    const radius = await this.#widen(radiusOfNode(head.state, node), { nodeId })
    const answer = { target: nodeId, action: 'drain', dryRun, radius } as const
    const until =
      withinMs === 0
        ? 'when nothing runs there any more'
        : `within ${Math.round(withinMs / 1_000)} s, or sooner when nothing runs there any more`
    if (dryRun) return { ...answer, done: false, message: `node ${nodeId} would take no new work, and leave ${until}` }
    head.drainNode(nodeId, reason, withinMs === 0 ? 0 : clock.nowMs() + withinMs)
    return { ...answer, done: true, message: `node ${nodeId} takes no new work, and leaves ${until}` }
  }

  /** @throws ClusterError `not-found`. */
  async removeGroup(groupId: string, dryRun: boolean): Promise<ControlAnswer> {
    const { head } = this.#parts
    const group = head.state.groups.get(groupId)
    if (group === undefined) throw notFound('placement group', groupId)
    const radius = await this.#widen(radiusOfGroup(head.state, groupId), { groupId })
    const answer = { target: groupId, action: 'remove', dryRun, radius } as const
    if (group.phase.kind === 'removed') return { ...answer, done: false, message: `placement group ${groupId} is removed already` }
    if (dryRun) return { ...answer, done: false, message: `placement group ${groupId} would be removed` }
    await head.request('', { type: 'group.remove', groupId })
    return { ...answer, done: true, message: `placement group ${groupId} was removed` }
  }

  /** Where a process runs, as far as the head knows. */
  #nodeOfProcess(workerId: string): string | null {
    const { head, metrics } = this.#parts
    const phase = head.state.actors.get(head.state.actorOfWorker.get(workerId) ?? '')?.phase
    if (phase?.kind === 'alive') return phase.nodeId
    const job = head.state.jobs.get(head.state.jobOfDriver.get(workerId) ?? '')
    if (job) return job.endedAtMs === null ? job.nodeId : null
    const owner = head.state.owners.get(workerId)
    if (owner) return owner.nodeId
    for (const { metrics: figures } of metrics.all())
      if (figures.processes.some((process) => process.workerId === workerId)) return figures.nodeId
    return null
  }

  async #endProcess(workerId: string, nodeId: string | null): Promise<EndProcessReply['role']> {
    const { head } = this.#parts
    const ask = { type: 'control.end-process', workerId, reason: 'killed' } as const
    const nodeIds = nodeId === null ? linked(head) : [nodeId]
    const answers = await Promise.allSettled(nodeIds.map((each) => head.askNode(each, ask, { reply: EndProcessReply })))
    const found = answers.find((answer) => answer.status === 'fulfilled' && answer.value.role !== 'none')
    if (found?.status === 'fulfilled') return found.value.role
    const failed = nodeId === null ? undefined : answers.find((answer) => answer.status === 'rejected')
    if (failed?.status === 'rejected') throw failed.reason
    return 'none'
  }

  async #askOwners(ask: HeadAsk): Promise<{ outcome: TaskCancelOwnedReply; silent: string[] }> {
    const { head } = this.#parts
    const silent: string[] = []
    let outcome: TaskCancelOwnedReply = { outcome: 'unknown', message: '' }
    await Promise.all(
      linked(head).map(async (nodeId) => {
        try {
          const answer = await head.askNode(nodeId, ask, { reply: TaskCancelOwnedReply, timeoutMs: cancelTimeoutMs })
          if (answer.outcome !== 'unknown') outcome = answer
          else if (answer.message !== '') silent.push(answer.message)
        } catch (error) {
          silent.push(`node ${nodeId.slice(0, 12)}: ${error instanceof Error ? error.message : String(error)}`)
        }
      }),
    )
    return { outcome, silent }
  }

  /** Adds what only others know: tasks from the history, objects from the nodes. */
  async #widen(
    radius: Radius,
    about: { jobId?: string | undefined; actorId?: string; nodeId?: string; groupId?: string },
  ): Promise<BlastRadius> {
    const [tasks, objects] = await Promise.all([this.#countTasks(about), this.#countObjects(radius)])
    return toBlastRadius(radius, { tasks, objects })
  }

  async #countTasks(about: Readonly<Record<string, string | undefined>>): Promise<number | null> {
    const columns = { jobId: 'job_id', actorId: 'actor_id', nodeId: 'node_id', groupId: 'placement_group_id' } as const
    const filters = Object.entries(columns).flatMap(([name, column]) => {
      const value = about[name]
      return value === undefined ? [] : [{ column, operator: '=' as const, values: [value] }]
    })
    if (filters.length === 0) return null
    try {
      const counts = await this.#parts.history.countStates({ filters, excludeDriver: true })
      let tasks = 0
      for (const states of Object.values(counts))
        for (const [name, count] of Object.entries(states)) if (!overStates.has(name)) tasks += count
      return tasks
    } catch {
      return null // the history is out of order: the rest of the answer is good without it
    }
  }

  async #countObjects({ workers }: Radius): Promise<number | null> {
    const { head } = this.#parts
    if (workers.size === 0) return 0
    const ask = { type: 'control.count-owned', workerIds: [...workers].slice(0, 10_000) } as const
    const answers = await Promise.allSettled(
      linked(head).map((nodeId) => head.askNode(nodeId, ask, { reply: CountOwnedReply, timeoutMs: countTimeoutMs })),
    )
    if (answers.some(({ status }) => status === 'rejected')) return null
    return answers.reduce((sum, answer) => sum + (answer.status === 'fulfilled' ? answer.value.objects : 0), 0)
  }
}

const linked = (head: Head): string[] => head.state.livingNodes.filter(({ phase }) => phase.kind === 'linked').map(({ nodeId }) => nodeId)

function toBlastRadius(radius: Radius, { tasks, objects }: { tasks: number | null; objects: number | null }): BlastRadius {
  const listed = (ids: ReadonlySet<string>) => ({ count: ids.size, ids: [...ids].slice(0, listedIds) })
  return {
    nodes: listed(radius.nodes),
    jobs: listed(radius.jobs),
    actors: listed(radius.actors),
    placement_groups: listed(radius.groups),
    workers: listed(radius.workers),
    ...{ tasks, objects },
    notes: radius.notes.map((note) => note.slice(0, 1_024)),
  }
}

const notFound = (what: string, id: string): ClusterError =>
  new ClusterError('not-found', `no ${what} ${id} is known to this cluster; it may have ended long ago`, { details: { id } })
