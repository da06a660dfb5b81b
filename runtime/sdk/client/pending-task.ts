import type { OwnedTask } from '../owner/core/state.ts'
import type { RefState } from './ref-state.ts'
import type { StreamState } from './stream-state.ts'

/** A task of ours with the refs that must live as long as it may run: its results while it is pending, its arguments as lineage. */
export type PendingTask = {
  readonly task: OwnedTask
  readonly returns: readonly RefState[]
  /** Refs at the top level of the arguments, by position as in `task.refArgs`. */
  readonly refArgs: readonly RefState[]
  /** Refs deeper inside the arguments. */
  readonly nested: readonly RefState[]
  readonly stream: StreamState | null
  /** Runs once it has ended. */
  onEnd?: () => void
}
