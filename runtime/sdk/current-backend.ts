import { ClusterError } from '../base/errors.ts'
import type { Backend } from './backend.ts'

let current: Backend | undefined
/** Why there is none any more, where the program did not end it itself. */
let lost: string | undefined

/** @throws ClusterError `not-initialized`, or `link.closed` when this program has lost its cluster */
export function currentBackend(): Backend {
  if (current) return current
  if (lost !== undefined) throw new ClusterError('link.closed', lost)
  throw new ClusterError('not-initialized', 'there is no cluster yet: call `await shoal.init()` first')
}

export const findBackend = (): Backend | undefined => current

export function useBackend(backend: Backend | undefined, why?: string): void {
  current = backend
  lost = why
}
