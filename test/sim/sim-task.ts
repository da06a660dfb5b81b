import type { ProcessAddress } from '#runtime/protocol/addresses.ts'
import type { TaskResult } from '#runtime/protocol/tasks.ts'
import type { OwnedTask, TaskEnd } from '#runtime/sdk/owner/core/state.ts'
import type { Port } from './network.ts'
import type { CallPlan, TaskPlan } from './plans.ts'

/** A task or call of an owner, with its one result, as the program sees it. */
export type SimTask = {
  readonly task: OwnedTask
  readonly plan: TaskPlan | CallPlan
  readonly args: readonly SimTask[]
  readonly objectId: string
  status: 'pending' | 'ready' | 'failed'
  result: TaskResult | null
  /** How its present run ended, and how often it was said to have ended since it was last submitted. */
  end: TaskEnd | null
  ends: number
  items: number[]
  isCancelled: boolean
  waiters: (() => void)[]
}

export type Host = { readonly address: ProcessAddress; readonly place: string; readonly agent: Port; isAlive: boolean }
