import { setTimeout as sleep } from 'node:timers/promises'
import { type Answer, type Settings, summarize } from '../settings.ts'
import type { Calls, OurRow, Pause } from './row-types.ts'

/** Measures one row as Ray's benchmark does (Ray: ray_microbenchmark_helpers.py). */
export async function measureRow(row: OurRow, settings: Settings, pause: Pause): Promise<Answer> {
  if ('sample' in row) {
    const samples: number[] = []
    for (let count = 0; count < settings.samples; count += 1) samples.push(await row.sample(settings.scale, pause))
    return summarize(samples)
  }
  const calls = await row.prepare(settings.scale)
  try {
    const before = calls.reference?.()
    const summary = summarize(await measureRounds(calls, settings, pause))
    return before === undefined || !calls.reference ? summary : { ...summary, reference: (before + calls.reference()) / 2 }
  } finally {
    await calls.end?.()
  }
}

/** Rates of the rounds, each in steps of a tenth of what the warm-up managed. */
async function measureRounds({ call, counts }: Calls, settings: Settings, pause: Pause): Promise<number[]> {
  await sleep(settings.pauseS * 1_000)
  const warmUpMs = settings.warmUpS * 1_000
  const startMs = performance.now()
  let warmUpCount = 0
  for (; performance.now() - startMs < warmUpMs; warmUpCount += 1) await call()
  const step = Math.floor(warmUpCount / 10) + 1
  const rates: number[] = []
  for (let round = 0; round < settings.rounds; round += 1) {
    await pause()
    rates.push(counts * (await measureRound(call, step, settings.roundS * 1_000)))
  }
  return rates
}

/** Calls per second of one round. */
async function measureRound(call: () => Promise<unknown>, step: number, leastMs: number): Promise<number> {
  const startMs = performance.now()
  let count = 0
  while (performance.now() - startMs < leastMs) {
    for (let index = 0; index < step; index += 1) await call()
    count += step
  }
  return (count * 1_000) / (performance.now() - startMs)
}
