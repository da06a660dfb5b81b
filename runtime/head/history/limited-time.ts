import { createContext, Script } from 'node:vm'
import { ClusterError } from '../../base/errors.ts'
import type { Filter } from './core/predicates.ts'

const shared: { work: () => unknown } = createContext({ work: () => undefined }) as { work: () => unknown } // the object it was given
const script = new Script('work()')

/**
 * Does `work`, which applies these filters, and breaks it off after `limitMs` where one of them is a regular expression: V8's backtrack, and
 * there are patterns that take time without end. Whoever sent such a pattern is refused, and nobody else waits longer than the limit.
 *
 * @throws ClusterError `bad-argument` for a pattern that takes too long; what `work` throws
 */
export function inLimitedTime<T>(filters: readonly Filter[], limitMs: number, work: () => T): T {
  const pattern = filters.find(({ operator }) => operator === 'regex')
  if (pattern === undefined) return work()
  shared.work = work
  try {
    return script.runInContext(shared, { timeout: limitMs }) as T // what `work` returned
  } catch (error) {
    if (!isTimeout(error)) throw error
    throw new ClusterError(
      'bad-argument',
      `the pattern for ${pattern.column} takes too long; avoid repetitions inside or behind repetitions, as in (a+)+ and a*a*; got ${JSON.stringify(pattern.values[0]?.slice(0, 200))}`,
    )
  } finally {
    shared.work = () => undefined
  }
}

/** The error is one of the context, whose class is another than ours. */
const isTimeout = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT'
