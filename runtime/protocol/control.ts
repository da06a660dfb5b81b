import * as z from 'zod'
import { TaskId, WorkerId } from './ids.ts'
import { lazyObject } from './lazy-object.ts'

/** agent → client, a request of an operator: cancel this task if it is yours. */
export const TaskCancelOwned = lazyObject(() => ({
  type: z.literal('task.cancel-owned'),
  taskId: TaskId,
  force: z.boolean(),
  recursive: z.boolean(),
}))
export type TaskCancelOwned = z.infer<typeof TaskCancelOwned>
export const TaskCancelOwnedReply = lazyObject(() => ({
  /** `unknown`: not its task, or over. `waiting`: it had not begun and has ended. `told`: it runs, and sees its abort signal, or its worker ends. */
  outcome: z.enum(['unknown', 'waiting', 'told', 'refused']),
  /** Why, when refused. */
  message: z.string().max(1_024),
}))
export type TaskCancelOwnedReply = z.infer<typeof TaskCancelOwnedReply>

/** head → agent. Which of your clients owns this task, and cancels it? */
export const CancelTask = lazyObject(() => ({
  type: z.literal('control.cancel-task'),
  taskId: TaskId,
  force: z.boolean(),
  recursive: z.boolean(),
}))

/** head → agent. Ends a worker with its whole process group, or lets a driver go, with all that it owns. Repeating it is harmless. */
export const EndProcess = lazyObject(() => ({ type: z.literal('control.end-process'), workerId: WorkerId, reason: z.string().max(64) }))
export const EndProcessReply = lazyObject(() => ({ role: z.enum(['worker', 'driver', 'none']), pid: z.int().min(0) }))
export type EndProcessReply = z.infer<typeof EndProcessReply>

/** head → agent. How many objects here belong to these processes? */
export const CountOwned = lazyObject(() => ({ type: z.literal('control.count-owned'), workerIds: z.array(WorkerId).max(10_000) }))
export const CountOwnedReply = lazyObject(() => ({ objects: z.int().min(0) }))

/** head → agent, requests by which operators end things. */
export const controlAsks = {
  'control.cancel-task': CancelTask,
  'control.end-process': EndProcess,
  'control.count-owned': CountOwned,
} as const
