import type { FunctionRecord, GraphNode } from './graph-format.ts'

/**
 * Which class a content hash stands for in this process. Classes that were captured here and come back are themselves
 * again, and two values that ship the same class share one: `instanceof` then holds. Captured ones are held weakly;
 * rebuilt ones are kept, because a later value may need them, but only this many.
 */
const rebuiltLimit = 1_000
const rebuilt = new Map<string, object>()
const capturedLimit = 20_000
const captured = new Map<string, WeakRef<object>>()

/** Ways into the private fields of a rebuilt class. */
export type PrivateAccess = {
  fields?: (instance: object, values: readonly unknown[]) => void
  statics?: (owner: object, values: readonly unknown[]) => void
}

/** Where a function that was rebuilt here came from, so that it can be captured again as it was. */
export type Origin = { record: FunctionRecord; references: ReadonlyMap<string, GraphNode>; access: PrivateAccess }
const origins = new WeakMap<object, Origin>()

export function rememberCaptured(id: string, value: object): void {
  captured.delete(id)
  captured.set(id, new WeakRef(value))
  trim(captured, capturedLimit)
}

export function rememberRebuilt(id: string, value: object): void {
  rebuilt.set(id, value)
  trim(rebuilt, rebuiltLimit)
}

/** The class that was captured here; undefined where this process never had it, or it is gone. */
export const findCaptured = (id: string): object | undefined => captured.get(id)?.deref()

export function findRebuilt(id: string): object | undefined {
  const known = rebuilt.get(id)
  if (known) {
    rebuilt.delete(id) // to the end of the order in which they are dropped
    rebuilt.set(id, known)
  }
  return known
}

export const rememberOrigin = (value: object, origin: Origin): void => void origins.set(value, origin)
export const originOf = (value: object): Origin | undefined => origins.get(value)

/**
 * Classes that stand in for one of this process whose private fields cannot be set from outside. Their instances are
 * instances of the original too.
 */
const originals = new WeakMap<object, object>()
export const rememberTwin = (twin: object, original: object): void => void originals.set(twin, original)
export const originalOfTwin = (twin: object): object | undefined => originals.get(twin)

function trim(map: Map<string, unknown>, limit: number): void {
  for (const oldest of map.keys()) {
    if (map.size <= limit) return
    map.delete(oldest)
  }
}
