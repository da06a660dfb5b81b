import type { Context } from '../context.ts'
import { durationText } from './amounts.ts'

const intervalMs = 500

/** Shows at a terminal that something goes on, and for how long. */
export async function sayMeanwhile<T>(
  { live, terminal }: Pick<Context, 'live' | 'terminal'>,
  what: string,
  work: () => Promise<T>,
): Promise<T> {
  if (!live.isLive || terminal.isJson) return work()
  const startedMs = performance.now()
  const draw = () => live.show([`${what} … ${durationText(performance.now() - startedMs)}`])
  const timer = setInterval(draw, intervalMs)
  draw()
  try {
    return await work()
  } finally {
    clearInterval(timer)
    live.clear()
  }
}
