import type { EventBatch } from '#runtime/protocol/events.ts'
import { TaskReportBuffer } from '#runtime/protocol/task-reports.ts'
import { stateCodes, type TaskErrorType, type TaskState } from '#runtime/base/task-states.ts'
import { packPlain } from '#runtime/transport/packed.ts'

export const hex = (number: number, length: number): string => number.toString(16).padStart(length, '0')
export const nodeOf = (number: number): string => hex(number, 56)
export const workerOf = (number: number): string => hex(number, 56)
export const jobOf = (number: number): string => hex(number, 8)
const nilActor = 'f'.repeat(24)
/** Of a plain task. */
export const taskOf = (number: number, job = 1): string => hex(number, 16) + nilActor + jobOf(job)
export const actorOf = (number: number, job = 1): string => hex(number, 24) + jobOf(job)
export const callOf = (number: number, actor: string): string => hex(number, 16) + actor

export type Told = {
  readonly taskId: string
  readonly state: TaskState
  readonly attempt?: number
  readonly name?: string
  readonly resources?: Record<string, number>
  readonly createdMs?: number
  readonly startedMs?: number
  readonly endedMs?: number
  readonly parentId?: string
  readonly error?: readonly [TaskErrorType, string]
  readonly logs?: readonly [number, number, number, number]
  /** Number of the worker, in an owner's report. */
  readonly place?: number
}
export type BatchOf = {
  readonly worker?: number
  readonly node?: number
  readonly pid?: number
  readonly isOwner?: boolean
  readonly dropped?: number
}

/** A batch as a worker (or, with `isOwner`, an owner) sends it. */
export function aBatch(
  told: readonly Told[],
  { worker = 1, node = 1, pid = worker + 1_000, isOwner = false, dropped = 0 }: BatchOf = {},
): EventBatch {
  const buffer = new TaskReportBuffer(100_000)
  for (const {
    taskId,
    state,
    attempt = 0,
    name = 'f',
    resources,
    createdMs = 0,
    startedMs = 0,
    endedMs = 0,
    parentId,
    error,
    logs,
    place,
  } of told) {
    const row = buffer.add(
      { taskId, attempt, state: stateCodes[state], createdMs, submittedMs: 0, startedMs, endedMs },
      { name, resources },
      (key) => ({
        name: key.name,
        ...(key.resources ? { resources: key.resources } : {}),
      }),
    )
    if (parentId !== undefined) buffer.setParent(row, parentId)
    if (error) buffer.setError(row, ...error)
    if (logs) buffer.setLogs(row, logs)
    if (place !== undefined) buffer.setPlace(row, { nodeId: nodeOf(place), workerId: workerOf(place), pid: 0 })
  }
  const taken = buffer.take(isOwner)
  if (taken === undefined) throw new Error('a batch needs a row')
  return {
    type: 'events.batch',
    ...{
      nodeId: nodeOf(node),
      workerId: workerOf(worker),
      pid,
      count: taken.reports.count,
      dropped,
      firstMs: taken.firstMs,
      lastMs: taken.lastMs,
    },
    packed: packPlain(taken.reports),
  }
}
