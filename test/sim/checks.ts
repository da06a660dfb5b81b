import { ownerDefaults } from '#runtime/sdk/owner/core/state.ts'
import type { Job } from './messages.ts'
import { mix, numberOf, valueOf } from './plans.ts'
import type { SimTask } from './sim-task.ts'
import type { SimWorker } from './sim-worker.ts'

/** Watches what programs can see while the world runs: what ran, where, in which order, and how it ended. */
export class Checks {
  /** Runs of each task's code. */
  readonly #starts = new Map<string, number>()
  /** Where each life of an actor was built. */
  readonly #lives = new Map<string, string>()
  /** The last call that ran of each caller, by life and link: over a new link what was not answered comes once more. */
  readonly #order = new Map<string, number>()

  ended = (made: SimTask): void => {
    if (made.ends > 1) throw new Error(`${describeTask(made)} ended ${made.ends} times`)
    const isDone = made.end?.kind === 'outcome' && made.end.outcome.kind === 'done'
    if (!isDone) return
    const place = made.result?.place
    if (place?.kind === 'inline' && numberOf(place.bytes) !== expectedValue(made))
      throw new Error(`${describeTask(made)} has a wrong result`)
    if (made.plan.kind === 'task' && made.items.length !== made.plan.items)
      throw new Error(`${describeTask(made)} gave ${made.items.length} items`)
    if (made.items.some((item, index) => item !== index)) throw new Error(`${describeTask(made)} gave items ${made.items.join()}`)
  }

  started(job: Job, worker: SimWorker, link: number): void {
    const { plan, taskId, attempt } = job
    const starts = (this.#starts.get(taskId) ?? 0) + 1
    this.#starts.set(taskId, starts)
    if (plan.kind === 'task') {
      if (plan.maxRetries === 0 && starts > 1) throw new Error(`task ${plan.name} ${taskId} may run once and ran ${starts} times`)
      return
    }
    const { actor } = worker
    if (!actor) throw new Error(`call ${taskId} runs in a worker without an actor`)
    if (actor.spec.maxTaskRetries === 0 && starts > 1) throw new Error(`call ${taskId} may run once and ran ${starts} times`)
    if (attempt > 0 && job.args.length > 0) return // one whose argument was lost runs when it is there again
    const caller = `${actor.spec.actorId} ${actor.restarts} ${taskId.slice(0, 8)} ${link}`
    const last = this.#order.get(caller) ?? -1
    if (plan.index <= last) throw new Error(`actor ${actor.spec.actorId} ran call ${plan.index} after call ${last} of the same caller`)
    this.#order.set(caller, plan.index)
  }

  /** A life is built once, whatever order comes again and however late: also where it was refused for lack of room, and there is room now. */
  actorBuilt(actorId: string, restarts: number, worker: SimWorker): void {
    const life = `${actorId} ${restarts}`
    const before = this.#lives.get(life)
    if (before !== undefined) throw new Error(`life ${restarts} of actor ${actorId} was built in ${before} and in ${worker.workerId}`)
    this.#lives.set(life, worker.workerId)
  }
}

export function expectedValue({ plan, args }: SimTask): number {
  const values = args.map(expectedValue)
  return plan.kind === 'task' ? valueOf(plan, values) : mix(plan.seed, ...values)
}

export type Circumstances = {
  /** Processes, links or clocks were tampered with. */
  readonly isFaulty: boolean
  /** Processes may fail to start. */
  readonly doStartsFail: boolean
  /** The actor called may end, by its own doing or by a kill. */
  readonly isFragile: boolean
}

/** Undefined when a program had to expect such an end; else what is wrong with it. */
export function explainEnd(made: SimTask, when: Circumstances): string | undefined {
  const { end, plan, task } = made
  const wrong = `${describeTask(made)} ended as ${JSON.stringify(end)}`
  if (!end) return `${describeTask(made)} never ended`
  const isExhausted = task.retriesLeft === 0
  switch (end.kind) {
    case 'as-object':
      return made.args.some(({ objectId, status }) => objectId === end.objectId && status === 'failed') ? undefined : wrong
    case 'crashed':
      return isExhausted && (when.isFaulty || (plan.kind === 'task' && plan.crashesFor > 0)) ? undefined : wrong
    case 'actor-died':
      return plan.kind === 'call' && (when.isFaulty || when.isFragile) ? undefined : wrong
    case 'failed':
      return isExpectedFailure(made, end.failure.code, when) ? undefined : wrong
    case 'outcome': {
      if (end.outcome.kind === 'done') return undefined
      if (end.outcome.kind === 'failed') return isExpectedFailure(made, end.outcome.failure.code, when) ? undefined : wrong
      if (plan.kind === 'call') return wrong
      const isChildError = end.outcome.error.classNames.includes('ChildFailed')
      const mayFail = isChildError ? plan.children.some(isRisky) || when.isFaulty || made.isCancelled : plan.throwsFor > 0
      return mayFail && (isExhausted || !plan.retryErrors) ? undefined : wrong
    }
  }
}

function isExpectedFailure(made: SimTask, code: string, when: Circumstances): boolean {
  const { plan } = made
  switch (code) {
    case 'task.cancelled':
      return made.isCancelled
    case 'task.unschedulable': {
      if (plan.kind === 'call') return false
      const { strategy, resources } = plan.shape
      const isHard = (strategy.kind === 'node' && !strategy.soft) || (resources['CPU'] ?? 0) > 4
      return isHard || (when.isFaulty && (resources['CPU'] ?? 0) > 1)
    }
    case 'group.removed':
      return plan.kind === 'task' && plan.shape.strategy.kind === 'group'
    case 'worker.crashed':
      return when.doStartsFail
    case 'object.not-reconstructable':
      return when.isFaulty
    case 'object.lost': // made again and again where it cannot be reached
      return when.isFaulty && made.task.recoveries >= ownerDefaults.maxRecoveries
    case 'actor.died':
    case 'actor.unavailable':
      return plan.kind === 'call' && (when.isFaulty || when.isFragile)
    default:
      return false
  }
}

const isRisky = (plan: { crashesFor: number; throwsFor: number }): boolean => plan.crashesFor > 0 || plan.throwsFor > 0

export const describeTask = ({ plan, task }: SimTask): string =>
  `${plan.kind} ${plan.name} ${task.taskId.slice(0, 16)} (attempt ${task.attempt}, ${task.retriesLeft} of ${task.maxRetries} retries left, ${task.phase})`
