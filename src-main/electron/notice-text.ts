import type { Notice } from './core/news.ts'
import type { Words } from './words.ts'

export function titleOf(notice: Notice, words: Words, nowMs: number): string {
  switch (notice.kind) {
    case 'job-stalled':
      return words['notice.job-stalled'](Math.max(1, Math.round((nowMs - (notice.sinceMs ?? nowMs)) / 60_000)))
    case 'node-died':
      return words['notice.node-died'](notice.title)
    case 'job-succeeded':
    case 'job-failed':
    case 'job-stopped':
    case 'operation-done':
    case 'operation-failed':
      return words[`notice.${notice.kind}`]
  }
}

/** What it was, where, and what it said of itself. */
export function bodyOf(notice: Notice, clusterName: string): string {
  const what = notice.kind === 'node-died' ? '' : notice.title
  const where = notice.kind.startsWith('operation-') || clusterName === '' ? '' : clusterName
  return [[where, what].filter((text) => text !== '').join(': '), notice.message].filter((text) => text !== '').join('\n')
}

/** The page that a click leads to. */
export function pageOf({ kind, clusterId, id }: Pick<Notice, 'kind' | 'clusterId' | 'id'>): string {
  const segment = encodeURIComponent(id)
  if (kind === 'operation-done' || kind === 'operation-failed' || clusterId === null) return `/operations/${segment}`
  return `/c/${encodeURIComponent(clusterId)}/${kind === 'node-died' ? 'nodes' : 'jobs'}/${segment}`
}
