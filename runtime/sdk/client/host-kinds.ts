import type { ProcessAddress } from '../../protocol/addresses.ts'
import { ObjectRef } from '../object-ref.ts'
import type { HostRecord } from '../values/host-objects.ts'
import type { HostKind } from './codec.ts'
import type { References } from './references.ts'
import { type RefState, stateOf } from './ref-state.ts'

/** Fields of a record that name an object and its owner. Every kind that counts references carries them. */
export function refFields(
  state: RefState,
  self: ProcessAddress,
): { objectId: string; workerId: string; nodeId: string; socketPath: string; agentAddress: string } {
  const { workerId, nodeId, socketPath, agentAddress } = state.owner ?? self
  return { objectId: state.objectId, workerId, nodeId, socketPath, agentAddress }
}

export function readRefFields(record: HostRecord): { objectId: string; owner: ProcessAddress } {
  const text = (name: string): string => {
    const value = record[name]
    if (typeof value !== 'string') throw new TypeError(`a ${record.kind} without ${name}`)
    return value
  }
  return {
    objectId: text('objectId'),
    owner: { workerId: text('workerId'), nodeId: text('nodeId'), socketPath: text('socketPath'), agentAddress: text('agentAddress') },
  }
}

export function refKind(references: References, self: () => ProcessAddress): HostKind {
  return {
    kind: 'ref',
    encode(value) {
      if (!(value instanceof ObjectRef)) return undefined
      const state = stateOf(value)
      if (!state.owner) references.share(state)
      return { kind: 'ref', ...refFields(state, self()) }
    },
    decode: (record) => references.toRef(references.borrowed(readRefFields(record))),
  }
}
