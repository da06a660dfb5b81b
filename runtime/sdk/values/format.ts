/**
 * How a user's value is written, the same on every Node version (nothing of it comes from V8's own serializer, whose
 * bytes for errors and Float16Array differ between Node 20 and 24). All numbers are little-endian.
 *
 * ```text
 * magic u8 | version u8 | codec u8 | flags u8 | body length u32 | body | padding | buffer 1 | padding | buffer 2 ...
 * ```
 *
 * The body is one tree of tagged values, written in a single walk. Bytes of `outOfBandBytes` and more stay out of it: the
 * body holds their kind and length, and they follow it in the order met, each at the next multiple of 64, so that one copy
 * writes them into the store and a reader takes a view on them. Objects are numbered in the order met; a second
 * meeting is written as that number, which keeps cycles and shared references.
 */
export const magic = 0xb7
export const formatVersion = 1
export const headerBytes = 8
export const bufferAlignment = 64

export const codecs = {
  /** The body is a tagged value. */
  tagged: 1,
  /** The body is one tagged byte array, which `FunctionGraphs.rebuild` reads. */
  graph: 2,
} as const

/** The value meets an object twice: the reader has to number the objects it makes. */
export const flagRepeats = 1

/** Smaller arrays of bytes are copied into the body, where 64-byte padding would cost more than the copy. */
export const outOfBandBytes = 1_024
/** Nesting of values. More would overflow the stack of a reader that is called deep inside a program. */
export const maxDepth = 1_500
/** The key lists of the first objects are remembered, so that rows of a table name their columns once. */
export const maxShapes = 16
export const maxShapeKeys = 64

/** The first byte of each value. */
export const tags = {
  /** 0x00-0x7f: that number. */
  smallIntegerLimit: 0x80,
  /** 0x80-0x9f: an ASCII string of 0-31 characters. */
  shortString: 0x80,
  shortStringLimit: 32,
  /** 0xa0-0xaf: an array of 0-15 values. */
  shortArray: 0xa0,
  shortArrayLimit: 16,
  undefined: 0xb0,
  null: 0xb1,
  false: 0xb2,
  true: 0xb3,
  int32: 0xb4,
  float64: 0xb5,
  notANumber: 0xb6,
  ascii: 0xb7,
  utf8: 0xb8,
  /** Strings with half a surrogate pair, which UTF-8 cannot hold. */
  utf16: 0xb9,
  bigInt: 0xba,
  registeredSymbol: 0xbb,
  wellKnownSymbol: 0xbc,
  array: 0xbd,
  /** With holes or named properties: length, then keys and values. */
  sparseArray: 0xbe,
  int32Array: 0xbf,
  float64Array: 0xc0,
  object: 0xc1,
  nullPrototypeObject: 0xc2,
  /** An object, then its properties under registered or well-known symbols. */
  objectWithSymbols: 0xc3,
  map: 0xc4,
  set: 0xc5,
  date: 0xc6,
  regExp: 0xc7,
  boxed: 0xc8,
  error: 0xc9,
  domException: 0xca,
  url: 0xcb,
  urlSearchParams: 0xcc,
  headers: 0xcd,
  bytes: 0xce,
  host: 0xcf,
  repeat: 0xd0,
  /** 0xe0-0xef: an object with the keys of that remembered shape. */
  knownShape: 0xe0,
} as const

export function alignBuffer(offset: number): number {
  return Math.ceil(offset / bufferAlignment) * bufferAlignment
}
