import { objectIdOf, type WorkerId } from '../../base/ids.ts'
import { inlineLimitBytes, type TaskResult } from '../../protocol/tasks.ts'
import type { EncodedValue } from '../values/encode-value.ts'
import { noteCallSite } from './call-sites.ts'
import type { Client } from './client.ts'
import { failureFrom } from './failures.ts'
import type { RefState } from './ref-state.ts'

/** Put objects are told from returns by their index, as in Ray. */
const putIndex = 0x8000_0001
/** The store is asked for room before the bytes go there. Larger arrays are read only then: copying them twice would cost half the speed. */
const copyNowUpToBytes = 1024 * 1024
const noNested: TaskResult['nested'] = []

/** Values on their way into objects: put by the program, too large for a message, or returned by a task. */
export class OutgoingValues {
  readonly #client: Client
  constructor(client: Client) {
    this.#client = client
  }

  /** Stores a value that this process owns. Small ones stay here. */
  async put(value: unknown, timeoutMs?: number): Promise<RefState> {
    const state = this.#client.references.owned(objectIdOf(this.#client.newTaskId(), putIndex))
    noteCallSite(state)
    const result = this.encodeResult(state.objectId, value, { ownerId: this.#client.address.workerId, timeoutMs })
    this.fill(state, result instanceof Promise ? await result : result)
    return state
  }

  /** Like `put`, for arguments too large to travel in a message: copied now, stored in the background. */
  putSoon(encoded: EncodedValue): RefState {
    const state = this.#client.references.owned(objectIdOf(this.#client.newTaskId(), putIndex))
    noteCallSite(state)
    const bytes = encoded.sharesMemory ? encoded.toBytes() : undefined
    const nested = this.#client.codec.refsIn(encoded).map((one) => ({ objectId: one.objectId, owner: one.owner ?? this.#client.address }))
    const { nodeId, agentAddress } = this.#client.address
    const place = { kind: 'stored' as const, copies: [{ nodeId, agentAddress }], sizeBytes: encoded.sizeBytes }
    this.#client.store
      .put(state.objectId, encoded.sizeBytes, (target) => (bytes ? target.set(bytes) : encoded.writeTo(target)), { primary: true })
      .then(
        () => this.fill(state, { place, nested }),
        (error: unknown) => {
          state.failure = { kind: 'failed', failure: failureFrom(error) }
          state.settle('failed')
        },
      )
    return state
  }

  /** Moves the value of an object of ours from this process into the node's store. @throws ClusterError `store.full` */
  async storeInline(state: RefState): Promise<void> {
    const { place } = state
    if (place?.kind !== 'inline') return
    const { nodeId, agentAddress } = this.#client.address
    await this.#client.store.put(state.objectId, place.bytes.length, (target) => target.set(place.bytes), { primary: true })
    if (state.status === 'ready')
      this.#client.references.setPlace(state, { kind: 'stored', copies: [{ nodeId, agentAddress }], sizeBytes: place.bytes.length })
  }

  fill(state: RefState, result: TaskResult): void {
    state.nested = result.nested.map((ref) => this.#client.references.borrowed(ref))
    this.#client.references.setPlace(state, result.place)
    state.settle('ready')
  }

  /** A value as an object's bytes: in the message when small, in this node's store when large. */
  encodeResult(
    objectId: string,
    value: unknown,
    how: { ownerId: WorkerId; timeoutMs?: number | undefined },
  ): TaskResult | Promise<TaskResult> {
    const encoded = this.#client.codec.encode(value, 'value')
    const inside = encoded.hostRecords.length === 0 ? [] : this.#client.codec.refsIn(encoded)
    const nested =
      inside.length === 0 ? noNested : inside.map((state) => ({ objectId: state.objectId, owner: state.owner ?? this.#client.address }))
    const result =
      encoded.sizeBytes <= inlineLimitBytes
        ? { place: { kind: 'inline' as const, bytes: encoded.toBytes() }, nested }
        : this.#store({ objectId, ...how }, encoded, nested)
    const registering = this.#client.actors.registeringOf(inside) // nobody can call these actors before
    return registering ? registering.then(() => result) : result
  }

  async #store(
    { objectId, ownerId, timeoutMs }: { objectId: string; ownerId: WorkerId; timeoutMs?: number | undefined },
    encoded: EncodedValue,
    nested: TaskResult['nested'],
  ): Promise<TaskResult> {
    const { nodeId, agentAddress } = this.#client.address
    const { sizeBytes } = encoded
    const bytes = encoded.sharesMemory && sizeBytes <= copyNowUpToBytes ? encoded.toBytes() : undefined
    await this.#client.store.put(objectId, sizeBytes, (target) => (bytes ? target.set(bytes) : encoded.writeTo(target)), {
      primary: true,
      ownerId,
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    })
    return { place: { kind: 'stored', copies: [{ nodeId, agentAddress }], sizeBytes }, nested }
  }
}
