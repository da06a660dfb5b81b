import { ClusterError } from '../base/errors.ts'
import type { Backend } from './backend.ts'

let current: Backend | undefined

/** @throws ClusterError `not-initialized` */
export function currentBackend(): Backend {
  if (!current) throw new ClusterError('not-initialized', 'there is no cluster yet: call `await shoal.init()` first')
  return current
}

export const findBackend = (): Backend | undefined => current

export function useBackend(backend: Backend | undefined): void {
  current = backend
}
