import { ClusterError } from '../../base/errors.ts'
import type { RefFailure, RefStatus } from '../client/ref-state.ts'
import { ObjectRef, type OpaqueRefState, refState } from '../object-ref.ts'

/** What the garbage collector leaves behind of a thing: how often Python told us of it, to be given back. */
type Tail = { readonly key: string; held: number }

/**
 * An object or an actor of Ray as this process knows it. There is one for each, shared by all its refs or handles here, so that the
 * garbage collector counts them for us; Python holds Ray's own ref as long as it lives.
 */
export class Thing implements OpaqueRefState {
  /** Made up by the SDK: 56 hex digits for objects, 32 for actors. Python knows Ray's own by it. */
  readonly objectId: string
  readonly tail: Tail
  status: RefStatus = 'pending'
  /** The value while it is small. */
  bytes: Uint8Array | null = null
  /** The value while it is large and somebody here has it, and the task in which it was read. */
  view: { readonly buffer: WeakRef<ArrayBufferLike>; readonly user: WeakRef<object> | undefined } | null = null
  failure: RefFailure | null = null
  /** Things inside `bytes`, or inside what an actor's handle needs: they live as long as this one. */
  nested: readonly Thing[] = []
  /** Python knows nothing of it: it cannot be passed on. */
  isLocal = false
  /** It comes of a call of an actor. */
  isOfActor = false
  /** Ray's id of an actor, once it is known. */
  actorId: string | null = null
  /** Calls of an actor that have not ended, where their number is limited. */
  pendingCalls = 0
  /** Of an actor: the methods that Python was told of. */
  methods: Map<string, number> | null = null
  /** Somebody waits for the value, or for word that it is there. */
  reading: Promise<Uint8Array | null> | null = null
  readonly #release: (thing: Thing) => void

  constructor(key: string, release: (thing: Thing) => void) {
    this.objectId = key
    this.tail = { key, held: 1 }
    this.#release = release
  }

  release(): void {
    this.#release(this)
  }
}

/** All things of this process, and the word to Python when one is used no more. */
export class Things {
  readonly #send: (releases: readonly (readonly [string, number])[]) => void
  readonly #known = new Map<string, WeakRef<Thing>>()
  readonly #collected: FinalizationRegistry<Tail>
  #releases: (readonly [string, number])[] = []

  constructor(send: (releases: readonly (readonly [string, number])[]) => void) {
    this.#send = send
    this.#collected = new FinalizationRegistry((tail) => this.#giveBack(tail))
  }

  get size(): number {
    return this.#known.size
  }

  /** One that an order of ours makes: Python adds it under this key when it takes the order. */
  made(key: string): Thing {
    const thing = new Thing(key, (one) => this.#letGo(one))
    this.#known.set(key, new WeakRef(thing))
    this.#collected.register(thing, thing.tail, thing)
    return thing
  }

  find(key: string): Thing | undefined {
    return this.#known.get(key)?.deref()
  }

  /** Python names these to us. Hold what this returns until the value that they came with has been decoded. */
  received(keys: readonly string[]): Thing[] {
    return keys.map((key) => {
      const known = this.find(key)
      if (!known) return this.made(key)
      known.tail.held += 1
      return known
    })
  }

  #letGo(thing: Thing): void {
    if (thing.status === 'freed') return
    this.#collected.unregister(thing)
    this.#giveBack(thing.tail)
    thing.status = 'freed'
    thing.bytes = null
    thing.view = null
    thing.nested = []
    const message = `object ${thing.objectId} was freed by this program; keep it, or put it again`
    thing.failure = { kind: 'failed', failure: { code: 'object.freed', message, details: { objectId: thing.objectId } } }
  }

  #giveBack(tail: Tail): void {
    const known = this.#known.get(tail.key)?.deref()
    if (!known || known.tail === tail) this.#known.delete(tail.key)
    if (this.#releases.length === 0) setImmediate(() => this.#flush())
    this.#releases.push([tail.key, tail.held])
  }

  #flush(): void {
    const releases = this.#releases
    this.#releases = []
    this.#send(releases)
  }
}

/** @throws ClusterError `bad-argument` for what is not a ref of this connection. */
export function thingOf(ref: ObjectRef<unknown>): Thing {
  const state: unknown = (ref as Partial<ObjectRef<unknown>> | null | undefined)?.[refState] // programs without types pass anything
  if (state instanceof Thing) return state
  throw new ClusterError(
    'bad-argument',
    ref instanceof ObjectRef ? `${String(ref)} belongs to another cluster connection` : `expected an ObjectRef, got ${typeof ref}`,
  )
}

/** The thing behind a ref that is about to be passed on. @throws ClusterError `bad-argument`, `not-supported` */
export function travellingThingOf(ref: ObjectRef<unknown>): Thing {
  const thing = thingOf(ref)
  if (!thing.isLocal) return thing
  throw new ClusterError('not-supported', 'on Ray the `completed` of a stream cannot be passed on; get it, and pass the number')
}
