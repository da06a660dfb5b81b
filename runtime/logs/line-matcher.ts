import { createContext, Script } from 'node:vm'
import { ClusterError, toError } from '../base/errors.ts'
import type { LinePattern } from '../protocol/logs.ts'

/** Says for each line whether it fits. @throws ClusterError `bad-argument` when the pattern takes too long. */
export type LineMatcher = (lines: readonly string[]) => readonly boolean[]

/** For one call with some thousand lines, which take 1 or 2 ms. */
const longestMatchMs = 250

const shared: { re: RegExp; lines: readonly string[] } = createContext({ re: /x/, lines: [] }) as { re: RegExp; lines: readonly string[] } // the object it was given
const script = new Script('lines.map((line) => re.test(line))')

/**
 * A regular expression of V8 backtracks, and some patterns take time that doubles with each letter of a line. So it runs under the time
 * limit of `node:vm`, which breaks it off: whoever sent such a pattern is refused, and nobody waits longer than the limit.
 *
 * @throws ClusterError `bad-argument` for a regular expression that is none.
 */
export function createMatcher({ kind, pattern, ignoreCase }: LinePattern): LineMatcher {
  if (kind === 'text') {
    if (!ignoreCase) return (lines) => lines.map((line) => line.includes(pattern))
    const wanted = pattern.toLowerCase()
    return (lines) => lines.map((line) => line.toLowerCase().includes(wanted))
  }
  const re = compile(pattern, ignoreCase)
  return (lines) => {
    shared.re = re
    shared.lines = lines
    try {
      return script.runInContext(shared, { timeout: longestMatchMs }) as readonly boolean[] // what `map` of the script gives
    } catch (error) {
      throw new ClusterError(
        'bad-argument',
        `the regular expression ${JSON.stringify(pattern.slice(0, 200))} takes too long (${toError(error).message}); avoid repetitions inside repetitions, as in (a+)+`,
      )
    } finally {
      shared.lines = []
    }
  }
}

function compile(pattern: string, ignoreCase: boolean): RegExp {
  try {
    return new RegExp(pattern, ignoreCase ? 'iu' : 'u')
  } catch {
    try {
      return new RegExp(pattern, ignoreCase ? 'i' : '') // the Unicode form refuses needless backslashes, such as \-
    } catch (error) {
      throw new ClusterError('bad-argument', `the pattern is no regular expression: ${toError(error).message.slice(0, 300)}`)
    }
  }
}
