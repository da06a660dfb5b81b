import * as z from 'zod'

/** What -1 becomes where Ray puts it through an unsigned 64-bit field. */
const minusOne = '18446744073709551615'

/** A whole number that Ray may send as text, as it does with 64-bit ones; 2^64-1 means -1. */
export const Int64 = z.preprocess((value) => {
  if (value === minusOne || (typeof value === 'number' && value >= 2 ** 64)) return -1
  return typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value
}, z.number().int())

/** A number that Ray may send as text. */
export const Float = z.preprocess((value) => (typeof value === 'string' && value.trim() !== '' ? Number(value) : value), z.number())

/** Amounts by name: resources. */
export const Amounts = z.record(z.string(), z.number())
export const AnyRecord = z.record(z.string(), z.unknown())
