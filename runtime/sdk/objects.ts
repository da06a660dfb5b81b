import { type Duration, resolveDuration } from '../base/duration.ts'
import { ClusterError } from '../base/errors.ts'
import { currentBackend } from './current-backend.ts'
import { ObjectRef, type ObjectRefGenerator } from './object-ref.ts'

export type GetOptions = {
  /** How long to wait. A number is milliseconds; 0 only looks. @default no limit */
  readonly timeout?: Duration
  /** Stops the waiting only; the task goes on. To stop the task use `cancel(ref)`. */
  readonly signal?: AbortSignal
}

/** Values of a list of refs, in order. */
export type ValuesOf<Refs extends readonly unknown[]> = { -readonly [K in keyof Refs]: Refs[K] extends ObjectRef<infer T> ? T : never }

/**
 * The value behind a ref, or the values of a list in its order, waiting until they exist. A list rejects at its first failure.
 *
 * Large arrays are views on shared memory of this node; writing to them changes your copy only. They stay valid as long as you hold them.
 *
 * @throws TaskError if the task threw: an instance of the thrown error's class as well; `cause` is that error.
 * @throws GetTimeoutError when the time is up; the task goes on.
 * @throws WorkerCrashedError, ActorDiedError, ObjectLostError and the like: `code` says what happened, the message what to do.
 */
export function get<Ref extends ObjectRef<unknown>>(ref: Ref, options?: GetOptions): Promise<Ref['valueType']>
export function get<const Refs extends readonly ObjectRef<unknown>[]>(refs: Refs, options?: GetOptions): Promise<ValuesOf<Refs>>
export async function get(target: ObjectRef<unknown> | readonly ObjectRef<unknown>[], options: GetOptions = {}): Promise<unknown> {
  const limits = { timeoutMs: resolveDuration(options.timeout, Number.POSITIVE_INFINITY), signal: options.signal }
  if (target instanceof ObjectRef) return (await currentBackend().get([target], limits))[0]
  checkRefs('get', target)
  return currentBackend().get(target, limits)
}

export type WaitOptions = GetOptions & {
  /** How many must be ready. @default 1 */
  readonly numReturns?: number
  /** Ready means: its bytes are on this node. @default true */
  readonly fetchLocal?: boolean
}

/**
 * Splits refs into those that are ready, at most `numReturns` of them, and the rest; both in the order given. Waits until there are as
 * many, or the time is up. A failed task counts as ready. A generator is ready when its next item is there, or none will come: `next` of it
 * then does not wait.
 *
 * @throws ClusterError `bad-argument` for duplicates, or when `numReturns` is more than there are refs.
 */
export function wait<Item extends ObjectRef<unknown> | ObjectRefGenerator<unknown>>(
  refs: readonly Item[],
  options: WaitOptions = {},
): Promise<{ ready: Item[]; pending: Item[] }> {
  if (!Array.isArray(refs)) throw new ClusterError('bad-argument', `wait takes an array of refs and generators, got ${typeof refs}`)
  const count = options.numReturns ?? 1
  if (!Number.isInteger(count) || count < 1 || count > refs.length) {
    throw new ClusterError('bad-argument', `wait: numReturns must be from 1 to the ${refs.length} refs given, got ${count}`)
  }
  const request = {
    count,
    timeoutMs: resolveDuration(options.timeout, Number.POSITIVE_INFINITY),
    fetch: options.fetchLocal ?? true,
    signal: options.signal,
  }
  return currentBackend().wait(refs, request) as Promise<{ ready: Item[]; pending: Item[] }> // the same objects, split
}

export type PutOptions = {
  /** How long to wait for room when the store is full of objects in use. @default 60 s */
  readonly timeout?: Duration
}

/**
 * Stores a value and returns its ref: pass a large value to many tasks and it travels once to each node. The value is taken as it is
 * now, but for one thing: when it is above 1 MiB, the bytes of typed arrays and buffers in it are read until the promise resolves. Leave
 * those as they are until then.
 *
 * @throws ObjectStoreFullError when no room could be made.
 * @throws ClusterError `value.not-serializable` naming the place inside the value.
 */
export async function put<T>(value: T, options: PutOptions = {}): Promise<ObjectRef<T>> {
  if (value instanceof ObjectRef)
    throw new ClusterError('bad-argument', 'put got a ref, whose value is stored already; pass the ref itself')
  const timeoutMs = options.timeout === undefined ? undefined : resolveDuration(options.timeout, 0)
  return (await currentBackend().put(value, { timeoutMs })) as ObjectRef<T> // of the value just put
}

/** Lets objects go now: their memory comes back once no task reads them. A `get` of them fails with ObjectFreedError. */
export function free(refs: ObjectRef<unknown> | readonly ObjectRef<unknown>[]): void {
  const list = refs instanceof ObjectRef ? [refs] : refs
  checkRefs('free', list)
  currentBackend().free(list)
}

export type CancelOptions = {
  /** End the worker process of a task that does not stop by itself, such as a loop without await. @default false */
  readonly force?: boolean
  /** Cancel the tasks that it started, too. @default true */
  readonly recursive?: boolean
}

/**
 * Cancels the task or actor call that makes this object: `get` then throws TaskCancelledError. One that runs sees it at its next await
 * of the SDK, or through `runtimeContext().signal`. A finished task stays finished.
 *
 * @throws ClusterError `bad-argument` for `force` on a call of an actor.
 */
export function cancel(ref: ObjectRef<unknown>, options: CancelOptions = {}): void {
  checkRefs('cancel', [ref])
  currentBackend().cancel(ref, { force: options.force ?? false, recursive: options.recursive ?? true })
}

function checkRefs(what: string, refs: readonly unknown[]): void {
  if (!Array.isArray(refs)) throw new ClusterError('bad-argument', `${what} takes a ref or an array of refs, got ${typeof refs}`)
  for (const [index, ref] of refs.entries()) {
    if (!(ref instanceof ObjectRef)) throw new ClusterError('bad-argument', `${what}: item ${index} is ${describe(ref)}, not an ObjectRef`)
  }
}

const describe = (value: unknown): string =>
  value === null ? 'null' : typeof value === 'object' ? `a ${value.constructor?.name ?? 'object'}` : typeof value
