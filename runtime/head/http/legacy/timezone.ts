/** Where the head stands, as Ray tells it: the offset now, and a zone of that offset. */
export function currentTimezone(now: Date): { readonly offset: string; readonly value: string } {
  const minutes = -now.getTimezoneOffset()
  const size = Math.abs(minutes)
  const digits = (amount: number) => String(amount).padStart(2, '0')
  const offset = `${minutes < 0 ? '-' : '+'}${digits(Math.floor(size / 60))}:${digits(size % 60)}`
  return { offset, value: Intl.DateTimeFormat().resolvedOptions().timeZone }
}
