const dayMs = 86_400_000

const kept = new Map<string, Intl.DateTimeFormat>()

function formatOf(language: string, name: keyof typeof shapes): Intl.DateTimeFormat {
  const key = `${language} ${name}`
  const known = kept.get(key)
  if (known !== undefined) return known
  const made = new Intl.DateTimeFormat(language, shapes[name])
  kept.set(key, made)
  return made
}

const shapes = {
  day: { month: 'short', day: 'numeric' },
  minute: { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' },
  second: { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' },
  daySecond: { month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' },
} as const satisfies Record<string, Intl.DateTimeFormatOptions>

/** What stands below the marks of a time axis: no finer than their distance, and the day where one begins. */
export function timeLabels(marksMs: readonly number[], language: string): string[] {
  const distance = (marksMs[1] ?? 0) - (marksMs[0] ?? 0)
  const name = distance <= 0 || distance >= 60_000 ? 'minute' : 'second'
  return marksMs.map((atMs) => formatOf(language, distance >= dayMs || isMidnight(atMs) ? 'day' : name).format(atMs))
}

function isMidnight(atMs: number): boolean {
  const date = new Date(atMs)
  return date.getHours() === 0 && date.getMinutes() === 0 && date.getSeconds() === 0
}

/** The time of one point: with its day where the chart shows more than one. */
export function pointTime(atMs: number, spanMs: number, language: string): string {
  return formatOf(language, spanMs >= dayMs ? 'daySecond' : 'second').format(atMs)
}
