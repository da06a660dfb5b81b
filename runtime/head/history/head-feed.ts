import { TaskReportBuffer } from '../../protocol/task-reports.ts'
import { creationTaskOf, driverTaskOf, stateCodes, type TaskErrorType } from '../../base/task-states.ts'
import { packPlain } from '../../transport/packed.ts'
import type { Actor, Job } from '../core/state.ts'
import type { Head } from '../head.ts'
import type { RowChange } from '../store.ts'
import { EndedWorkers } from './ended-workers.ts'
import type { History } from './history.ts'

const gatherMs = 100
const bufferLimit = 50_000

/** Tells the history what only the head knows: drivers, constructors of actors, and which processes are over. Returns those. */
export function feedHistory(head: Head, history: History): EndedWorkers {
  const ended = new EndedWorkers()
  const feed = new HeadFeed(head, history)
  head.onSaved((changes) => feed.saved(changes))
  head.onWorkerEnded = (nodeId, message) => {
    ended.note(nodeId, message)
    history.ended({ workerIds: [message.worker.workerId], atMs: message.endedAtMs })
  }
  return ended
}

class HeadFeed {
  readonly #head: Head
  readonly #history: History
  readonly #buffer = new TaskReportBuffer(bufferLimit)
  /** Actors that have been alive in their present life: their constructors ended well, whatever comes. */
  readonly #built = new Map<string, number>()
  #timer: NodeJS.Timeout | undefined

  constructor(head: Head, history: History) {
    this.#head = head
    this.#history = history
    for (const actor of head.state.actors.values()) if (actor.phase.kind === 'alive') this.#built.set(actor.spec.actorId, actor.restarts)
  }

  saved(changes: readonly RowChange[]): void {
    for (const change of changes) {
      if (change.type === 'delete') this.#built.delete(change.key)
      else if (change.row.table === 'jobs') this.#job(change.row.value)
      else if (change.row.table === 'actors') this.#actor(change.row.key)
      else if (change.row.table === 'nodes' && change.row.value.death) {
        this.#history.ended({ nodeIds: [change.row.key], atMs: change.row.value.death.diedAtMs })
      }
    }
    if (this.#buffer.count > 0) this.#timer ??= setTimeout(() => this.#send(), gatherMs).unref()
  }

  #job(job: Job): void {
    const isOver = job.endedAtMs !== null
    const row = this.#buffer.add(
      {
        taskId: driverTaskOf(job.jobId),
        attempt: 0,
        state: isOver ? stateCodes.FINISHED : stateCodes.RUNNING,
        createdMs: job.startedAtMs,
        submittedMs: 0,
        startedMs: job.startedAtMs,
        endedMs: job.endedAtMs ?? 0,
      },
      job,
      ({ entrypoint }) => ({ name: entrypoint.slice(0, 512) }),
    )
    this.#buffer.setPlace(row, { nodeId: job.nodeId, workerId: job.driverId, pid: job.pid })
    if (job.endedAtMs === null) return
    this.#send() // before the end of all that belonged to it
    this.#history.ended({ jobIds: [job.jobId], atMs: job.endedAtMs })
  }

  #actor(actorId: string): void {
    const actor = this.#head.state.actors.get(actorId)
    if (!actor) return
    const { phase, restarts, spec } = actor
    if (phase.kind === 'dead' && this.#built.get(actorId) === restarts) {
      this.#built.delete(actorId)
      return
    }
    const atMs = Date.now()
    const row = this.#buffer.add(
      { taskId: creationTaskOf(actorId), attempt: restarts, ...stepOf(actor, atMs) },
      spec,
      ({ className, shape }) => ({
        name: className,
        resources: shape.resources,
        ...(shape.strategy.kind === 'group' ? { groupId: shape.strategy.groupId } : {}),
      }),
    )
    if (phase.kind === 'alive') {
      this.#built.set(actorId, restarts)
      this.#buffer.setPlace(row, { nodeId: phase.address.nodeId, workerId: phase.address.workerId, pid: 0 })
    }
    if (phase.kind === 'dead') this.#buffer.setError(row, errorOf(phase.death.cause), phase.death.message)
  }

  #send(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const taken = this.#buffer.take(true)
    if (taken === undefined) return
    const { reports, dropped, firstMs, lastMs } = taken
    this.#history.append({
      type: 'events.batch',
      ...{ nodeId: '', workerId: '', pid: process.pid },
      ...{ count: reports.count, dropped, firstMs, lastMs },
      packed: packPlain(reports),
    })
  }
}

type Step = { state: number; createdMs: number; submittedMs: number; startedMs: number; endedMs: number }

/** How far a constructor has come. */
function stepOf({ phase }: Actor, atMs: number): Step {
  const none = { createdMs: 0, submittedMs: 0, startedMs: 0, endedMs: 0 }
  switch (phase.kind) {
    case 'pending':
      return { ...none, state: stateCodes.PENDING_NODE_ASSIGNMENT, createdMs: phase.sinceMs }
    case 'starting':
      return { ...none, state: stateCodes.SUBMITTED_TO_WORKER, createdMs: phase.sentAtMs, submittedMs: phase.sentAtMs }
    case 'alive':
      return { ...none, state: stateCodes.FINISHED, endedMs: atMs }
    case 'dead':
      return { ...none, state: stateCodes.FAILED, endedMs: phase.diedAtMs }
  }
}

function errorOf(cause: string): TaskErrorType {
  if (cause === 'constructor-threw' || cause === 'constructor-failed' || cause === 'name-taken') return 'ACTOR_CREATION_FAILED'
  if (cause === 'unschedulable') return 'ACTOR_UNSCHEDULABLE_ERROR'
  return cause === 'group-removed' ? 'ACTOR_PLACEMENT_GROUP_REMOVED' : 'ACTOR_DIED'
}
