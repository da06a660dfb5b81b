import type { Finding } from '../contract/machines.ts'

type Words = Pick<Finding, 'detail' | 'remedy' | 'command'>

export const ok = (id: string, title: string, detail: string): Finding => ({ id, level: 'ok', title, detail, remedy: '' })
export const warning = (id: string, title: string, words: Words): Finding => ({
  id,
  level: 'warning',
  title,
  ...words,
})
export const blocker = (id: string, title: string, words: Words): Finding => ({
  id,
  level: 'blocker',
  title,
  ...words,
})

/** `1.5 GB`, as disks and ps say it. */
export function bytes(count: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']
  let [value, unit] = [count, 0]
  while (value >= 1_000 && unit < units.length - 1) [value, unit] = [value / 1_000, unit + 1]
  return `${value >= 100 || unit === 0 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`
}

/** `2 h`, `45 s`; without sign. */
export function duration(ms: number): string {
  const seconds = Math.abs(ms) / 1_000
  if (seconds < 120) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`
  return seconds < 7_200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3_600)} h`
}

/** How the folder of a machine is moved, with a place that fits. */
export const otherFolder = ({ user, hostname }: { user: string; hostname: string }): string =>
  `set another folder for this machine, such as /var/tmp/shoal-${user} (shoal machine set ${hostname} --folder /var/tmp/shoal-${user})`
