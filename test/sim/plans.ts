import type { Shape } from '#runtime/protocol/scheduling.ts'

/** What a task does when it runs. */
export type TaskPlan = {
  readonly kind: 'task'
  readonly name: string
  readonly shape: Shape
  readonly runMs: number
  /** Its value is this and those of its arguments and children. */
  readonly seed: number
  readonly maxRetries: number
  /** Throws in its first so many attempts. */
  readonly throwsFor: number
  readonly retryErrors: boolean
  /** Takes its worker down in its first so many attempts. */
  readonly crashesFor: number
  /** The result lies in the store of the node that made it. */
  readonly isStored: boolean
  readonly items: number
  /** Run by the task itself, which waits for them. */
  readonly children: readonly TaskPlan[]
}

export type CallPlan = {
  readonly kind: 'call'
  readonly name: string
  readonly runMs: number
  readonly seed: number
  /** Order among the calls of its caller to this actor. */
  readonly index: number
  readonly does: 'count' | 'crash' | 'exit'
}

/** One number out of several, in order: as good as any function for telling right results from wrong ones. */
export function mix(...values: readonly number[]): number {
  let mixed = 17
  for (const value of values) mixed = Math.imul(mixed ^ value, 0x9e3779b1) ^ (mixed >>> 15)
  return mixed >>> 0
}

/** The value of a task from what it was given. */
export const valueOf = (plan: TaskPlan, args: readonly number[]): number =>
  mix(plan.seed, ...args, ...plan.children.map((child) => valueOf(child, [])))

export function bytesOf(value: number): Uint8Array {
  return Uint8Array.of(value & 255, (value >>> 8) & 255, (value >>> 16) & 255, value >>> 24)
}
export const numberOf = (bytes: Uint8Array): number =>
  ((bytes[0] ?? 0) | ((bytes[1] ?? 0) << 8) | ((bytes[2] ?? 0) << 16) | ((bytes[3] ?? 0) << 24)) >>> 0
