import { numberIn, type Row, textIn } from '../../api/rows.ts'

/** What one process holds of one place, as it is now. */
export type Holding = {
  readonly place: string
  readonly worker: string
  readonly bytes: number
  readonly count: number
  readonly oldestMs: number
}
export type Suspect = Holding & { readonly grownBytes: number; readonly watchedMs: number }

const keyOf = ({ place, worker }: Pick<Holding, 'place' | 'worker'>) => `${worker} ${place}`

/** References gathered by who holds them and where they were made. */
export function gatherHoldings(rows: readonly Row[]): ReadonlyMap<string, Holding> {
  const holdings = new Map<string, Holding>()
  for (const row of rows) {
    const place = textIn(row, 'call_site') ?? ''
    const worker = textIn(row, 'worker_id') ?? ''
    const key = keyOf({ place, worker })
    const before = holdings.get(key) ?? { place, worker, bytes: 0, count: 0, oldestMs: 0 }
    holdings.set(key, {
      ...before,
      bytes: before.bytes + Math.max(0, numberIn(row, 'object_size') ?? 0),
      count: before.count + 1,
      oldestMs: Math.max(before.oldestMs, numberIn(row, 'age_ms') ?? 0),
    })
  }
  return holdings
}

const oldMs = 600_000
const largeBytes = 16 * 1_048_576
const grownPart = 0.25

/**
 * What may be a leak: held for ten minutes and large, or grown by a quarter and 16 MiB since it was first looked at. The largest first. A
 * program may mean it so; that is why they are suspects.
 */
export function findSuspects(
  now: ReadonlyMap<string, Holding>,
  before: ReadonlyMap<string, Holding>,
  watchedMs: number,
): readonly Suspect[] {
  return [...now.values()]
    .map((holding) => ({ ...holding, grownBytes: holding.bytes - (before.get(keyOf(holding))?.bytes ?? holding.bytes), watchedMs }))
    .filter(({ bytes, oldestMs, grownBytes }) => {
      const isOld = oldestMs >= oldMs && bytes >= largeBytes
      return isOld || (grownBytes >= largeBytes && grownBytes >= grownPart * (bytes - grownBytes))
    })
    .toSorted((one, other) => other.bytes - one.bytes)
    .slice(0, 50)
}
