import type { LogBatch, LogLine } from './log-line.ts'

type Timed = { readonly source: string; readonly line: LogLine; readonly atMs: number }

/** All lines in order of time. Those of one source keep their order: one without a time, or with an earlier one, has that of the line before. */
export function mergeByTime(batches: readonly LogBatch[]): readonly Timed[] {
  const latest = new Map<string, number>()
  const timed: Timed[] = []
  for (const { source, lines } of batches) {
    for (const line of lines) {
      const atMs = Math.max(latest.get(source) ?? Number.NEGATIVE_INFINITY, line.atMs ?? Number.NEGATIVE_INFINITY)
      latest.set(source, atMs)
      timed.push({ source, line, atMs })
    }
  }
  return timed.sort((one, other) => (one.atMs < other.atMs ? -1 : one.atMs > other.atMs ? 1 : 0))
}
