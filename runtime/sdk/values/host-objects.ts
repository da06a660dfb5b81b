/**
 * Things of ours that travel by reference inside any value: object refs and actor handles. The codec does not know them;
 * whoever owns references (the SDK's client) hands in how they are written and read.
 */
export type HostObjects = {
  /** A small record of plain fields when `value` is one of ours, else undefined. Called once for each object met in a value. */
  encode(value: object): HostRecord | undefined
  /** The live thing for a record. Called once for each record met. */
  decode(record: HostRecord): object
}

/** Strings, numbers, booleans, null and byte arrays only. `kind` says which of ours it is, such as `ref` or `actor`. */
export type HostRecord = { readonly kind: string; readonly [field: string]: string | number | boolean | null | Uint8Array }

/** For values that may not hold anything of ours. */
export const noHostObjects: HostObjects = {
  encode: () => undefined,
  decode: (record) => {
    throw new TypeError(`a value holds a ${record.kind}, which cannot be read here`)
  },
}
