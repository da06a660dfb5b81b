import { objectIdOf } from '../../base/ids.ts'
import type { ObjectRef, ObjectRefGenerator } from '../object-ref.ts'
import type { OwnedTask } from '../owner/core/state.ts'
import type { Client } from './client.ts'
import type { PendingTask } from './pending-task.ts'
import type { RefState } from './ref-state.ts'
import type { StreamState } from './stream-state.ts'

/** The public face of a stream: refs in order, as they arrive. It holds what comes of its task, not what the task holds. */
export class RefStream implements ObjectRefGenerator<unknown> {
  readonly completed: ObjectRef<number>
  readonly #client: Client
  readonly #task: OwnedTask
  readonly #stream: StreamState

  constructor(client: Client, { task, stream }: { task: OwnedTask; stream: StreamState }) {
    this.#client = client
    this.#task = task
    this.#stream = stream
    const completed = client.references.owned(objectIdOf(task.taskId, 1))
    this.completed = client.references.toRef<number>(completed)
    stream.onEnded = (failure) => {
      if (failure) {
        completed.failure = failure
        completed.settle('failed')
      } else
        client.values.fill(completed, {
          place: { kind: 'inline', bytes: client.codec.encode(task.yielded, 'count').toBytes() },
          nested: [],
        })
    }
    stream.onConsumed = (count) => client.owner.tellConsumed(task, count)
  }

  async next(): Promise<IteratorResult<ObjectRef<unknown>, undefined>> {
    const { keepAlive, reader, references } = this.#client
    const state = await keepAlive.during(() => reader.waiting(() => this.#stream.next()))
    return state ? { done: false, value: references.toRef(state) } : { done: true, value: undefined }
  }

  /** Leaving a loop early stops the task. */
  async return(): Promise<IteratorResult<ObjectRef<unknown>, undefined>> {
    const { taskId } = this.#task
    this.#client.owner.raise({ type: 'task.cancel', taskId, force: false, recursive: true, nowMs: performance.now() })
    return { done: true, value: undefined }
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  toString(): string {
    return `ObjectRefGenerator(${this.#task.taskId})`
  }

  /** The object to wait for: it settles when `next` has something to give. */
  get upcoming(): RefState {
    const { taskId, yielded } = this.#task
    return this.#stream.upcoming(() => this.#client.references.owned(objectIdOf(taskId, yielded + 2)))
  }
}

export const createStream = ({ task, stream }: PendingTask, client: Client): RefStream | null =>
  stream && new RefStream(client, { task, stream })
