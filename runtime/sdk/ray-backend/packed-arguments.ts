import { isRef } from '../client/ref-state.ts'
import type { LargeValues } from './large-values.ts'
import type { RayCodec } from './ray-codec.ts'
import { type Thing, travellingThingOf } from './things.ts'

/** Arguments as an order names them: refs at the top level by their keys, as Ray puts values in their places; the rest as bytes. */
export type PackedArguments = {
  readonly fields: { readonly positions?: number[]; readonly top?: string[]; readonly attach?: string[] }
  readonly bytes: Uint8Array
  /** Hold these until the order is sent. */
  readonly things: readonly Thing[]
}

/** `captured`: things that the code holds, which must reach it beside the arguments. */
export type Packing = { readonly codec: RayCodec; readonly large: LargeValues; readonly captured: readonly Thing[] }

export function packArguments(args: readonly unknown[], what: string, { codec, large, captured }: Packing): PackedArguments {
  const positions: number[] = []
  const top: Thing[] = []
  const plain = args.map((value, index) => {
    if (!isRef(value)) return value
    positions.push(index)
    top.push(travellingThingOf(value))
    return undefined
  })
  const { encoded, things } = codec.encode(plain, what)
  const attached = captured.length === 0 ? things : [...new Set([...things, ...captured])]
  const keys = (list: readonly Thing[]) => list.map((thing) => thing.objectId)
  return {
    fields: {
      ...(top.length > 0 && { positions, top: keys(top) }),
      ...(attached.length > 0 && { attach: keys(attached) }),
    },
    bytes: large.pack(encoded),
    things: [...top, ...attached],
  }
}
