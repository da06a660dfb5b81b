import { ActorClass, actorIdentity, handleFor, isHandle } from '../actor.ts'
import { ClusterError } from '../../base/errors.ts'
import type { ActorDefinition, TaskDefinition } from '../backend.ts'
import { captureGraph } from '../closure/capture.ts'
import { rebuildGraph } from '../closure/rebuild.ts'
import { accessOf, type HostKind, type ModuleAccess } from '../client/codec.ts'
import { groupKind } from '../client/groups.ts'
import { ObjectRef } from '../object-ref.ts'
import { RemoteFunction } from '../remote.ts'
import { decodeValue } from '../values/decode-value.ts'
import { type EncodedValue, encodeValue } from '../values/encode-value.ts'
import type { FunctionGraphs } from '../values/function-graphs.ts'
import type { HostObjects, HostRecord } from '../values/host-objects.ts'
import { ActorMeta, identityFor, type RayActor } from './ray-actor.ts'
import { type Thing, type Things, travellingThingOf } from './things.ts'

type Definition = TaskDefinition | ActorDefinition
export type CodecIo = {
  readonly things: Things
  readonly modules: ModuleAccess
  /** The kinds of remote functions and actor classes. */
  readonly definitions: () => readonly HostKind[]
  /** Things that the code of a definition holds. */
  readonly capturedBy: (definition: Definition) => readonly Thing[]
  readonly rememberCaptured: (definition: Definition, things: readonly Thing[]) => void
}

/** Values of this process as bytes, and the things inside them, which go to Ray beside the bytes. */
export class RayCodec {
  readonly hosts: HostObjects
  readonly functions: FunctionGraphs
  readonly #io: CodecIo
  #recording: Thing[] | null = null

  constructor(io: CodecIo) {
    this.#io = io
    const kinds = [this.#refKind(), this.#actorKind(), groupKind]
    this.hosts = {
      encode: (value) => this.#encodeHost(kinds, value),
      decode: (record) => this.#decodeHost(kinds, record),
    }
    this.functions = {
      capture: (value, recording) => captureGraph(value, { hosts: recording }).bytes,
      rebuild: (bytes, reading) => rebuildGraph(bytes, { hosts: reading, ...accessOf(io.modules) }),
    }
  }

  /** @throws ClusterError `value.not-serializable`, `function.not-portable` */
  encode(value: unknown, what: string): { encoded: EncodedValue; things: readonly Thing[] } {
    const { made, things } = this.record(() => encodeValue(value, { hosts: this.hosts, functions: this.functions, what }))
    return { encoded: made, things }
  }

  /** `owned`: the memory is this value's alone, and large arrays become views on it. */
  decode(bytes: Uint8Array, owned: boolean): unknown {
    return decodeValue(bytes, { hosts: this.hosts, functions: this.functions, shared: owned })
  }

  /** What `body` makes, and the things that were encoded meanwhile. */
  record<T>(body: () => T): { made: T; things: readonly Thing[] } {
    const outer = this.#recording
    const things: Thing[] = []
    this.#recording = things
    try {
      return { made: body(), things: things.length < 2 ? things : [...new Set(things)] }
    } finally {
      this.#recording = outer
    }
  }

  #encodeHost(kinds: readonly HostKind[], value: object): HostRecord | undefined {
    for (const kind of kinds) {
      const record = kind.encode(value)
      if (record) return record
    }
    if (!(value instanceof RemoteFunction || value instanceof ActorClass)) return undefined
    for (const kind of this.#io.definitions()) {
      const record = kind.encode(value)
      if (!record) continue
      const things = this.#io.capturedBy(value.definition)
      this.#recording?.push(...things)
      return { ...record, captured: things.map((thing) => thing.objectId).join(' ') }
    }
    return undefined
  }

  #decodeHost(kinds: readonly HostKind[], record: HostRecord): object {
    const kind = [...kinds, ...this.#io.definitions()].find((one) => one.kind === record.kind)
    if (!kind) throw new ClusterError('protocol.violation', `a value holds a ${record.kind}, which this version does not know`)
    const value = kind.decode(record)
    if (value instanceof RemoteFunction || value instanceof ActorClass) {
      const keys = String(record['captured'] ?? '').split(' ')
      const things = keys.flatMap((key) => this.#io.things.find(key) ?? [])
      if (things.length > 0) this.#io.rememberCaptured(value.definition, things)
    }
    return value
  }

  #refKind(): HostKind {
    return {
      kind: 'ref',
      encode: (value) => {
        if (!(value instanceof ObjectRef)) return undefined
        const thing = travellingThingOf(value)
        this.#recording?.push(thing)
        return { kind: 'ref', key: thing.objectId }
      },
      decode: (record) => new ObjectRef(this.#found(record)),
    }
  }

  #actorKind(): HostKind {
    return {
      kind: 'actor',
      encode: (value) => {
        if (!isHandle(value)) return undefined
        const { thing, meta } = value[actorIdentity] as RayActor // handles of this process are made by this backend
        this.#recording?.push(thing)
        return { kind: 'actor', key: thing.objectId, actorId: thing.actorId ?? '', meta: JSON.stringify(meta) }
      },
      decode: (record) => {
        const thing = this.#found(record)
        if (record['actorId']) thing.actorId ??= String(record['actorId'])
        return handleFor(identityFor(thing, ActorMeta.parse(JSON.parse(String(record['meta'])))))
      },
    }
  }

  #found(record: HostRecord): Thing {
    const key = String(record['key'])
    const thing = this.#io.things.find(key)
    if (!thing) throw new ClusterError('protocol.violation', `a value holds ${record.kind} ${key}, which did not come with it`)
    return thing
  }
}
