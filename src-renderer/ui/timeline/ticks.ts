import { type TimeSpan } from './view-window.ts'

export type Tick = { readonly atMs: number; readonly label: string; readonly isMajor: boolean }

const second = 1_000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour

const steps = [
  ...[0.001, 0.01, 0.1, 1, 10, 100].flatMap((ten) => [ten, ten * 2, ten * 5]),
  ...[1, 2, 5, 10, 15, 30].map((count) => count * second),
  ...[1, 2, 5, 10, 15, 30].map((count) => count * minute),
  ...[1, 2, 3, 6, 12].map((count) => count * hour),
  ...[1, 2, 7, 14, 28, 91, 364].map((count) => count * day),
]

/** The smallest usual step that leaves each label its room. */
export const stepFor = (msPerPx: number, labelPx: number): number => steps.find((step) => step / msPerPx >= labelPx) ?? 3_640 * day

/** Round times of the local clock. A midnight is major, and says which day begins. `dayOf` names a day. */
export function clockTicks({ fromMs, toMs }: TimeSpan, stepMs: number, dayOf: (atMs: number) => string): Tick[] {
  return roundTimes({ fromMs, toMs }, stepMs, localOffsetMs(fromMs)).map((atMs) => {
    const isMidnight = isSameMs((atMs + localOffsetMs(atMs)) % day, 0, stepMs)
    return { atMs, label: isMidnight ? dayOf(atMs) : clockLabel(atMs, stepMs), isMajor: isMidnight && stepMs < day }
  })
}

/** Round times since the origin. */
export function offsetTicks({ fromMs, toMs }: TimeSpan, stepMs: number, originMs: number): Tick[] {
  const times = roundTimes({ fromMs, toMs }, stepMs, -originMs)
  return times.map((atMs) => ({ atMs, label: offsetLabel(atMs - originMs, stepMs), isMajor: isSameMs(atMs, originMs, stepMs) }))
}

/** How long since the origin: +350 µs, +12.5 ms, +1.2 s, +1:05, +2:03:00, +3 d 04:00; only as exact as the step. */
export function offsetLabel(offsetMs: number, stepMs: number): string {
  const round = Math.round(offsetMs / stepMs) * stepMs
  if (isSameMs(round, 0, stepMs)) return '0'
  const sign = round < 0 ? '−' : '+'
  const ms = Math.abs(round)
  if (stepMs < 1 && ms < 1) return `${sign}${figure(ms * 1_000, stepMs * 1_000)} µs`
  if (stepMs < second && ms < second) return `${sign}${figure(ms, stepMs)} ms`
  if (ms < minute) return `${sign}${figure(ms / second, stepMs / second)} s`
  const [days, hours, minutes] = [Math.floor(ms / day), Math.floor((ms % day) / hour), Math.floor((ms % hour) / minute)]
  const rest = (ms % minute) / second
  const seconds = stepMs < minute ? `:${padFigure(rest, stepMs / second)}` : ''
  if (days > 0) return `${sign}${days} d ${pad(hours)}:${pad(minutes)}${seconds}`
  if (hours > 0) return `${sign}${hours}:${pad(minutes)}${seconds || ':00'}`
  return `${sign}${minutes}${seconds || ':00'}`
}

function clockLabel(atMs: number, stepMs: number): string {
  const local = atMs + localOffsetMs(atMs)
  const ofDay = ((local % day) + day) % day
  const clock = `${pad(Math.floor(ofDay / hour))}:${pad(Math.floor((ofDay % hour) / minute))}`
  if (stepMs >= minute) return clock
  return `${stepMs < 1 ? '' : `${clock}:`}${padFigure((ofDay % minute) / second, stepMs / second)}`
}

/** Multiples of the step, when the clock is ahead by `aheadMs`. */
function roundTimes({ fromMs, toMs }: TimeSpan, stepMs: number, aheadMs: number): number[] {
  const first = Math.ceil((fromMs + aheadMs) / stepMs)
  const last = Math.floor((toMs + aheadMs) / stepMs)
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => (first + index) * stepMs - aheadMs)
}

const localOffsetMs = (atMs: number): number => -new Date(atMs).getTimezoneOffset() * minute
const isSameMs = (one: number, other: number, stepMs: number): boolean => Math.abs(one - other) < stepMs / 4
const pad = (value: number): string => String(value).padStart(2, '0')
const digitsOf = (step: number): number => Math.max(0, Math.ceil(-Math.log10(step) - 1e-9))
/** No more digits than the step has. */
const figure = (value: number, step: number): string => value.toFixed(digitsOf(step))

function padFigure(value: number, step: number): string {
  const digits = digitsOf(step)
  return value.toFixed(digits).padStart(digits === 0 ? 2 : digits + 3, '0')
}
