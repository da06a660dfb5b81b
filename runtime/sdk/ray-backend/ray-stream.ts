import { objectIdOf } from '../../base/ids.ts'
import { inBlockedScope } from '../client/read.ts'
import { ObjectRef, type ObjectRefGenerator } from '../object-ref.ts'
import type { RayClient } from './ray-client.ts'
import type { Waitable } from './ray-reader.ts'
import { Thing } from './things.ts'

/** Refs of a stream in order. Each is asked for once; what `wait` asked for is what `next` gives. */
export class RayStream implements ObjectRefGenerator<unknown>, Waitable {
  readonly completed: ObjectRef<number>
  readonly thing = null
  readonly #client: RayClient
  /** Of the generator; Python stops reading it when this is collected. */
  readonly #source: Thing
  readonly #taskId: string
  #asked = 0
  #ahead: Promise<Thing | undefined> | null = null
  #isThere = false

  constructor(client: RayClient, source: Thing, taskId: string) {
    this.#client = client
    this.#source = source
    this.#taskId = taskId
    this.completed = new ObjectRef<number>(new Completed(client, source, objectIdOf(taskId, 1)))
  }

  async next(): Promise<IteratorResult<ObjectRef<unknown>, undefined>> {
    const coming = this.#ahead ?? this.#ask()
    this.#ahead = null
    this.#isThere = false
    const item = await this.#client.keepAlive.during(() => inBlockedScope(() => coming))
    return item ? { done: false, value: new ObjectRef(item) } : { done: true, value: undefined }
  }

  /** Leaving a loop early stops the task. */
  async return(): Promise<IteratorResult<ObjectRef<unknown>, undefined>> {
    this.#client.link.send({ type: 'task.cancel', id: this.#source.objectId, force: false, recursive: true })
    return { done: true, value: undefined }
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  get isThere(): boolean {
    return this.#isThere
  }

  async watch(): Promise<void> {
    this.#ahead ??= this.#ask()
    await this.#ahead.catch(() => {}) // `next` rejects with it
    this.#isThere = true
  }

  toString(): string {
    return `ObjectRefGenerator(${this.#taskId})`
  }

  async #ask(): Promise<Thing | undefined> {
    const id = objectIdOf(this.#taskId, this.#asked + 2)
    this.#asked += 1
    const { fields } = await this.#client.link.request({ type: 'stream.next', stream: this.#source.objectId, id })
    return fields['hasItem'] === true ? this.#client.things.made(id) : undefined
  }
}

/** Settles when the task has ended, with the count of its items. Not an object of Ray: it cannot be passed on. */
class Completed extends Thing {
  readonly #source: Thing
  constructor(client: RayClient, source: Thing, key: string) {
    super(key, () => {})
    this.#source = source
    this.isLocal = true
    let asking: Promise<Uint8Array | null> | null = null
    // Asked for when somebody looks: it makes Python read what is left of the stream.
    Object.defineProperty(this, 'reading', {
      get: () => (this.status === 'pending' ? (asking ??= this.#ask(client)) : null),
      set: () => {},
    })
  }

  /** What cancels the task. */
  get cancelKey(): string {
    return this.#source.objectId
  }

  async #ask(client: RayClient): Promise<Uint8Array | null> {
    try {
      const { fields } = await client.link.request({ type: 'stream.completed', stream: this.#source.objectId })
      this.bytes = client.codec.encode(fields['count'], 'count').encoded.toBytes()
      this.status = 'ready'
    } catch (error) {
      this.failure = client.failureOf(error)
      this.status = 'failed'
    }
    return this.bytes
  }
}

/** The key under which Python can cancel what makes a thing. */
export const cancelKeyOf = (thing: Thing): string => (thing instanceof Completed ? thing.cancelKey : thing.objectId)
