import type { WatchView } from './panel-watch.ts'
import type { Words } from './words.ts'

type ClusterView = Omit<WatchView['clusters'][number], 'id'>

/** Such as `lab — connected, 3 jobs run`. */
export function clusterLine({ name, state, runningJobs }: ClusterView, words: Words): string {
  const jobs = runningJobs > 0 ? `, ${words.runningJobs(runningJobs)}` : ''
  return `${name} — ${words[`link.${state}`]}${jobs}`
}

/** Short: Windows shows 127 characters. */
export function trayTip({ clusters, operations }: WatchView, words: Words): string {
  const jobs = clusters.reduce((sum, { runningJobs }) => sum + runningJobs, 0)
  const lines = clusters.slice(0, 3).map((cluster) => clusterLine(cluster, words).slice(0, 36))
  const counts = [jobs > 0 ? words.runningJobs(jobs) : '', operations.length > 0 ? words.runningOperations(operations.length) : '']
  return [words.app, ...(clusters.length > 3 ? counts.filter((text) => text !== '') : lines)].join('\n').slice(0, 127)
}
