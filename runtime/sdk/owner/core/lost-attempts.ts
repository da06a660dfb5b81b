import type { TaskId } from '../../../base/ids.ts'
import type { ProcessAddress } from '../../../protocol/addresses.ts'
import type { WorkerExit } from '../../../protocol/failures.ts'
import type { OwnedTask, OwnerState } from './state.ts'

/** What only the lists of tasks want to know of one. */
export type ListedTask = {
  /** The task that made it; undefined when the driver did. */
  parentId?: TaskId | undefined
  /** When it was submitted. */
  createdMs?: number
  /** What the lists were last told of: the attempt times `toldStates`, plus the state. */
  told?: number
}

/** An attempt that came to nothing while its task goes on, or ends with it. Its worker could not tell of it. */
export type LostAttempt = {
  readonly task: OwnedTask
  readonly attempt: number
  readonly why: 'worker-died' | 'actor-unavailable' | 'argument-lost'
  readonly worker: ProcessAddress | null
  readonly exit: WorkerExit | null
}

const lostLimit = 10_000

/** Keeps it for the shell to report. Call before the task's attempt is counted up. More than a few thousand at once are only counted. */
export function noteLost(state: OwnerState, task: OwnedTask, lost: Pick<LostAttempt, 'why' | 'worker' | 'exit'>): void {
  if (state.lostAttempts.length >= lostLimit) state.lostUncounted += 1
  else state.lostAttempts.push({ task, attempt: task.attempt, ...lost })
}

/** One that had not begun is worth a word only when the lists know of it. */
export function noteLostIfTold(state: OwnerState, task: OwnedTask, lost: Pick<LostAttempt, 'why' | 'worker' | 'exit'>): void {
  const told = task.told ?? 0
  if (told % toldStates !== 0 && Math.floor(told / toldStates) === task.attempt) noteLost(state, task, lost)
}

/** There are fewer states than this. */
export const toldStates = 16
