import type { Clock } from '../base/clock.ts'
import { toError } from '../base/errors.ts'
import type { TaskEnded } from '../protocol/tasks.ts'
import type { OwnerLink, TaskYielded } from './messages.ts'
import { failed } from './outcomes.ts'

/** A result waits for company at most this long while more tasks run in the same turn of the event loop. */
const holdMs = 0.5
const holdBytes = 64 * 1024
const holdCount = 2_000
/** A task that runs longer than this on average does not start over results that wait. */
const slowTaskMs = 0.2
/** What a result costs on the wire beside its bytes, about. */
const overheadBytes = 160
/** The schema's limit of one `tasks.returned`. */
const returnedLimit = 10_000

type Outbox = { ended: TaskEnded[]; bytes: number; isTouched: boolean; readonly withRefs: Set<string> }

/**
 * Collects what goes to owners, and sends one `tasks.ended` for each owner and turn of the event loop, sooner when much
 * waits or a slow task is about to start. All messages of one owner leave in order.
 */
export class ResultSender {
  readonly #clock: Clock
  readonly #outboxes = new Map<OwnerLink, Outbox>()
  #touched: OwnerLink[] = []
  #oldestMs = 0
  #isScheduled = false
  #lastLink: OwnerLink | undefined
  #lastOutbox: Outbox | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  ended(link: OwnerLink, task: TaskEnded): void {
    const outbox = this.#touch(link)
    outbox.ended.push(task)
    outbox.bytes += overheadBytes
    if (task.outcome.kind === 'done') {
      for (const { place, nested } of task.outcome.results) {
        if (place.kind === 'inline') outbox.bytes += place.bytes.length
        if (nested.length > 0) outbox.withRefs.add(task.taskId)
      }
    }
    if (outbox.bytes > holdBytes || outbox.ended.length >= holdCount) this.flush()
  }

  yielded(link: OwnerLink, item: TaskYielded): void {
    const outbox = this.#touch(link)
    if (item.result.nested.length > 0) outbox.withRefs.add(item.taskId)
    link.send(item)
    outbox.bytes += overheadBytes + (item.result.place.kind === 'inline' ? item.result.place.bytes.length : 0)
    if (outbox.bytes > holdBytes) this.flush()
  }

  /** Sent at once, behind the results that wait. */
  returned(link: OwnerLink, taskIds: readonly string[], leaving: boolean): void {
    this.#touch(link)
    this.#sendEnded(link)
    for (let from = 0; from < taskIds.length; from += returnedLimit) {
      link.send({ type: 'tasks.returned', taskIds: taskIds.slice(from, from + returnedLimit), leaving })
    }
    this.flush()
  }

  /** This worker takes no more tasks of this owner. */
  leaving(link: OwnerLink): void {
    this.#touch(link)
    this.#sendEnded(link)
    link.send({ type: 'tasks.returned', taskIds: [], leaving: true })
    this.flush()
  }

  /** Call before user code runs. `averageMs` below 0: not known. */
  beforeRun(averageMs: number, mustFlush: boolean): void {
    if (this.#touched.length === 0) return
    if (mustFlush || averageMs < 0 || averageMs > slowTaskMs || this.#clock.monotonicMs() - this.#oldestMs > holdMs) this.flush()
  }

  flush(): void {
    if (this.#touched.length === 0) return
    const links = this.#touched
    this.#touched = []
    for (const link of links) {
      this.#sendEnded(link)
      const outbox = this.#outboxes.get(link)
      if (outbox === undefined) continue // gone meanwhile
      outbox.isTouched = false
      outbox.bytes = 0
      link.flush()
    }
  }

  /** The caller holds the refs inside these results now. */
  held(link: OwnerLink, taskIds: readonly string[]): void {
    const withRefs = this.#outboxes.get(link)?.withRefs
    if (withRefs !== undefined && withRefs.size > 0) for (const taskId of taskIds) withRefs.delete(taskId)
  }

  /** Forgets the owner and what waits for it. Returns tasks whose results hold refs that the owner did not take over. */
  drop(link: OwnerLink): string[] {
    const outbox = this.#outboxes.get(link)
    this.#outboxes.delete(link)
    this.#touched = this.#touched.filter((other) => other !== link)
    if (this.#lastLink === link) this.#lastLink = this.#lastOutbox = undefined
    return outbox === undefined ? [] : [...outbox.withRefs]
  }

  #touch(link: OwnerLink): Outbox {
    const outbox = this.#lastLink === link && this.#lastOutbox !== undefined ? this.#lastOutbox : this.#outboxOf(link)
    if (outbox.isTouched) return outbox
    outbox.isTouched = true
    if (this.#touched.length === 0) this.#oldestMs = this.#clock.monotonicMs()
    this.#touched.push(link)
    if (!this.#isScheduled) {
      this.#isScheduled = true
      setImmediate(() => {
        this.#isScheduled = false
        this.flush()
      })
    }
    return outbox
  }

  #outboxOf(link: OwnerLink): Outbox {
    let outbox = this.#outboxes.get(link)
    if (outbox === undefined) {
      outbox = { ended: [], bytes: 0, isTouched: false, withRefs: new Set() }
      this.#outboxes.set(link, outbox)
    }
    this.#lastLink = link
    this.#lastOutbox = outbox
    return outbox
  }

  #sendEnded(link: OwnerLink): void {
    const outbox = this.#outboxes.get(link)
    if (outbox === undefined || outbox.ended.length === 0) return
    const tasks = outbox.ended
    outbox.ended = []
    sendEnded(link, tasks)
  }
}

/** A message over the limit of a link is refused by it whole: then each task is told alone, and the one that is too large as failed. */
function sendEnded(link: OwnerLink, tasks: TaskEnded[]): void {
  try {
    link.send({ type: 'tasks.ended', tasks })
  } catch (error) {
    const [task] = tasks
    if (tasks.length > 1) {
      for (const each of tasks) sendEnded(link, [each])
    } else if (task !== undefined) {
      const outcome = failed('value.not-serializable', `the outcome of task ${task.taskId} cannot be sent: ${toError(error).message}`, {
        taskId: task.taskId,
      })
      link.send({ type: 'tasks.ended', tasks: [{ ...task, outcome, borrowed: [] }] })
    }
  }
}
