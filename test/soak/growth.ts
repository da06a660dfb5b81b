/** One reading. `life` names what was read: a process that was started anew is another. */
export type Reading = { readonly atMs: number; readonly value: number; readonly life: string }

export type Growth = {
  readonly first: number
  readonly last: number
  readonly most: number
  /** Over what was judged, per hour; NaN where too little was read. */
  readonly perHour: number
  /** The part of it that the time judged saw. */
  readonly inAll: number
  readonly readings: number
}

/** In the first time of its life a program still warms up. */
const warmMs = 100_000
const minuteMs = 60_000

/**
 * The common slope of all lives, each with a level of its own: what a restart takes away hides no growth, and what it begins with is none.
 * Of each minute the least counts, as what comes and goes with the load is no growth. Readings before `fromMs` count for `first` and `most` alone.
 */
export function measureGrowth(readings: readonly Reading[], fromMs: number): Growth {
  const values = readings.map(({ value }) => value)
  const lives = Map.groupBy(readings, ({ life }) => life)
  let [sumTimeTime, sumTimeValue, count, judgedMs] = [0, 0, 0, 0]
  for (const life of lives.values()) {
    const judged = leastOfMinutes(life, Math.max(fromMs, (life[0]?.atMs ?? 0) + warmMs))
    const [from, to] = [judged[0], judged.at(-1)]
    if (!from || !to || judged.length < 3) continue
    const meanTime = mean(judged.map(({ atMs }) => atMs))
    const meanValue = mean(judged.map(({ value }) => value))
    for (const { atMs, value } of judged) {
      sumTimeTime += (atMs - meanTime) ** 2
      sumTimeValue += (atMs - meanTime) * (value - meanValue)
    }
    count += judged.length
    judgedMs += to.atMs - from.atMs
  }
  const perMs = sumTimeTime > 0 ? sumTimeValue / sumTimeTime : Number.NaN
  return {
    first: values[0] ?? Number.NaN,
    last: values.at(-1) ?? Number.NaN,
    most: Math.max(...values),
    perHour: perMs * 3_600_000,
    inAll: perMs * judgedMs,
    readings: count,
  }
}

function leastOfMinutes(life: readonly Reading[], fromMs: number): Reading[] {
  const minutes = Map.groupBy(
    life.filter(({ atMs }) => atMs >= fromMs),
    ({ atMs }) => Math.floor((atMs - fromMs) / minuteMs),
  )
  const most = Math.max(...[...minutes.values()].map(({ length }) => length))
  const whole = [...minutes.values()].filter(({ length }) => 2 * length > most) // in a part of a minute the load may never have been away
  return whole.map((all) => all.reduce((least, reading) => (reading.value < least.value ? reading : least)))
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length

/** What may grow: so much in any case, as no memory is still, and so much an hour. */
export type Allowance = {
  readonly once: number
  readonly perHour: number
  /** Beyond this it is too much however it came. */
  readonly atMost?: number
  /** So much more than before the first job may be there after the last. */
  readonly atRest?: number
}

/** Is it more than allowed? Where too little was read to tell, it is not. */
export const growsTooMuch = ({ inAll, perHour, most }: Growth, { once, perHour: hourly, atMost = Infinity }: Allowance): boolean => {
  if (most > atMost) return true
  const hours = Number.isFinite(perHour) && perHour !== 0 ? inAll / perHour : 0
  return inAll > once + hourly * hours
}
