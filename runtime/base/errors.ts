/** Every code an operating error may carry, and whether trying the same thing again can help. One code means one thing. */
export const errorCodes = {
  'task.failed': { retryable: false }, //            user code threw; `cause` is what it threw
  'task.cancelled': { retryable: false },
  'task.unschedulable': { retryable: false }, //     no node can ever run it as asked
  'task.replay-inconsistent': { retryable: false }, // a stream that ran again gave other items than before
  'worker.crashed': { retryable: true }, //          the process died mid-run
  'worker.out-of-memory': { retryable: true }, //    the node's memory monitor ended it
  'node.died': { retryable: true },
  'node.unreachable': { retryable: true }, //        it has no link to the head now
  'actor.died': { retryable: false },
  'actor.unavailable': { retryable: true }, //       restarting or out of reach; the call may have run
  'actor.unschedulable': { retryable: false },
  'actor.name-taken': { retryable: false },
  'actor.not-found': { retryable: false },
  'actor.pending-calls-limit': { retryable: true },
  'group.removed': { retryable: false }, //          the placement group it was placed in is gone
  'group.unschedulable': { retryable: false },
  'object.lost': { retryable: false },
  'object.freed': { retryable: false },
  'object.owner-died': { retryable: false },
  'object.not-reconstructable': { retryable: false },
  'object.fetch-timed-out': { retryable: true },
  'store.full': { retryable: true },
  'store.disk-full': { retryable: true },
  'store.corrupt': { retryable: false }, //          a spill file or segment does not hold what it should
  'value.not-serializable': { retryable: false },
  'function.not-portable': { retryable: false }, //  a closure captures something that cannot travel
  'protocol.violation': { retryable: false }, //     a peer sent what no peer of ours sends
  'protocol.version': { retryable: false },
  'link.closed': { retryable: true },
  'link.overloaded': { retryable: true }, //         a peer does not read fast enough; its send buffer is at its limit
  'head.unavailable': { retryable: true },
  'limit.reached': { retryable: false }, //          the cluster holds as many of these as it is made for
  'auth.missing': { retryable: false }, //           no token came with the request
  'auth.refused': { retryable: false },
  'cluster.not-found': { retryable: false },
  'cluster.start-failed': { retryable: false },
  'not-initialized': { retryable: false },
  'bad-argument': { retryable: false },
  'not-found': { retryable: false }, //              no job, file, node or package of that name
  'method-refused': { retryable: false }, //         the path is there, but not for this method or this kind of caller
  'already-exists': { retryable: false },
  'wrong-state': { retryable: false }, //            such as deleting a job that runs
  'too-large': { retryable: false }, //              a body, line or file beyond its limit
  'too-many-requests': { retryable: true },
  'not-supported': { retryable: false },
  'ssh.unreachable': { retryable: true }, //         no TCP connection, or no SSH server behind it
  'ssh.auth-failed': { retryable: false }, //        every way in was refused
  'ssh.host-key-unknown': { retryable: false }, //   nobody accepted it
  'ssh.host-key-changed': { retryable: false }, //   another key than the one that is written down, or a revoked one
  'ssh.incompatible': { retryable: false }, //       no algorithm in common, or a kind of key that is not served
  'ssh.connection-lost': { retryable: true },
  'ssh.tunnel-refused': { retryable: true }, //      the host did not connect further
  'ssh.upload-failed': { retryable: true },
  'machine.unfit': { retryable: false }, //          it lacks what a node needs; the message says what to do
  'machine.not-found': { retryable: false },
  'bootstrap.failed': { retryable: true }, //        a step on a machine went wrong; the message says which
  'bootstrap.waiting': { retryable: true }, //       it was not begun, as another machine had to be ready first
  'lease.held': { retryable: false }, //             another panel may change the cluster now
  'secrets.locked': { retryable: false }, //         a password is kept in a vault that is not open, or nobody can be asked for it
  'storage.in-use': { retryable: false }, //         another panel uses the data folder
  timeout: { retryable: true },
  internal: { retryable: false }, //                 an invariant of ours broke in another process
} as const satisfies Record<string, { retryable: boolean }>

export type ErrorCode = keyof typeof errorCodes

/** Ids and numbers that a log query or a test matches on. No prose, no secrets. */
export type ErrorDetails = Readonly<Record<string, string | number>>

/** The one class for operating errors. The message says what failed, with which values, and what to do next. */
export class ClusterError extends Error {
  override readonly name: string = 'ClusterError'
  readonly code: ErrorCode
  readonly details: ErrorDetails
  constructor(code: ErrorCode, message: string, more: { details?: ErrorDetails; cause?: unknown } = {}) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause })
    this.code = code
    this.details = more.details ?? {}
  }
  get retryable(): boolean {
    return errorCodes[this.code].retryable
  }
}

export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(errorCodes, text)
}

/** Anything thrown, as an Error: what is not one already is described in the message. */
export function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(typeof thrown === 'string' ? thrown : `thrown: ${String(thrown)}`)
}
