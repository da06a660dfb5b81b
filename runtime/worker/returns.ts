import type { TaskResult } from '../protocol/tasks.ts'
import type { ExecutionServices } from '../sdk/execution.ts'
import type { Invocation } from './invocation.ts'

export const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  value !== null && (typeof value === 'object' || typeof value === 'function') && 'then' in value && typeof value.then === 'function'

/**
 * Returns what a function gave as the values that its caller expects: one, none, or a list of exactly so many.
 * @throws RangeError when the count is another (Ray: a ValueError inside the task's error). It counts as thrown by the task.
 */
export function splitReturns(job: Invocation, value: unknown): unknown[] {
  const expected = job.shape.returnCount
  if (expected === 1) return [value]
  if (expected === 0) return []
  if (!Array.isArray(value) && !isIterable(value)) {
    throw new RangeError(`${job.name} must return an array of ${expected} values, but returned 1 value that is no list: ${typeName(value)}`)
  }
  const values: unknown[] = []
  for (const item of value) {
    values.push(item)
    if (values.length > expected && !Array.isArray(value)) break // it may go on for ever
  }
  if (values.length === expected) return values
  const got = Array.isArray(value) || values.length < expected ? String(values.length) : `more than ${expected}`
  throw new RangeError(`${job.name} must return ${expected} values, but returned ${got}`)
}

/** Encodes all, in order; synchronous as long as nothing goes to the store. */
export function encodeReturns(
  services: ExecutionServices,
  job: Invocation,
  values: readonly unknown[],
): TaskResult[] | Promise<TaskResult[]> {
  const results: (TaskResult | Promise<TaskResult>)[] = []
  let isSync = true
  try {
    for (const [index, value] of values.entries()) {
      const result = services.encodeResult(job, index + 1, value)
      if (result instanceof Promise) isSync = false
      results.push(result)
    }
  } catch (error) {
    void Promise.allSettled(results) // this error is the one that is told
    throw error
  }
  return isSync ? (results as TaskResult[]) : Promise.all(results) // no promise among them
}

const isIterable = (value: unknown): value is Iterable<unknown> =>
  value !== null && typeof value === 'object' && Symbol.iterator in value && typeof value[Symbol.iterator] === 'function'

const typeName = (value: unknown): string => (value === null ? 'null' : typeof value)
