import { ClusterError } from '../../base/errors.ts'
import type { ObjectId } from '../../base/ids.ts'
import { captureGraph } from '../closure/capture.ts'
import { rebuildGraph } from '../closure/rebuild.ts'
import { decodeValue } from '../values/decode-value.ts'
import { type EncodedValue, encodeValue } from '../values/encode-value.ts'
import type { FunctionGraphs } from '../values/function-graphs.ts'
import type { HostObjects, HostRecord } from '../values/host-objects.ts'
import type { References } from './references.ts'
import type { RefState } from './ref-state.ts'

/** One kind of our own things that travel inside values: how it is told, written and read. */
export type HostKind = {
  readonly kind: string
  encode(value: object): HostRecord | undefined
  decode(record: HostRecord): object
}

/** A kind whose owner is made later than the codec. */
export function lazyKind(kind: string, of: () => HostKind): HostKind {
  return { kind, encode: (value) => of().encode(value), decode: (record) => of().decode(record) }
}

/** Encodes and decodes values of this process, with the refs, handles and functions inside them. */
export type Codec = {
  readonly hosts: HostObjects
  readonly functions: FunctionGraphs
  encode(value: unknown, what: string): EncodedValue
  /** `shared`: the bytes are mapped store memory. */
  decode(bytes: Uint8Array, shared: boolean): unknown
  /** Refs inside an encoded value, each once. */
  refsIn(encoded: EncodedValue): RefState[]
}

export type ModuleAccess = {
  readonly importModule: (specifier: string) => Promise<unknown>
  readonly resolveSync?: (specifier: string) => unknown
  readonly findPackage?: (name: string) => Promise<string>
}

export const accessOf = ({ importModule, resolveSync, findPackage }: ModuleAccess) => ({
  importModule,
  ...(resolveSync && { resolveSync }),
  ...(findPackage && { findPackage }),
})

/** `importModule` answers `shoal` with this process' own SDK, so that there is one of it. */
export function createCodec(kinds: readonly HostKind[], references: References, modules: ModuleAccess): Codec {
  const byName = new Map(kinds.map((kind) => [kind.kind, kind]))
  const hosts: HostObjects = {
    encode(value) {
      for (const kind of kinds) {
        const record = kind.encode(value)
        if (record) return record
      }
      return undefined
    },
    decode(record) {
      const kind = byName.get(record.kind)
      if (!kind) throw new ClusterError('protocol.violation', `a value holds a ${record.kind}, which this version does not know`)
      return kind.decode(record)
    },
  }
  const functions: FunctionGraphs = {
    capture: (value, recording) => captureGraph(value, { hosts: recording }).bytes,
    rebuild: (bytes, reading) => rebuildGraph(bytes, { hosts: reading, ...accessOf(modules) }),
  }
  return {
    hosts,
    functions,
    encode: (value, what) => encodeValue(value, { hosts, functions, what }),
    decode: (bytes, shared) => decodeValue(bytes, { hosts, functions, shared }),
    refsIn: (encoded) => refsOf(encoded.hostRecords, references),
  }
}

export function refsOf(records: readonly HostRecord[], references: References): RefState[] {
  const states = new Map<ObjectId, RefState>()
  for (const record of records) {
    const objectId = record['objectId']
    const state = typeof objectId === 'string' ? references.find(objectId) : undefined
    if (state) states.set(state.objectId, state)
  }
  return [...states.values()]
}
