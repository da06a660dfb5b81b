import { ClusterError } from './errors.ts'

/** Milliseconds, or text such as `'250ms'`, `'10s'`, `'5m'`, `'2h'`, `'1d'`. */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`

const unitsMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/**
 * Returns milliseconds; `fallbackMs` when nothing was given.
 * @throws ClusterError `bad-argument` naming the value, when it is negative or not a duration.
 */
export function resolveDuration(duration: Duration | undefined, fallbackMs: number): number {
  if (duration === undefined) return fallbackMs
  const ms = typeof duration === 'number' ? duration : parseMs(duration)
  if (!(ms >= 0))
    throw new ClusterError('bad-argument', `a duration must be milliseconds or text such as '10s', got ${JSON.stringify(duration)}`)
  return ms
}

function parseMs(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text)
  if (!match) return Number.NaN
  return Number(match[1]) * unitsMs[match[2] as keyof typeof unitsMs] // the pattern allows only these units
}
