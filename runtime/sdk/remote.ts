import { ClusterError } from '../base/errors.ts'
import type { CallResult, TaskDefinition } from './backend.ts'
import { currentBackend } from './current-backend.ts'
import type { Callable } from './execution.ts'
import type { ObjectRef, ObjectRefGenerator } from './object-ref.ts'
import { checkTaskOptions, type TaskOptions } from './options.ts'

/** Arguments as a call takes them: each a value, or a ref of one. */
export type RefOr<Args extends readonly unknown[]> = { [K in keyof Args]: Args[K] | ObjectRef<Args[K]> }

/** What a call of a function gives, by what the function returns. */
export type RefsOf<R> = R extends AsyncGenerator<infer T> | Generator<infer T> ? ObjectRefGenerator<T> : ObjectRef<Awaited<R>>

/** What a call gives when the options say how many: an array of refs, one, or a stream. */
export type RefsWith<R, O> = O extends { numReturns: 'streaming' }
  ? ObjectRefGenerator<ItemOf<R>>
  : O extends { numReturns: 1 }
    ? ObjectRef<Awaited<R>>
    : O extends { numReturns: number }
      ? Awaited<R> extends readonly unknown[]
        ? RefOfEach<Awaited<R>>
        : ObjectRef<unknown>[]
      : RefsOf<R>
type RefOfEach<Items extends readonly unknown[]> = { -readonly [K in keyof Items]: ObjectRef<Items[K]> }
type ItemOf<R> = R extends AsyncIterable<infer T> | Iterable<infer T> ? T : unknown

/** A function that runs on the cluster. Made by `remote`. */
export class RemoteFunction<Args extends readonly unknown[] = readonly unknown[], Refs = unknown, R = unknown> {
  readonly definition: TaskDefinition
  declare readonly returnType: R
  constructor(definition: TaskDefinition) {
    this.definition = definition
  }

  /** Submits a task and returns at once. Refs may stand for values; they are fetched where the task runs. */
  remote(...args: RefOr<Args>): Refs {
    return publicResult(currentBackend().runTask(this.definition, args), this.definition.options.numReturns) as Refs // the type follows numReturns, as publicResult does
  }

  /** The same function with other options; those not named stay. @throws ClusterError `bad-argument` */
  options<const O extends TaskOptions>(options: O): RemoteFunction<Args, RefsWith<R, O>, R> {
    checkTaskOptions(options)
    const { fn, remoteKey, name } = this.definition
    return new RemoteFunction({ fn, remoteKey, name: options.name ?? name, options: { ...this.definition.options, ...options } })
  }
}

/**
 * Makes a function run on the cluster: `const add = shoal.remote((a: number, b: number) => a + b)`, then `add.remote(1, 2)`.
 * What the function refers to travels with it, as it is at the first call.
 *
 * @throws ClusterError `bad-argument` when it is not a function, or an option is wrong.
 */
export function remote<Args extends readonly unknown[], R, const O extends TaskOptions = Record<never, never>>(
  fn: (...args: Args) => R,
  options?: O,
): RemoteFunction<Args, RefsWith<R, O>, R> {
  if (typeof fn !== 'function') throw new ClusterError('bad-argument', `remote takes a function, got ${typeof fn}`)
  if (isClass(fn)) throw new ClusterError('bad-argument', `${fn.name || 'this'} is a class; use shoal.actor for classes`)
  const streams = Object.prototype.toString.call(fn).endsWith('GeneratorFunction]')
  const given: TaskOptions = { ...(streams ? { numReturns: 'streaming' as const } : {}), ...options }
  checkTaskOptions(given)
  return new RemoteFunction({
    fn: fn as unknown as Callable,
    name: given.name ?? (fn.name || 'anonymous'),
    options: given,
    remoteKey: null,
  }) // called with what its own type allows
}

/** For definitions that came from another process. */
export const remoteFunctionFrom = (definition: TaskDefinition): RemoteFunction => new RemoteFunction(definition)

export const isClass = (fn: object): boolean => typeof fn === 'function' && /^class\b/.test(Function.prototype.toString.call(fn))

/** One ref, an array of refs, or a stream, as the options asked. */
export function publicResult({ refs, stream }: CallResult, numReturns: number | 'streaming' | undefined): unknown {
  if (stream) return stream
  return numReturns === undefined || numReturns === 1 || numReturns === 'streaming' ? refs[0] : refs
}
