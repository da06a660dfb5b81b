/** A growth per second. Counters start over when a device comes back: that counts as no growth. */
export function perSecond(before: number | undefined, now: number, seconds: number): number {
  if (before === undefined || seconds <= 0 || now < before) return 0
  return (now - before) / seconds
}

/** The share of `busy` in `total` since before, 0..100. */
export function percentSince(before: { busy: number; total: number } | undefined, now: { busy: number; total: number }): number {
  const total = now.total - (before?.total ?? 0)
  if (total <= 0) return 0
  const busy = Math.max(0, now.busy - (before?.busy ?? 0))
  return Math.min(100, (busy / total) * 100)
}

/** Two digits are enough for people, and short on the wire. */
export const rounded = (value: number): number => Math.round(value * 100) / 100
