/** A broken assumption of our own code: not an operating error, so nobody catches it on purpose. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError'
}

/** Throws when our own reasoning was wrong. Never use it for what a user, a peer or the machine can cause. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new InvariantError(message)
}

/** Ends an exhaustive switch. Reached only when a case was added and not handled. */
export function unreachable(value: never, what: string): never {
  throw new InvariantError(`unexpected ${what}: ${JSON.stringify(value)}`)
}
