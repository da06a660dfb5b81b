import type { RefArgument } from '../../protocol/tasks.ts'
import type { RefState } from './ref-state.ts'

/** What one message of tasks or calls may carry, far below the limit of a frame. A single task may be larger, up to `inlineArgumentsBytes`. */
const batchBytes = 4 * 1024 * 1024
/** Values that travel inside the message of one task; more go through the store (Ray: 10 MiB for each call). */
export const inlineArgumentsBytes = 10 * 1024 * 1024
/** Ids, addresses and names beside the bytes of an argument, at most about this much. */
const overheadBytes = 512

type Sized = { readonly args: Uint8Array; readonly refArgs: readonly RefArgument[] }

/** Cuts a list of tasks or calls into messages of a bearable size, in order. */
export function* batchesBySize<T extends Sized>(items: readonly T[]): Generator<T[]> {
  let batch: T[] = []
  let bytes = 0
  for (const item of items) {
    const size = sizeOf(item)
    if (batch.length > 0 && bytes + size > batchBytes) {
      yield batch
      batch = []
      bytes = 0
    }
    batch.push(item)
    bytes += size
  }
  if (batch.length > 0) yield batch
}

function sizeOf({ args, refArgs }: Sized): number {
  let bytes = args.length + overheadBytes
  for (const { place } of refArgs) bytes += overheadBytes + (place.kind === 'inline' ? place.bytes.length : 0)
  return bytes
}

/** Arguments whose values are too many to travel in one message: those that should go to the store, the largest first. */
export function surplusArguments(states: readonly RefState[]): RefState[] {
  const inline = [...new Set(states)].flatMap((state) => (state.place?.kind === 'inline' ? { state, bytes: state.place.bytes.length } : []))
  let total = inline.reduce((sum, { bytes }) => sum + bytes, 0)
  if (total <= inlineArgumentsBytes) return []
  const surplus: RefState[] = []
  for (const { state, bytes } of inline.sort((one, other) => other.bytes - one.bytes)) {
    if (total <= inlineArgumentsBytes) break
    if (state.owner) continue // its owner says where it is
    total -= bytes
    surplus.push(state)
  }
  return surplus
}

/** So few arguments fit into a message, however large each is. */
export const fewArguments = 100
