import * as z from 'zod'
import { ClusterError, type ErrorCode, isErrorCode } from '../base/errors.ts'

/** The HTTP status of every error code. A code means one thing, so it has one status. */
export const statusOfCode: Readonly<Record<ErrorCode, number>> = {
  'task.failed': 409,
  'task.cancelled': 409,
  'task.replay-inconsistent': 409,
  'task.unschedulable': 409,
  'worker.crashed': 409,
  'worker.out-of-memory': 409,
  'node.died': 409,
  'node.unreachable': 503,
  'actor.died': 409,
  'actor.unavailable': 503,
  'actor.unschedulable': 409,
  'actor.name-taken': 409,
  'actor.not-found': 404,
  'actor.pending-calls-limit': 429,
  'group.removed': 409,
  'group.unschedulable': 409,
  'object.lost': 409,
  'object.freed': 409,
  'object.owner-died': 409,
  'object.not-reconstructable': 409,
  'object.fetch-timed-out': 504,
  'store.full': 507,
  'store.disk-full': 507,
  'store.corrupt': 500,
  'value.not-serializable': 400,
  'function.not-portable': 400,
  'protocol.violation': 400,
  'protocol.version': 400,
  'link.closed': 503,
  'link.overloaded': 503,
  'head.unavailable': 503,
  'limit.reached': 429,
  'auth.missing': 401,
  'auth.refused': 403,
  'cluster.not-found': 404,
  'cluster.start-failed': 500,
  'not-initialized': 503,
  'bad-argument': 400,
  'not-found': 404,
  'method-refused': 405,
  'already-exists': 409,
  'wrong-state': 409,
  'too-large': 413,
  'too-many-requests': 429,
  'not-supported': 501,
  'ssh.unreachable': 503,
  'ssh.auth-failed': 403,
  'ssh.host-key-unknown': 403,
  'ssh.host-key-changed': 403,
  'ssh.incompatible': 501,
  'ssh.connection-lost': 503,
  'ssh.tunnel-refused': 503,
  'ssh.upload-failed': 503,
  'machine.unfit': 409,
  'machine.not-found': 404,
  'bootstrap.failed': 409,
  'bootstrap.waiting': 409,
  'lease.held': 409,
  'secrets.locked': 403,
  'storage.in-use': 409,
  timeout: 504,
  internal: 500,
}

/** The body of every failed answer below `/api/shoal/`. */
export const ApiErrorBody = z.object({
  error: z.object({
    code: z.string().max(64),
    message: z.string(),
    details: z.record(z.string(), z.union([z.string(), z.number()])),
  }),
})
export type ApiErrorBody = z.infer<typeof ApiErrorBody>

export function apiErrorBody({ code, message, details }: ClusterError): ApiErrorBody {
  return { error: { code, message, details: { ...details } } }
}

/** The error that a failed answer of ours tells of; undefined when `body` is not one. */
export function errorFromApiBody(body: unknown): ClusterError | undefined {
  const parsed = ApiErrorBody.safeParse(body)
  if (!parsed.success) return undefined
  const { code, message, details } = parsed.data.error
  return new ClusterError(isErrorCode(code) ? code : 'internal', message, { details })
}
