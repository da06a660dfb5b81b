import { ClusterError } from '../../base/errors.ts'
import { KvGetReply } from '../../protocol/clients.ts'
import { ActorClass, actorClassFrom } from '../actor.ts'
import type { ActorDefinition, ActorShape, TaskDefinition } from '../backend.ts'
import type { Callable } from '../execution.ts'
import type { ActorOptions, TaskOptions } from '../options.ts'
import { RemoteFunction, remoteFunctionFrom } from '../remote.ts'
import { decodeValue } from '../values/decode-value.ts'
import { encodeValue } from '../values/encode-value.ts'
import { noFunctionGraphs } from '../values/function-graphs.ts'
import { noHostObjects } from '../values/host-objects.ts'
import type { HostKind } from './codec.ts'
import type { Functions, Portable } from './functions.ts'

export type DefinitionsIo = {
  readonly functions: () => Functions
  readonly randomHex: (bytes: number) => string
  readonly request: <T>(message: object, reply: { parse(value: unknown): T }) => Promise<T>
}

type Definition = TaskDefinition | ActorDefinition
const plain = { hosts: noHostObjects, functions: noFunctionGraphs }

/**
 * Remote functions and actor classes inside values travel as a key; the id of the function is at the head under that key. So a function may
 * refer to itself, which its own bytes, and their hash, could not hold.
 */
export class Definitions {
  readonly #io: DefinitionsIo
  readonly kinds: readonly HostKind[]
  readonly #keys = new WeakMap<Callable, string>()
  readonly #idOfKey = new Map<string, Promise<string>>()

  constructor(io: DefinitionsIo) {
    this.#io = io
    this.kinds = [this.#functionKind(), this.#classKind()]
  }

  /** The function or class of a definition made here, ready to travel. */
  portable(definition: Definition): Portable {
    const callable = callableOf(definition)
    if (!callable) throw new ClusterError('internal', `${definition.name} came from another process and has no code here`)
    return this.#io.functions().capture(callable, `${'fn' in definition ? 'function' : 'class'} ${definition.name}`)
  }

  /** The id of the function behind a definition, from the head when it was made elsewhere. */
  functionId(definition: Definition): string | Promise<string> {
    if (definition.remoteKey === null) return this.portable(definition).functionId
    const known = this.#idOfKey.get(definition.remoteKey)
    if (known) return known
    const asked = this.#ask(definition)
    this.#idOfKey.set(definition.remoteKey, asked)
    return asked
  }

  async #ask({ remoteKey, name }: Definition): Promise<string> {
    const { value } = await this.#io.request({ type: 'kv.get', key: `definition:${remoteKey}` }, KvGetReply)
    if (!value) throw new ClusterError('internal', `the cluster does not know ${name}; the job that made it may have ended`)
    return Buffer.from(value).toString('latin1')
  }

  /** The key of a definition; the first call has its function stored at the head. */
  #publish(definition: Definition): string {
    if (definition.remoteKey !== null) return definition.remoteKey
    const callable = callableOf(definition)
    if (!callable) throw new ClusterError('internal', `${definition.name} has no code`)
    const known = this.#keys.get(callable)
    if (known) return known
    const key = this.#io.randomHex(12)
    this.#keys.set(callable, key)
    const functions = this.#io.functions()
    const portable = this.portable(definition)
    void functions.store(portable)
    void functions.upload(`definition:${key}`, Buffer.from(portable.functionId, 'latin1'))
    return key
  }

  #functionKind(): HostKind {
    return {
      kind: 'remote-function',
      encode: (value) => {
        if (!(value instanceof RemoteFunction)) return undefined
        const { definition } = value
        return {
          kind: 'remote-function',
          key: this.#publish(definition),
          name: definition.name,
          options: pack(withoutClasses(plainOptions(definition.options))),
        }
      },
      decode: (record) =>
        remoteFunctionFrom({
          fn: null,
          name: String(record['name']),
          remoteKey: String(record['key']),
          options: unpack(record['options']) as TaskOptions,
        }), // packed above
    }
  }

  #classKind(): HostKind {
    return {
      kind: 'actor-class',
      encode: (value) => {
        if (!(value instanceof ActorClass)) return undefined
        const { definition } = value
        return {
          kind: 'actor-class',
          key: this.#publish(definition),
          name: definition.name,
          options: pack(plainOptions(definition.options)),
          shape: pack(definition.shape),
        }
      },
      decode: (record) => {
        const shape = unpack(record['shape']) as ActorShape // packed above
        return actorClassFrom({
          actorClass: null,
          name: String(record['name']),
          remoteKey: String(record['key']),
          options: unpack(record['options']) as ActorOptions,
          shape,
        })
      },
    }
  }
}

const callableOf = (definition: Definition): Callable | null => ('fn' in definition ? definition.fn : definition.actorClass)

/** Of a placement group only its id matters. */
function plainOptions<O extends TaskOptions | ActorOptions>(options: O): O {
  const { schedulingStrategy: strategy } = options
  if (typeof strategy !== 'object' || !('placementGroup' in strategy)) return options
  return { ...options, schedulingStrategy: { ...strategy, placementGroup: { id: strategy.placementGroup.id } } }
}

/** Retry rules name classes by their names where the classes themselves cannot go along. */
function withoutClasses(options: TaskOptions): object {
  const { retryExceptions, ...rest } = options
  return retryExceptions === undefined ? rest : { ...rest, retryExceptions: retryNames(retryExceptions) }
}

/** `true`, `false`, or class names. */
export function retryNames(rule: TaskOptions['retryExceptions']): boolean | string[] {
  if (rule === undefined || typeof rule === 'boolean') return rule ?? false
  return rule.map((one) => (typeof one === 'string' ? one : one.name))
}

const pack = (value: unknown): Uint8Array => encodeValue(value, plain).toBytes()
const unpack = (bytes: unknown): unknown => (bytes instanceof Uint8Array ? decodeValue(bytes, { ...plain, shared: false }) : {})
