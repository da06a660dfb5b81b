/**
 * Returns a copy of plain data in which every byte field has memory of its own. Fields of a message from a link are views on what the
 * socket read at a time: keeping one of them for long would keep all of that.
 */
export function ownBytes<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value
  // Each branch returns the same shape that came in.
  if (value instanceof Uint8Array) return new Uint8Array(value) as unknown as T
  if (Array.isArray(value)) return value.map(ownBytes) as unknown as T
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, ownBytes(field)])) as T
}
