import type { TaskId } from '../../../base/ids.ts'
import type { Lease, OwnedTask, OwnerCommand, OwnerState } from './state.ts'
import { closeLease } from './leases.ts'
import { cancelledFailure, endTask } from './task-life.ts'

type Cancel = { taskId: TaskId; force: boolean; recursive: boolean }

/** What has not begun ends at once; what runs is told, or with `force` its worker is ended. Cancelled tasks are never retried. */
export function cancelTask(state: OwnerState, event: Cancel, out: OwnerCommand[]): void {
  const task = state.tasks.get(event.taskId)
  if (!task) return // finished: nothing to do, as in Ray
  task.cancelled = true
  if (task.phase !== 'pushed') {
    endTask(state, task, { kind: 'failed', failure: cancelledFailure(task) }, out)
    return
  }
  const worker = workerOf(state, task)
  if (!worker) return
  out.push({ do: 'cancel', worker, taskId: task.taskId, recursive: event.recursive })
  if (event.force && task.leaseId !== null) killWorkerOf(state, task, out)
}

function workerOf(state: OwnerState, task: OwnedTask) {
  if (!task.call) return task.leaseId === null ? undefined : state.leases.get(task.leaseId)?.worker
  const status = state.actors.get(task.call.actorId)?.status
  return status?.kind === 'alive' ? status.address : undefined
}

/** Ends the worker only when the task is the one it runs; one behind it is dropped by the worker without harm to the others. */
function killWorkerOf(state: OwnerState, task: OwnedTask, out: OwnerCommand[]): void {
  const lease: Lease | undefined = task.leaseId === null ? undefined : state.leases.get(task.leaseId)
  if (!lease) return
  const [running] = lease.inFlight.values()
  if (running !== task) return
  if (lease.killedFor) return
  lease.killedFor = 'cancel'
  closeLease(state, lease, out) // what it runs next would be hit as well
  out.push({
    do: 'send-agent',
    agent: lease.agent,
    message: { type: 'lease.kill', leaseId: lease.leaseId, ownerId: state.config.ownerId, reason: 'cancelled' },
  })
}
