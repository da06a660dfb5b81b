const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']

/** `1.5 GiB`; nothing for what is not known. */
export function sizeText(bytes: number | null): string {
  if (bytes === null) return ''
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10))
  const amount = bytes / 1_024 ** power
  return `${amount < 10 && power > 0 ? amount.toFixed(1) : Math.round(amount)} ${units[power]}`
}

/** `0.4 s`, `12 s`, `3 min 5 s`, `2 h 10 min`, `4 d 3 h`. */
export function durationText(ms: number): string {
  if (ms < 10_000) return `${(Math.max(0, ms) / 1_000).toFixed(1)} s`
  const seconds = Math.round(ms / 1_000)
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3_600) return twoUnits(seconds, [60, 'min', 1, 's'])
  if (seconds < 86_400) return twoUnits(seconds, [3_600, 'h', 60, 'min'])
  return twoUnits(seconds, [86_400, 'd', 3_600, 'h'])
}

function twoUnits(seconds: number, [large, largeName, small, smallName]: readonly [number, string, number, string]): string {
  const rest = Math.floor((seconds % large) / small)
  return `${Math.floor(seconds / large)} ${largeName}${rest > 0 ? ` ${rest} ${smallName}` : ''}`
}

/** `3 machines`, `1 machine`. */
export const countText = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`

/** The first of them, and how many more there are. */
export function namesText(names: readonly string[], atMost = 8): string {
  const more = names.length - atMost
  return more <= 0 ? names.join(', ') : `${names.slice(0, atMost).join(', ')} and ${more} more`
}
