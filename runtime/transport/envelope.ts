import { ClusterError } from '../base/errors.ts'
import { readU32, writeU32 } from '../protocol/frame.ts'

/**
 * The payload of one frame: u8 kind; u32 request id where the kind has one; then, with the `attached` bit set, a table of byte
 * fields (u8 count, and for each u8 name length, name, u32 size), the message, and those fields' bytes behind it.
 */
export const frameKinds = { message: 0, request: 1, reply: 2, failure: 3, cancel: 4, ping: 5, pong: 6 } as const
export type FrameKind = (typeof frameKinds)[keyof typeof frameKinds]
export const attachedBit = 0x80
/** Kind and request id: the most that comes before the message when nothing is attached. */
export const envelopeBytes = 5

/** Byte fields at the top of a message from this size on are written from where they lie, without a copy. */
export const attachedFromBytes = 32 * 1024
const maxAttachments = 16
const maxNameBytes = 255

export type Attachment = { readonly name: string; readonly bytes: Uint8Array }

export const hasRequestId = (kind: number): boolean => kind >= frameKinds.request && kind <= frameKinds.cancel
export const hasBody = (kind: number): boolean => kind <= frameKinds.failure

/** The large byte fields of `message`, or undefined when it has none, which is the usual case. */
export function findAttachments(message: unknown): Attachment[] | undefined {
  if (typeof message !== 'object' || message === null || message.constructor !== Object) return undefined // arrays and bytes have no named fields
  let found: Attachment[] | undefined
  for (const name in message) {
    const value = (message as Record<string, unknown>)[name] // any object may be read so; the value is checked next
    if (!(value instanceof Uint8Array) || value.byteLength < attachedFromBytes || name.length > maxNameBytes / 4) continue
    found ??= []
    if (found.length < maxAttachments) found.push({ name, bytes: value })
  }
  return found
}

/** `message` with null where an attachment belongs: the field keeps its place. */
export function withoutAttachments(message: object, attachments: readonly Attachment[]): object {
  const rest: Record<string, unknown> = { ...message }
  for (const { name } of attachments) rest[name] = null
  return rest
}

export function encodeAttachmentTable(attachments: readonly Attachment[]): Uint8Array {
  const names = attachments.map(({ name }) => new TextEncoder().encode(name))
  const table = new Uint8Array(1 + names.reduce((sum, name) => sum + 1 + name.length + 4, 0))
  table[0] = attachments.length
  let at = 1
  attachments.forEach(({ bytes }, index) => {
    const name = names[index] ?? new Uint8Array()
    table[at] = name.length
    table.set(name, at + 1)
    writeU32(table, at + 1 + name.length, bytes.byteLength)
    at += 1 + name.length + 4
  })
  return table
}

/** Where the message and each attached field lie within the payload. */
export type AttachmentLayout = { readonly bodyStart: number; readonly bodyEnd: number; readonly fields: readonly Attachment[] }

/** @throws ClusterError `protocol.violation` when the table and the payload's length do not agree. */
export function readAttachmentTable(source: Uint8Array, start: number, end: number): AttachmentLayout {
  const count = start < end ? (source[start] ?? 0) : 0
  if (count === 0 || count > maxAttachments) throw badTable(`${count} attached fields`)
  const entries: { name: string; sizeBytes: number }[] = []
  let at = start + 1
  let totalBytes = 0
  for (let index = 0; index < count; index += 1) {
    const nameBytes = source[at] ?? 0
    if (nameBytes === 0 || nameBytes > maxNameBytes || at + 1 + nameBytes + 4 > end) throw badTable('a name that does not fit')
    const name = new TextDecoder().decode(source.subarray(at + 1, at + 1 + nameBytes))
    const sizeBytes = readU32(source, at + 1 + nameBytes)
    entries.push({ name, sizeBytes })
    totalBytes += sizeBytes
    at += 1 + nameBytes + 4
  }
  const bodyEnd = end - totalBytes
  if (bodyEnd <= at) throw badTable(`${totalBytes} attached bytes in a frame of ${end - start}`)
  let fieldStart = bodyEnd
  const fields = entries.map(({ name, sizeBytes }) => {
    const bytes = source.subarray(fieldStart, fieldStart + sizeBytes)
    fieldStart += sizeBytes
    return { name, bytes }
  })
  return { bodyStart: at, bodyEnd, fields }
}

/** Puts the attached fields back where the message left room for them. */
export function attachFields(message: unknown, fields: readonly Attachment[]): void {
  if (typeof message !== 'object' || message === null) throw badTable('no message to attach to')
  const target = message as Record<string, unknown> // an object made by the decoder, not shared with anyone
  for (const { name, bytes } of fields) {
    // Only a field that is there, and null: so no name can reach a prototype or replace what was decoded.
    if (!Object.hasOwn(target, name) || target[name] !== null) throw badTable(`no room for the field ${JSON.stringify(name)}`)
    target[name] = bytes
  }
}

const badTable = (what: string) => new ClusterError('protocol.violation', `a frame's table of byte fields is wrong: ${what}`)
