const minuteMs = 60_000
export const fewestMinutes = 1
export const mostMinutes = 1_440

/** As it stands in the field. */
export const minutesText = (ms: number): string => String(Number((ms / minuteMs).toFixed(2)))

/** The milliseconds that a number of minutes is, written with a point or a comma; undefined for what the desktop does not take. */
export function stalledMsOf(text: string): number | undefined {
  const minutes = /^\d+([.,]\d+)?$/.test(text.trim()) ? Number(text.trim().replace(',', '.')) : Number.NaN
  return minutes >= fewestMinutes && minutes <= mostMinutes ? Math.round(minutes * minuteMs) : undefined
}
