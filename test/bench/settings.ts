/** How long a row is measured. Both sides follow the same. */
export type Settings = {
  /** Quiet before a row, so that what the row before it left behind has ended. */
  readonly pauseS: number
  readonly warmUpS: number
  readonly rounds: number
  /** Least length of a round. */
  readonly roundS: number
  /** For rows whose run is one sample. */
  readonly samples: number
  /** Of the big counts inside a row: 1, or less for a look that proves nothing but that it works. */
  readonly scale: number
}

/** Ray's method (Ray: ray_microbenchmark_helpers.py), but for the pause, which is 10 s there. */
export const fullSettings: Settings = { pauseS: 1, warmUpS: 1, rounds: 4, roundS: 2, samples: 3, scale: 1 }
export const quickSettings: Settings = { pauseS: 0, warmUpS: 0.2, rounds: 2, roundS: 0.3, samples: 1, scale: 0.1 }

/** What a side is asked for, and what it answers; a line of JSON each. */
export type Request = { readonly row: string; readonly settings: Settings }
export type Answer =
  | { readonly mean: number; readonly sd: number /** What the budget is a share of, where it is. */; readonly reference?: number }
  | { readonly error: string }

/** First line of a side: it takes requests from now on. */
export type Ready = { readonly ready: true; readonly version: string /** Of init(). */; readonly startS: number }

/** A count of a row at this scale. */
export const scaled = (count: number, scale: number): number => Math.max(1, Math.floor(count * scale))

/** Mean and deviation of samples, as numpy gives them: the deviation of these samples, not an estimate of others. */
export function summarize(samples: readonly number[]): { mean: number; sd: number } {
  const mean = samples.reduce((sum, sample) => sum + sample, 0) / samples.length
  const sd = Math.sqrt(samples.reduce((sum, sample) => sum + (sample - mean) ** 2, 0) / samples.length)
  return { mean, sd }
}
