import type { ClusterError } from '../../runtime/base/errors.ts'
import type { CallError } from '../host/dispatch.ts'

/** An error as it travels. */
export const errorText = ({ code, message, details, retryable }: ClusterError): CallError => ({
  code,
  message,
  details,
  isRetryable: retryable,
})
