import type { TaskCancelOwned, TaskCancelOwnedReply } from '../../protocol/control.ts'
import type { OwnerShell } from './owner-shell.ts'

/** Cancels a task of this process as an operator asks. Tasks of others, and those that are over, are left alone. */
export function cancelOwned(
  owner: Pick<OwnerShell, 'state' | 'raise'>,
  { taskId, force, recursive }: TaskCancelOwned,
): TaskCancelOwnedReply {
  const task = owner.state.tasks.get(taskId)
  if (task === undefined) return { outcome: 'unknown', message: '' }
  if (task.call && force) {
    return { outcome: 'refused', message: 'force cannot cancel a call of an actor, as it would end the actor; kill the actor for that' }
  }
  const outcome = task.phase === 'pushed' ? 'told' : 'waiting'
  owner.raise({ type: 'task.cancel', taskId, force, recursive, nowMs: performance.now() })
  return { outcome, message: '' }
}
