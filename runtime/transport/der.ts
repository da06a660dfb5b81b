/** The few DER forms (X.690) that a certificate needs, each as whole bytes with tag and length. */
export const derTags = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectId: 0x06,
  utf8: 0x0c,
  sequence: 0x30,
  set: 0x31,
} as const

export function der(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const content = Buffer.concat(parts)
  return Buffer.concat([Uint8Array.of(tag, ...lengthBytes(content.length)), content])
}

export const sequence = (...parts: readonly Uint8Array[]): Uint8Array => der(derTags.sequence, ...parts)
export const utf8String = (text: string): Uint8Array => der(derTags.utf8, Buffer.from(text, 'utf8'))
export const octetString = (content: Uint8Array): Uint8Array => der(derTags.octetString, content)
export const derTrue: Uint8Array = der(derTags.boolean, Uint8Array.of(0xff))

/** An unsigned number, as its big-endian bytes. */
export function unsignedInteger(bytes: Uint8Array): Uint8Array {
  const first = bytes.findIndex((byte) => byte !== 0)
  const trimmed = first === -1 ? Uint8Array.of(0) : bytes.subarray(first)
  return der(derTags.integer, (trimmed[0] ?? 0) >= 0x80 ? Uint8Array.of(0) : new Uint8Array(), trimmed) // a leading 1 bit would read as negative
}

export function bitString(content: Uint8Array, unusedBits = 0): Uint8Array {
  return der(derTags.bitString, Uint8Array.of(unusedBits), content)
}

/** An object identifier in dotted form. */
export function objectId(dotted: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  return der(derTags.objectId, Uint8Array.from([first * 40 + second, ...rest.flatMap(base128)]))
}

/** Context-specific tag `[number]` around whole values. */
export const explicit = (number: number, ...parts: readonly Uint8Array[]): Uint8Array => der(0xa0 | number, ...parts)
/** Context-specific tag `[number]` instead of a primitive value's own. */
export const implicit = (number: number, content: Uint8Array): Uint8Array => der(0x80 | number, content)

/** Text form until 2049 as RFC 5280 4.1.2.5 wants it, the longer one from 2050 on. */
export function time(atMs: number): Uint8Array {
  const digits = new Date(atMs).toISOString().replaceAll(/[-:T]|\.\d+/g, '')
  const isShort = new Date(atMs).getUTCFullYear() < 2050
  return der(isShort ? 0x17 : 0x18, Buffer.from(isShort ? digits.slice(2) : digits, 'latin1'))
}

function lengthBytes(length: number): number[] {
  if (length < 0x80) return [length]
  const bytes: number[] = []
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256)
  return [0x80 | bytes.length, ...bytes]
}

function base128(value: number): number[] {
  const bytes = [value & 0x7f]
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) bytes.unshift((rest & 0x7f) | 0x80)
  return bytes
}
