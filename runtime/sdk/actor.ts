import { ClusterError } from '../base/errors.ts'
import type { ActorDefinition, ActorIdentity, ActorShape } from './backend.ts'
import { currentBackend } from './current-backend.ts'
import type { Callable } from './execution.ts'
import { type ActorOptions, checkActorOptions, checkMethodOptions, type MethodOptions } from './options.ts'
import { isClass, publicResult, type RefOr, type RefsOf, type RefsWith } from './remote.ts'

type Class<Args extends readonly never[] | readonly unknown[] = readonly never[], Instance = object> = new (
  ...args: Args & never[]
) => Instance

/** A method of an actor, to be called from anywhere. */
export type ActorMethod<Args extends readonly unknown[], R> = {
  /** Submits a call and returns at once. Calls from one caller start in order, unless the actor runs several at a time. */
  remote(...args: RefOr<Args>): RefsOf<R>
  options<const O extends MethodOptions>(options: O): { remote(...args: RefOr<Args>): RefsWith<R, O> }
}

/** Stands for an actor: one property for each method of its class. Handles may be passed to tasks and other actors. */
export type ActorHandle<Instance> = {
  readonly [K in keyof Instance as Instance[K] extends (...args: never[]) => unknown ? K : never]: Instance[K] extends (
    ...args: infer Args
  ) => infer R
    ? ActorMethod<Args, R>
    : never
} & {
  readonly actorId: string
}

/** How the SDK reaches what is behind a handle. Not for programs. */
export const actorIdentity: unique symbol = Symbol('shoal.actor-identity')

/** A class whose instances live on the cluster. Made by `actor`. */
export class ActorClass<Args extends readonly unknown[] = readonly unknown[], Instance = object> {
  readonly definition: ActorDefinition
  declare readonly instanceType: Instance
  constructor(definition: ActorDefinition) {
    this.definition = definition
  }

  /** Makes an actor and returns its handle at once; its constructor runs on the cluster. */
  remote(...args: RefOr<Args>): ActorHandle<Instance> {
    return handleFor<Instance>(currentBackend().createActor(this.definition, args), this.definition.options)
  }

  /** The same class with other options; those not named stay. @throws ClusterError `bad-argument` */
  options(options: ActorOptions): ActorClass<Args, Instance> {
    const all = { ...this.definition.options, ...options }
    checkActorOptions(all)
    return new ActorClass<Args, Instance>({ ...this.definition, options: all })
  }
}

/**
 * Makes instances of a class live on the cluster, each in a process of its own: `const Counter = shoal.actor(class { … })`, then
 * `const counter = Counter.remote()` and `counter.add.remote(1)`.
 *
 * @throws ClusterError `bad-argument` when it is not a class, or an option is wrong.
 */
export function actor<Args extends readonly unknown[], Instance>(
  actorClass: new (...args: Args) => Instance,
  options: ActorOptions = {},
): ActorClass<Args, Instance> {
  if (!isClass(actorClass))
    throw new ClusterError('bad-argument', `actor takes a class, got ${typeof actorClass}; use shoal.remote for functions`)
  checkActorOptions(options)
  const shape = shapeOf(actorClass as unknown as Class) // only its prototype is read
  for (const name of Object.keys(options.methods ?? {})) {
    if (!shape.methodNames.includes(name))
      throw new ClusterError(
        'bad-argument',
        `methods.${name}: ${actorClass.name || 'the class'} has no such method; it has ${shape.methodNames.join(', ')}`,
      )
  }
  return new ActorClass<Args, Instance>({
    actorClass: actorClass as unknown as Callable,
    name: actorClass.name || 'Actor',
    options,
    remoteKey: null,
    shape,
  }) // constructed by workers only
}

export const actorClassFrom = (definition: ActorDefinition): ActorClass => new ActorClass(definition)

function shapeOf(actorClass: Class): ActorShape {
  const methods = new Map<string, Callable>()
  for (
    let prototype: unknown = actorClass.prototype;
    prototype && prototype !== Object.prototype;
    prototype = Object.getPrototypeOf(prototype)
  ) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
      if (name !== 'constructor' && typeof value === 'function' && !methods.has(name)) methods.set(name, value as Callable) // a function, as checked
    }
  }
  const kindOf = (method: Callable): string => Object.prototype.toString.call(method)
  return {
    methodNames: [...methods.keys()],
    isAsync: [...methods.values()].some((method) => kindOf(method).startsWith('[object Async')),
    streams: [...methods].filter(([, method]) => kindOf(method).endsWith('GeneratorFunction]')).map(([name]) => name),
  }
}

export function handleFor<Instance>(identity: ActorIdentity, options: ActorOptions = {}): ActorHandle<Instance> {
  const handle: Record<PropertyKey, unknown> = Object.create(handlePrototype) as Record<PropertyKey, unknown> // a plain object until filled
  Object.defineProperty(handle, actorIdentity, { value: identity })
  for (const method of identity.methodNames) handle[method] = methodOf(identity, method, options.methods?.[method] ?? {})
  return handle as ActorHandle<Instance> // one member for each method of the class
}

class HandleBase {
  declare readonly [actorIdentity]: ActorIdentity
  get actorId(): string {
    return this[actorIdentity].actorId
  }
  toString(): string {
    const { className, actorId } = this[actorIdentity]
    return `ActorHandle(${className}, ${actorId})`
  }
}
const handlePrototype = HandleBase.prototype

export const isHandle = (value: object): value is HandleBase => value instanceof HandleBase

function methodOf(identity: ActorIdentity, method: string, settings: MethodOptions): ActorMethod<readonly unknown[], unknown> {
  const caller =
    (given: MethodOptions) =>
    (...args: readonly unknown[]) => {
      const { numReturns, concurrencyGroup, generatorBackpressure } = given
      const call = { method, numReturns: numReturns === 'streaming' ? -1 : numReturns, concurrencyGroup, generatorBackpressure }
      return publicResult(currentBackend().callActor(identity, call, args), numReturns)
    }
  return {
    remote: caller(settings) as ActorMethod<readonly unknown[], unknown>['remote'], // typed by the class, in ActorHandle
    options: (options) => {
      checkMethodOptions(options)
      return { remote: caller({ ...settings, ...options }) as never } // the same
    },
  }
}

/**
 * The handle of a named actor.
 * @throws ClusterError `actor.not-found` when no actor has this name in the namespace.
 */
export async function getActor<Instance = Record<string, (...args: unknown[]) => unknown>>(
  name: string,
  options: { namespace?: string } = {},
): Promise<ActorHandle<Instance>> {
  return handleFor<Instance>(await currentBackend().findActor(name, options.namespace))
}

/** Names of live actors, of this namespace or of all. */
export const listNamedActors = (options: { allNamespaces?: boolean } = {}): Promise<{ name: string; namespace: string }[]> =>
  currentBackend().listNamedActors(options.allNamespaces ?? false)

/** Ends an actor's process now. With `noRestart: false` it may restart by its `maxRestarts`. */
export async function kill(handle: ActorHandle<unknown>, options: { noRestart?: boolean } = {}): Promise<void> {
  await currentBackend().killActor(identityOf(handle), { noRestart: options.noRestart ?? true })
}

/** Inside an actor's method: ends this actor for good, after the call. */
export const exitActor = (): never => currentBackend().exitActor()

export function identityOf(handle: unknown): ActorIdentity {
  if (typeof handle === 'object' && handle !== null && isHandle(handle)) return handle[actorIdentity]
  throw new ClusterError('bad-argument', `this takes an actor's handle, got ${typeof handle}`)
}
