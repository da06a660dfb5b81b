import { decodeValue } from '#runtime/sdk/values/decode-value.ts'
import { encodeValue } from '#runtime/sdk/values/encode-value.ts'
import { noFunctionGraphs } from '#runtime/sdk/values/function-graphs.ts'
import { noHostObjects } from '#runtime/sdk/values/host-objects.ts'

export const plainOnly = { hosts: noHostObjects, functions: noFunctionGraphs }

/** What the other side gets when the bytes travel inside a message. */
export function throughMessage(value: unknown): unknown {
  return decodeValue(encodeValue(value, plainOnly).toBytes(), { ...plainOnly, shared: false })
}

/** What another process gets when the bytes lie in the store; a plain ArrayBuffer stands for the mapped memory. */
export function throughStore(value: unknown, mapped: ArrayBuffer = new ArrayBuffer(1 << 20), offset = 4096): unknown {
  const encoded = encodeValue(value, plainOnly)
  const bytes = new Uint8Array(mapped, offset, encoded.sizeBytes)
  encoded.writeTo(bytes)
  return decodeValue(bytes, { ...plainOnly, shared: true })
}

export function messageOf(encode: () => unknown): string {
  try {
    encode()
  } catch (error) {
    return error instanceof Error ? `${String(Reflect.get(error, 'code'))}: ${error.message}` : String(error)
  }
  return 'nothing was thrown'
}
