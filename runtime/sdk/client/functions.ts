import { ClusterError } from '../../base/errors.ts'
import { KvGetReply, KvPutReply, maxKvValueBytes } from '../../protocol/clients.ts'
import { captureGraph } from '../closure/capture.ts'
import { rebuildGraph } from '../closure/rebuild.ts'
import type { Callable } from '../execution.ts'
import { accessOf, type ModuleAccess } from './codec.ts'
import type { HostObjects } from '../values/host-objects.ts'

export type FunctionsIo = {
  readonly hosts: HostObjects
  readonly modules: ModuleAccess
  /** A request that the head answers. */
  readonly request: <T>(message: object, reply: { parse(value: unknown): T }) => Promise<T>
}

/** Small functions travel with the first task that needs them; larger ones are stored at the head. */
const inlineCodeBytes = 64 * 1024
/** Captured data above this is better put into the store. */
const warnDataBytes = 1024 * 1024
const maxLoaded = 10_000
const mebibytes = (bytes: number): string => (bytes / 1024 / 1024).toFixed(1)

export type Portable = { readonly functionId: string; readonly bytes: Uint8Array }

/** Functions of this process on their way out, and functions of others that were made here. Each is shipped once per cluster. */
export class Functions {
  readonly #io: FunctionsIo
  readonly #captured = new WeakMap<Callable, Portable>()
  readonly #code = new Map<string, Uint8Array>()
  readonly #stored = new Map<string, Promise<void>>()
  readonly #offered = new Map<string, Uint8Array>()
  readonly #loaded = new Map<string, Callable | Promise<Callable>>()
  /** Uploads that tasks submitted from now on must wait for. */
  readonly uploads = new Set<Promise<void>>()

  constructor(io: FunctionsIo) {
    this.#io = io
  }

  /** The bytes of a function and their hash. Variables are captured as they are at the first call, as in Ray. */
  capture(fn: Callable, what: string): Portable {
    const known = this.#captured.get(fn)
    if (known) return known
    const { bytes, dataBytes } = captureGraph(fn, { hosts: this.#io.hosts, what })
    if (bytes.length > maxKvValueBytes) {
      throw new ClusterError(
        'function.not-portable',
        `${what} is ${mebibytes(bytes.length)} MiB with all that it captures, and ${mebibytes(maxKvValueBytes)} MiB can travel; put its data with shoal.put and pass the ref`,
        { details: { bytes: bytes.length, limitBytes: maxKvValueBytes } },
      )
    }
    if (dataBytes > warnDataBytes) {
      process.emitWarning(
        `${what} captures ${mebibytes(dataBytes)} MiB of data; put it with shoal.put and pass the ref, so that it travels once`,
        'ShoalWarning',
      )
    }
    const portable = { functionId: process.getBuiltinModule('node:crypto').createHash('sha256').update(bytes).digest('hex'), bytes }
    this.#captured.set(fn, portable)
    if (bytes.length <= inlineCodeBytes) this.#code.set(portable.functionId, bytes)
    else void this.store(portable)
    return portable
  }

  codeOf(functionId: string): Uint8Array | null {
    return this.#code.get(functionId) ?? null
  }

  /** Makes a function known to the whole cluster by its id. */
  store(portable: Portable): Promise<void> {
    const known = this.#stored.get(portable.functionId)
    if (known) return known
    const stored = this.upload(`function:${portable.functionId}`, portable.bytes)
    this.#stored.set(portable.functionId, stored)
    stored.catch(() => this.#stored.delete(portable.functionId)) // the next call tries again
    return stored
  }

  upload(key: string, value: Uint8Array): Promise<void> {
    const upload: Promise<void> = this.#io
      .request({ type: 'kv.put', key, value, overwrite: false }, KvPutReply)
      .then(() => {})
      .finally(() => this.uploads.delete(upload))
    this.uploads.add(upload)
    return upload
  }

  /** Code that came with a template. */
  offer(functionId: string, bytes: Uint8Array): void {
    if (!this.#loaded.has(functionId)) this.#offered.set(functionId, Uint8Array.from(bytes)) // the message's memory is used again
  }

  /** @throws ClusterError `internal` when the cluster does not know the function. */
  load(functionId: string): Callable | Promise<Callable> {
    const known = this.#loaded.get(functionId)
    if (known) return known
    const offered = this.#offered.get(functionId)
    this.#offered.delete(functionId)
    const made = offered ? this.#rebuild(offered) : this.#fetch(functionId).then((bytes) => this.#rebuild(bytes))
    this.#keep(functionId, made)
    if (made instanceof Promise) {
      made.then(
        (fn) => this.#keep(functionId, fn),
        () => this.#loaded.delete(functionId), // the next task tries again
      )
    }
    return made
  }

  async #fetch(functionId: string): Promise<Uint8Array> {
    const { value } = await this.#io.request({ type: 'kv.get', key: `function:${functionId}` }, KvGetReply)
    if (!value)
      throw new ClusterError('internal', `the cluster does not know function ${functionId}; its job may have ended`, {
        details: { functionId },
      })
    return value
  }

  #rebuild(bytes: Uint8Array): Callable | Promise<Callable> {
    const rebuilt = rebuildGraph(bytes, { hosts: this.#io.hosts, ...accessOf(this.#io.modules) })
    return rebuilt instanceof Promise ? rebuilt.then(asCallable) : asCallable(rebuilt)
  }

  #keep(functionId: string, fn: Callable | Promise<Callable>): void {
    if (this.#loaded.size >= maxLoaded) {
      const [oldest] = this.#loaded.keys()
      if (oldest !== undefined) this.#loaded.delete(oldest)
    }
    this.#loaded.set(functionId, fn)
  }
}

function asCallable(value: unknown): Callable {
  if (typeof value !== 'function') throw new ClusterError('protocol.violation', `a function arrived as ${typeof value}`)
  return value as Callable // checked: it can be called, or constructed by who asked for a class
}
