import type { Socket } from 'node:net'
import { ClusterError } from '../../base/errors.ts'
import { collectGarbage } from '../client/collect-garbage.ts'
import type { ModuleAccess } from '../client/codec.ts'
import { Definitions } from '../client/definitions.ts'
import { createErrorCodec, type ErrorCodec } from '../client/error-codec.ts'
import { Functions } from '../client/functions.ts'
import { KeepAlive } from '../client/keep-alive.ts'
import type { RefFailure } from '../client/ref-state.ts'
import type { ActorDefinition, TaskDefinition } from '../backend.ts'
import type { Callable } from '../execution.ts'
import { randomHex } from '../random-hex.ts'
import { type BridgeIo, BridgeLink, Refused } from './bridge-link.ts'
import type { Context } from './messages.ts'
import { RayCodec } from './ray-codec.ts'
import { type Thing, Things } from './things.ts'

type Definition = TaskDefinition | ActorDefinition
/** What an order says of the code that is to run. */
export type CodeOf = { readonly functionId?: string; readonly definition?: string; readonly things: readonly Thing[] }

/** An idle process never collects, and what it does not collect stays in Ray's store. */
const lookForGarbageMs = 3_000

/** One Node process' part in a Ray cluster, by way of the Python process beside it. */
export class RayClient {
  readonly link: BridgeLink
  readonly things: Things
  readonly codec: RayCodec
  readonly errors: ErrorCodec
  readonly keepAlive = new KeepAlive()
  /** Where this process is, as the first message of Python says. */
  context: Context = { jobId: '', nodeId: '', workerId: '', namespace: '', rayVersion: '', command: [], pid: 0, arena: null }
  readonly functions: Functions
  readonly #definitions: Definitions
  readonly #captured = new WeakMap<Callable | Definition, readonly Thing[]>()
  readonly #garbageTimer: NodeJS.Timeout

  constructor(socket: Socket, modules: ModuleAccess, io: BridgeIo) {
    this.link = new BridgeLink(socket, io)
    this.things = new Things((releases) => this.link.send({ type: 'things.release', things: releases }))
    const request = <T>(message: object, reply: { parse(value: unknown): T }) => this.#askStore(message, reply)
    this.#definitions = new Definitions({ functions: () => this.functions, randomHex, request })
    this.codec = new RayCodec({
      things: this.things,
      modules,
      definitions: () => this.#definitions.kinds,
      capturedBy: (definition) => this.#captured.get(codeKey(definition)) ?? [],
      rememberCaptured: (definition, things) => this.#captured.set(codeKey(definition), things),
    })
    this.functions = new Functions({ hosts: this.codec.hosts, modules, request })
    this.errors = createErrorCodec(this.codec)
    this.#garbageTimer = setInterval(() => {
      if (this.things.size > 0 || this.link.large.liveViews > 0) collectGarbage()
    }, lookForGarbageMs).unref()
  }

  /** Takes the first message of Python. */
  enter(context: Context): void {
    this.context = context
    this.link.send({ type: 'memory.opened', ...this.link.large.openMemory(context) })
  }

  /** The code of a remote function or actor class, on its way to the cluster's store once this returns. */
  codeOf(definition: Definition): CodeOf {
    const key = codeKey(definition)
    if (definition.remoteKey !== null) return { definition: definition.remoteKey, things: this.#captured.get(key) ?? [] }
    const { made, things } = this.codec.record(() => this.#definitions.portable(definition))
    if (things.length > 0) this.#captured.set(key, things)
    void this.functions.store(made).catch(() => {}) // a task that does not find its function says so
    return { functionId: made.functionId, things: this.#captured.get(key) ?? [] }
  }

  /** Ray's id of an actor, which the SDK could not wait for. */
  actorMade({ key, actorId }: { readonly key: string; readonly actorId: string }): void {
    const actor = this.things.find(key)
    if (actor) actor.actorId = actorId
  }

  /** The failure of an object in the form of the SDK. */
  failureOf(error: unknown): RefFailure {
    if (error instanceof ClusterError) {
      return { kind: 'failed', failure: { code: error.code, message: error.message, details: { ...error.details } } }
    }
    if (!(error instanceof Refused)) return { kind: 'failed', failure: { code: 'internal', message: String(error), details: {} } }
    const { record, thrown } = error
    const cause = thrown && { bytes: thrown, classNames: [] }
    if (record.kind === 'failed') return { kind: 'failed', failure: record.failure, cause }
    return { kind: 'threw', error: { bytes: thrown ?? new Uint8Array(), classNames: record.classNames }, origin: record.origin }
  }

  /** The answer to a question, or the error of the SDK for it. */
  async ask(header: { readonly type: string; readonly [field: string]: unknown }): Promise<unknown> {
    try {
      return (await this.link.request(header)).fields['value']
    } catch (error) {
      throw await this.errors.toThrow({ failure: this.failureOf(error), objectId: header.type })
    }
  }

  async #askStore<T>(message: object, reply: { parse(value: unknown): T }): Promise<T> {
    const { type, key, value } = message as { type: string; key: string; value?: Uint8Array } // kv.put and kv.get of our own making
    const { fields, buffers } = await this.link.request({ type, key }, value ? [value] : [])
    return reply.parse(type === 'kv.put' ? { added: true } : { value: fields['found'] ? buffers[0] : null })
  }

  close(): void {
    clearInterval(this.#garbageTimer)
    this.keepAlive.stop()
    this.link.close()
  }
}

/** Options do not change what the code holds. */
function codeKey(definition: Definition): Callable | Definition {
  return ('fn' in definition ? definition.fn : definition.actorClass) ?? definition
}
