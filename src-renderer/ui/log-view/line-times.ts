/** How long after the start, to the millisecond: `+1:02:03.456`. */
export function sinceStart(atMs: number, startMs: number): string {
  const ms = Math.abs(Math.round(atMs - startMs))
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0')
  const clock = `${Math.floor(ms / 3_600_000)}:${two((ms / 60_000) % 60)}:${two((ms / 1_000) % 60)}.${String(ms % 1_000).padStart(3, '0')}`
  return `${atMs < startMs ? '-' : '+'}${clock}`
}
