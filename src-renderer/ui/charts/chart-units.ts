/** Those of the figures a cluster keeps. `percent` is 100 for all of it, or for one core. */
export type ChartUnit = 'percent' | 'bytes' | 'bytes/s' | '1/s' | 'count' | 'milliwatts' | 'celsius' | 'load'

/** What is needed of the page's formats. */
export type ValueWords = {
  number(value: number): string
  bytes(value: number): string
  rate(bytesPerSecond: number): string
  percent(part: number): string
}

/** A value with its unit, for people. */
export function valueText(unit: ChartUnit, value: number, words: ValueWords): string {
  switch (unit) {
    case 'percent':
      return words.percent(value / 100)
    case 'bytes':
      return words.bytes(value)
    case 'bytes/s':
      return words.rate(value)
    case '1/s':
      return `${plain(value, words)}/s`
    case 'milliwatts':
      return Math.abs(value) >= 1e6 ? `${plain(rounded(value / 1e6), words)} kW` : `${plain(rounded(value / 1_000), words)} W`
    case 'celsius':
      return `${plain(rounded(value), words)} °C`
    case 'count':
    case 'load':
      return plain(value, words)
    default:
      return unit satisfies never
  }
}

const rounded = (value: number) => Math.round(value * 10) / 10

// What has two digits behind the point would be "0" below a hundredth.
const plain = (value: number, words: ValueWords): string =>
  value !== 0 && Math.abs(value) < 0.01 ? String(Number(value.toPrecision(2))) : words.number(value)

export type ValueAxis = { readonly min: number; readonly max: number; readonly marks: readonly number[] }

export type AxisRequest = {
  readonly unit: ChartUnit
  /** Of what is drawn; null for nothing. */
  readonly range: readonly [min: number, max: number] | null
  /** What is full. Values beyond are shown all the same. */
  readonly yMax?: number | undefined
  /** Spaces between marks, at most. */
  readonly spaces: number
}

/** Round ends and marks between them, so that an axis changes rarely while figures come in. */
export function axisOf({ unit, range, yMax, spaces }: AxisRequest): ValueAxis {
  const [least, most] = range ?? [0, 0]
  const full = yMax ?? (unit === 'percent' ? 100 : undefined)
  const low = Math.min(0, least)
  const high = Math.max(full ?? 0, most, low)
  if (high === low) return { min: low, max: low + 1, marks: [low, low + 1] }
  const step = stepFor(unit, (high - low) / Math.max(1, spaces))
  const min = Math.floor(low / step) * step
  const isFull = full !== undefined && most <= full
  const max = isFull ? full : Math.ceil(high / step) * step
  const marks: number[] = []
  for (let mark = 0; min + mark * step <= max + step / 1e6; mark++) marks.push(min + mark * step)
  return { min, max, marks }
}

/** The least round step that is not below the one asked for. */
function stepFor(unit: ChartUnit, least: number): number {
  if (unit === 'bytes' || unit === 'bytes/s') return Math.max(1, 2 ** Math.ceil(Math.log2(least)))
  const decade = 10 ** Math.floor(Math.log10(least))
  const rounds = unit === 'percent' ? [1, 2.5, 5, 10] : [1, 2, 5, 10]
  return decade * (rounds.find((round) => decade * round >= least * (1 - 1e-9)) ?? 10)
}
