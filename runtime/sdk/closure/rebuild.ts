import type { HostObjects } from '../values/host-objects.ts'
import { GraphDecoder } from './decode-graph.ts'
import { unpackGraph } from './graph-format.ts'

export type RebuildOptions = {
  hosts: HostObjects
  /** Imports a module that cannot be found from where the user's file stood, and `shoal` itself. */
  importModule: (specifier: string) => Promise<unknown>
  /** A module that is there without waiting, such as `shoal`; undefined where it is not. */
  resolveSync?: (specifier: string) => unknown
  /** The folder of an uploaded package on this machine. @throws what says why it cannot be had */
  findPackage?: (name: string) => Promise<string>
}

/**
 * Returns what `captureGraph` captured, or a promise of it where modules have to be imported first.
 *
 * Each call makes new objects and functions, except for classes: the same class, captured here or shipped before, is the
 * same again, so `instanceof` holds.
 *
 * @throws TypeError where the bytes are not a captured graph, or this Node lacks a global that it uses.
 */
export function rebuildGraph(bytes: Uint8Array, options: RebuildOptions): unknown {
  const decoder = new GraphDecoder(unpackGraph(bytes), options.hosts)
  const { importModule, resolveSync, findPackage } = options
  const loading = decoder.load({ importModule, resolveSync, findPackage })
  return loading === undefined ? decoder.decode() : loading.then(() => decoder.decode())
}
