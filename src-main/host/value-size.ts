/** Deeper than any message of ours, and far from the end of the stack of whoever walks it. */
const maxDepth = 64

export type ValueSize = { readonly kind: 'fits' } | { readonly kind: 'too-large' } | { readonly kind: 'too-deep' }

/** Whether a value is about as small as `maxBytes` of JSON, and not too deep to be walked. Stops looking where it is not. */
export function measureValue(value: unknown, maxBytes: number): ValueSize {
  let bytes = 0
  const waiting: { readonly value: unknown; readonly depth: number }[] = [{ value, depth: 0 }]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    bytes += typeof next.value === 'string' ? next.value.length + 2 : 4
    if (bytes > maxBytes) return { kind: 'too-large' }
    if (typeof next.value !== 'object' || next.value === null) continue
    if (next.depth >= maxDepth) return { kind: 'too-deep' }
    for (const [key, item] of Object.entries(next.value)) {
      if (!Array.isArray(next.value)) bytes += key.length + 3
      waiting.push({ value: item, depth: next.depth + 1 })
    }
  }
  return bytes > maxBytes ? { kind: 'too-large' } : { kind: 'fits' }
}
