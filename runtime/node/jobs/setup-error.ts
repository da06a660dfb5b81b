import { ClusterError } from '../../base/errors.ts'
import { longestJobMessage } from '../../protocol/jobs.ts'

/** What a job's environment needs cannot be had: the job fails with `RUNTIME_ENV_SETUP_FAILURE` and this message. */
export function setupFailed(message: string, cause?: unknown): ClusterError {
  return new ClusterError('wrong-state', message.slice(0, longestJobMessage), cause === undefined ? {} : { cause })
}
