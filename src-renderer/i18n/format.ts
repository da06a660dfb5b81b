import { useMemo } from 'react'
import { type Language } from './language.ts'
import { useLanguage } from './use-language.ts'

export type Format = {
  number(value: number): string
  /** 1.5 GiB */
  bytes(value: number): string
  /** Bytes for each second. */
  rate(bytesPerSecond: number): string
  /** 350 ms, 12.4 s, 3 min 20 s, 2 h 5 min, 3 d 4 h */
  duration(ms: number): string
  /** Of a part from 0 to 1. */
  percent(part: number): string
  /** Date, time to the second and zone, of ms since 1970. */
  time(atMs: number): string
  /** The time of day to the millisecond. */
  clock(atMs: number): string
  /** "5 s ago". */
  relative(atMs: number, nowMs?: number): string
}

export function useFormat(): Format {
  const language = useLanguage()
  return useMemo(() => formatOf(language), [language])
}

const kept = new Map<Language, Format>()

export function formatOf(language: Language): Format {
  const known = kept.get(language)
  if (known !== undefined) return known
  const made = createFormat(language)
  kept.set(language, made)
  return made
}

/** What a date can hold; a head may say anything. */
const isTime = (atMs: number) => Math.abs(atMs) <= 8.64e15

const byteUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const
const relativeSteps = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1_000],
] as const

function createFormat(language: Language): Format {
  const whole = new Intl.NumberFormat(language, { maximumFractionDigits: 2 })
  const short = new Intl.NumberFormat(language, { maximumFractionDigits: 1 })
  const part = new Intl.NumberFormat(language, { style: 'percent', maximumFractionDigits: 0 })
  const time = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'long' })
  const clock = new Intl.DateTimeFormat(language, {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    fractionalSecondDigits: 3,
    hourCycle: 'h23',
  })
  const relative = new Intl.RelativeTimeFormat(language, { numeric: 'auto', style: 'short' })
  const units = new Map<string, Intl.NumberFormat>() // to make one takes longer than a thousand uses
  const unit = (value: number, name: string, digits = 0) => {
    const known = units.get(name + digits)
    if (known !== undefined) return known.format(value)
    const made = new Intl.NumberFormat(language, { style: 'unit', unit: name, unitDisplay: 'short', maximumFractionDigits: digits })
    units.set(name + digits, made)
    return made.format(value)
  }
  const bytes = (value: number) => {
    const step = Math.min(byteUnits.length - 1, value < 1 ? 0 : Math.floor(Math.log2(Math.abs(value)) / 10))
    return `${short.format(value / 1_024 ** step)} ${byteUnits[step]}`
  }
  return {
    number: (value) => whole.format(value),
    bytes,
    rate: (value) => `${bytes(value)}/s`,
    duration(ms) {
      if (!Number.isFinite(ms)) return '–'
      if (ms < 1_000) return unit(Math.max(0, Math.round(ms)), 'millisecond')
      if (ms < 60_000) return unit(ms / 1_000, 'second', 1)
      const [minutes, hours, days] = [Math.floor(ms / 60_000), Math.floor(ms / 3_600_000), Math.floor(ms / 86_400_000)]
      if (hours < 1) return `${unit(minutes, 'minute')} ${unit(Math.floor((ms % 60_000) / 1_000), 'second')}`
      if (days < 1) return `${unit(hours, 'hour')} ${unit(minutes % 60, 'minute')}`
      return `${unit(days, 'day')} ${unit(hours % 24, 'hour')}`
    },
    percent: (value) => part.format(value),
    time: (atMs) => (isTime(atMs) ? time.format(atMs) : '–'),
    clock: (atMs) => (isTime(atMs) ? clock.format(atMs) : '–'),
    relative(atMs, nowMs = Date.now()) {
      const distance = atMs - nowMs
      const [name, size] = relativeSteps.find(([, stepMs]) => Math.abs(distance) >= stepMs) ?? (['second', 1_000] as const)
      return relative.format(Math.trunc(distance / size), name)
    },
  }
}
