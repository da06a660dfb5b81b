import { objectIdOf } from '../../base/ids.ts'
import type { ObjectRef, ObjectRefGenerator } from '../object-ref.ts'
import type { Client } from './client.ts'
import type { PendingTask } from './pending-task.ts'

/** The public face of a stream: refs in order, as they arrive. */
export function createStream(pending: PendingTask, client: Client): ObjectRefGenerator<unknown> {
  const { stream, task } = pending
  if (!stream) throw new TypeError(`${task.kind.template.name} is not a stream`)
  const completed = client.references.owned(objectIdOf(task.taskId, 1))
  stream.onEnded = (failure) => {
    if (failure) {
      completed.failure = failure
      completed.settle('failed')
    } else
      client.values.fill(completed, { place: { kind: 'inline', bytes: client.codec.encode(task.yielded, 'count').toBytes() }, nested: [] })
  }
  stream.onConsumed = (count) => client.owner.tellConsumed(task, count)
  return {
    completed: client.references.toRef<number>(completed),
    async next() {
      const state = await client.keepAlive.during(() => client.reader.waiting(() => stream.next()))
      return state ? { done: false, value: client.references.toRef(state) } : { done: true, value: undefined }
    },
    /** Leaving a loop early stops the task. */
    async return() {
      client.owner.raise({ type: 'task.cancel', taskId: task.taskId, force: false, recursive: true, nowMs: performance.now() })
      return { done: true, value: undefined }
    },
    [Symbol.asyncIterator](): ObjectRefGenerator<unknown> & AsyncIterableIterator<ObjectRef<unknown>> {
      return this
    },
  }
}
