const pairs = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** Bytes `from` to `to` as lower-case hex. */
export function hexOf(bytes: Uint8Array, from: number, to: number): string {
  let text = ''
  for (let at = from; at < to; at += 1) text += pairs[bytes[at] ?? 0] ?? ''
  return text
}

export const hex8 = (value: number): string => (value + 0x1_0000_0000).toString(16).slice(1)

/** Four bytes, big end first, as the id's text has them. */
export function wordAt(bytes: Uint8Array, at: number): number {
  return (((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)) >>> 0
}
