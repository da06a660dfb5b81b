import { Packr } from 'msgpackr/pack'
import { Unpackr } from 'msgpackr/unpack'

const packr = new Packr({ useRecords: false })
const unpackr = new Unpackr({ useRecords: false })

/** Plain values as bytes that stand by themselves, for batches that some on their way do not open. */
export const packPlain = (value: unknown): Uint8Array => packr.pack(value)

/** The value, still to be parsed by a schema. @throws Error for bytes that `packPlain` did not write */
export const unpackPlain = (bytes: Uint8Array): unknown => unpackr.unpack(bytes)
