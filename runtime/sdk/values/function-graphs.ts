import { ClusterError } from '../../base/errors.ts'
import type { HostObjects } from './host-objects.ts'

/**
 * How functions, classes and instances of user classes travel. A value that holds one goes whole through `capture`; the
 * codec hands in `hosts` so that refs inside it are written and recorded by whoever owns them.
 */
export type FunctionGraphs = {
  /** @throws ClusterError `function.not-portable` or `value.not-serializable`, naming what cannot travel. */
  capture(value: unknown, hosts: HostObjects): Uint8Array
  /** A promise when modules have to be imported first. `bytes` may be a view on the store: copy what is kept. */
  rebuild(bytes: Uint8Array, hosts: HostObjects): unknown
}

/** For values that may hold plain data only. */
export const noFunctionGraphs: FunctionGraphs = {
  capture: () => {
    throw new ClusterError(
      'value.not-serializable',
      'a value holds a function, a class or an instance of one, but only plain data can be sent here',
    )
  },
  rebuild: () => {
    throw new ClusterError('value.not-serializable', 'a value holds a function, a class or an instance of one, which cannot be read here')
  },
}
