import { indexOfObject } from '../../base/ids.ts'
import type { Failure } from '../../protocol/failures.ts'
import { nextAttempt } from '../owner/core/task-life.ts'
import type { OwnerShell } from './owner-shell.ts'
import type { RefState } from './ref-state.ts'

/**
 * An object of ours has no copy left. Runs the task that made it again, where that is allowed; else its refs fail, saying why.
 * A call runs again where its actor's `maxTaskRetries` allows, on the state that the actor has by then.
 * (Ray: object_recovery_manager. Put objects cannot be made again, as nobody knows how.)
 */
export function reconstruct(state: RefState, shell: OwnerShell): void {
  if (state.status === 'pending') return // it is being made already
  if (state.owner) return
  const { producer, madeOnceBy } = state
  const lost = (code: Failure['code'], message: string): void => {
    state.failure = {
      kind: 'failed',
      failure: { code, message: `object ${state.objectId} is lost: ${message}`, details: { objectId: state.objectId } },
    }
    state.settle('failed')
  }
  if (madeOnceBy !== null)
    return lost(
      'object.not-reconstructable',
      `every copy is gone, and ${madeOnceBy} may not run again: its maxRetries, or its actor's maxTaskRetries, is 0`,
    )
  if (!producer)
    return lost(
      'object.lost',
      'every node that held a copy is gone, and it was put by a program rather than made by a task. Put it again, or make it in a task.',
    )
  const { task } = producer
  if (task.retriesLeft === 0)
    return lost(
      'object.not-reconstructable',
      `every copy is gone, and ${task.kind.template.name} has run ${task.attempt + 1} times, its limit`,
    )
  if (task.retriesLeft > 0) task.retriesLeft -= 1
  nextAttempt(task)
  for (const sibling of producer.returns) {
    if (sibling.status !== 'ready' || sibling.place?.kind !== 'stored') continue
    sibling.status = 'pending'
    sibling.place = null
  }
  producer.stream?.lose(indexOfObject(state.objectId) - 2, state) // item 0 has index 2
  state.status = 'pending'
  state.place = null
  shell.resubmit(producer)
}
