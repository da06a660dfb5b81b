import type { ActorSpec } from '../protocol/actors.ts'
import type { Devices } from '../protocol/scheduling.ts'
import type { Target } from './invocation.ts'

/** Answers true; a caller that waits for it knows that the constructor has returned. */
export const readyMethod = '__shoal_ready__'
/** Ends the actor after every call that came before. */
export const terminateMethod = '__shoal_terminate__'

type ActorIdentity = { readonly spec: ActorSpec; readonly restarts: number; readonly devices: Devices }

export type ActorMethod = { readonly target: Target; readonly group: string }

/** The methods of one instance as targets of calls, made when first called. */
export class ActorMethods {
  readonly #identity: ActorIdentity
  readonly #onBlocked: (isBlocked: boolean) => void
  readonly #methods = new Map<string, ActorMethod>()
  instance: object | undefined

  constructor(identity: ActorIdentity, onBlocked: (isBlocked: boolean) => void) {
    this.#identity = identity
    this.#onBlocked = onBlocked
  }

  /** A target for any name: one that does not exist throws, in its turn, what a wrong call throws. */
  get(method: string): ActorMethod {
    const known = this.#methods.get(method)
    if (known !== undefined) return known
    const { spec } = this.#identity
    const group = Object.hasOwn(spec.methodGroups, method) ? (spec.methodGroups[method] ?? '') : ''
    const made = { target: this.targetOf(method), group }
    // Before the constructor has returned nobody knows whether the name is one; after, wrong names are not kept.
    if (this.instance !== undefined && this.#find(method) !== undefined) this.#methods.set(method, made)
    return made
  }

  targetOf(method: string): Target {
    const { spec, restarts, devices } = this.#identity
    const callable = (...args: unknown[]): unknown => {
      if (method === readyMethod) return true
      if (method === terminateMethod) return undefined
      const found = this.#find(method)
      if (found === undefined) throw this.#unknown(method)
      return Reflect.apply(found, this.instance, args)
    }
    return {
      name: `${spec.className}.${method}`,
      jobId: spec.jobId,
      actorId: spec.actorId,
      restarts,
      strategy: spec.shape.strategy,
      devices,
      atMostOnce: false,
      callable,
      load: () => callable,
      averageMs: -1,
      afterRun: undefined,
      onBlocked: this.#onBlocked,
    }
  }

  #find(method: string): ((...args: unknown[]) => unknown) | undefined {
    if (this.instance === undefined || method === 'constructor') return undefined
    const value: unknown = Reflect.get(this.instance, method)
    if (typeof value !== 'function' || value === Reflect.get(Object.prototype, method)) return undefined
    return value as (...args: unknown[]) => unknown // a function; what it takes is the caller's business
  }

  #unknown(method: string): TypeError {
    const names = listMethods(this.instance)
    const known = names.length === 0 ? 'it has no methods' : `it has: ${names.join(', ')}`
    return new TypeError(`${this.#identity.spec.className} has no method ${JSON.stringify(method)}; ${known}`)
  }
}

function listMethods(instance: object | undefined): string[] {
  const names = new Set<string>()
  for (let level = instance; level !== undefined && level !== null && level !== Object.prototype; level = Object.getPrototypeOf(level)) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(level))) {
      if (typeof value === 'function' && name !== 'constructor') names.add(name)
    }
  }
  return [...names].sort().slice(0, 100)
}
