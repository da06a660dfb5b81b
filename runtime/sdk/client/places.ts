import * as z from 'zod'
import { ClusterError } from '../../base/errors.ts'
import type { ObjectLocated } from '../../protocol/objects.ts'
import type { Client } from './client.ts'
import { reconstruct } from './lost-objects.ts'
import type { RefState } from './ref-state.ts'

/** Brings a copy of a stored object into this node's store, and lets its owner know. @throws ClusterError `object.lost` */
export async function pullObject(client: Client, state: RefState): Promise<void> {
  const { nodeId, agentAddress } = client.address
  if (state.place?.kind !== 'stored') return
  const copies = state.place.copies.filter((copy) => copy.nodeId !== nodeId)
  if (copies.length === 0)
    throw new ClusterError('object.lost', `object ${state.objectId} has no copy on another node`, { details: { objectId: state.objectId } })
  await client.agent.request(
    { type: 'object.pull', objectId: state.objectId, sizeBytes: state.place.sizeBytes, copies },
    { reply: z.unknown() },
  )
  if (state.place?.kind !== 'stored') return
  const all = [...state.place.copies.filter((copy) => copy.nodeId !== nodeId), { nodeId, agentAddress }].slice(0, 64)
  client.references.setPlace(state, { ...state.place, copies: all })
  if (state.owner) client.peers.find(state.owner.workerId)?.send({ type: 'object.copied', objectId: state.objectId, nodeId, agentAddress })
}

/** Where an object of ours is, for another process; waits until it is ready. */
export function locateForOthers(client: Client, state: RefState): Promise<ObjectLocated> {
  return new Promise((resolve) => {
    state.whenSettled(() => {
      if (state.status === 'ready' && state.place) {
        resolve({
          kind: 'ready',
          place: state.place,
          nested: state.nested.map((ref) => ({ objectId: ref.objectId, owner: ref.owner ?? client.address })),
        })
      } else if (state.failure?.kind === 'threw') resolve({ kind: 'threw', error: state.failure.error })
      else {
        const failure = state.failure?.failure ?? {
          code: 'object.freed' as const,
          message: `object ${state.objectId} was freed`,
          details: {},
        }
        resolve({ kind: 'failed', failure })
      }
    })
  })
}

/** Copies of an object of ours that somebody could not read. Without any other the object is made again, or has failed. */
export function dropCopies(client: Client, state: RefState, nodeIds: readonly string[]): void {
  if (state.status !== 'ready' || state.place?.kind !== 'stored') return
  const copies = state.place.copies.filter((copy) => !nodeIds.includes(copy.nodeId))
  if (copies.length > 0) client.references.setPlace(state, { ...state.place, copies })
  else reconstruct(state, client.owner)
}
