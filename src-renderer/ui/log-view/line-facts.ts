import type { LogLevel } from './log-line.ts'

const head = 120
const startTime = /^\[?(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,](\d{1,9}))?(Z|[+-]\d\d:?\d\d)?/
const levelWord = /\b(?:(TRACE|DEBUG)|(INFO|NOTICE)|(WARN|WARNING)|(ERROR|CRITICAL|FATAL|PANIC))\b/
const jsonLevel = /"(?:level|severity|levelname)" ?: ?"(?:(trace|debug)|(info|notice)|(warn|warning)|(error|critical|fatal|panic))"/i
const errorStart = /^(?:Uncaught )?(?:Traceback \(|[\w.]{0,60}(?:Error|Exception)\b)/
const levels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error']

export type LineFacts = { readonly atMs: number | null; readonly level: LogLevel | null }
export const noFacts: LineFacts = { atMs: null, level: null }

/**
 * What a line of plain text tells of itself: an ISO time at its start, and a level in capitals near it or in a field of JSON. Where it tells
 * no time it has `arrivalMs`, or that of the line before it. One that is indented goes on from the line before it, as stack traces do.
 */
export function factsOfText(text: string, before: LineFacts, arrivalMs: number | null): LineFacts {
  const otherMs = arrivalMs ?? before.atMs
  if (text.startsWith(' ') || text.startsWith('\t')) return { atMs: otherMs, level: before.level }
  const isJson = text.startsWith('{')
  const start = text.slice(0, isJson ? 2_048 : head)
  const found = isJson ? jsonLevel.exec(start) : levelWord.exec(start)
  const at = found?.slice(1).findIndex((word) => word !== undefined) ?? -1
  return { atMs: timeOf(start) ?? otherMs, level: levels[at] ?? (errorStart.test(start) ? 'error' : null) }
}

/** Without a zone it is taken to be in this one. */
function timeOf(start: string): number | null {
  const first = start.charCodeAt(0)
  if (first !== 0x5b && (first < 0x30 || first > 0x39)) return null
  const [, day, time, fraction, zone = ''] = startTime.exec(start) ?? []
  if (day === undefined) return null
  const atMs = Date.parse(`${day}T${time}.${(fraction ?? '').slice(0, 3).padEnd(3, '0')}${zone.replace(/(\d\d)(\d\d)$/, '$1:$2')}`)
  return Number.isNaN(atMs) ? null : atMs
}
