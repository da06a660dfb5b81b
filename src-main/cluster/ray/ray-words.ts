import { ClusterError } from '../../../runtime/base/errors.ts'

/** The last line of a Python traceback that names an exception, several of which may stand inside each other. */
const exception = /^(?:[A-Za-z_][\w.]*(?:Error|Exception|Exit)): (.+)$/gm

/** Ray answers with the traceback of its own code where something was wrong with the question: only its reason is for people. */
export function withoutTraceback(error: unknown): unknown {
  if (!(error instanceof ClusterError) || !error.message.includes('Traceback (most recent call last)')) return error
  const reason = [...error.message.matchAll(exception)].at(-1)?.[1]?.replace(/\.+$/, '')
  if (reason === undefined) return error
  const code = /already exists/i.test(reason) ? 'already-exists' : error.code
  return new ClusterError(code, `Ray says: ${reason}`, { details: error.details, cause: error })
}
