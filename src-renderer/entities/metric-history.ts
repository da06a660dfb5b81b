import type { MetricHistory } from '../../runtime/api/metrics.ts'
import { useClusterRead } from '../api/cluster-reads.ts'
import { useNow } from '../ui/use-now.ts'

export const spans = { '15m': 900_000, '1h': 3_600_000, '6h': 21_600_000, '24h': 86_400_000, '7d': 604_800_000 } as const
export type SpanName = keyof typeof spans
export const spanNames = ['15m', '1h', '6h', '24h', '7d'] as const satisfies readonly SpanName[]
export const isSpan = (text: unknown): text is SpanName => typeof text === 'string' && Object.hasOwn(spans, text)

type Wanted = {
  readonly names: readonly string[]
  readonly spanMs: number
  /** @default all that live */
  readonly nodes?: readonly string[]
  readonly points?: number
}

export type ShownHistory = {
  readonly history: MetricHistory | undefined
  readonly fromMs: number
  readonly toMs: number
  readonly error: unknown
}

/** What was measured in the last while, read again as often as a point of it takes. */
export function useMetricHistory(cluster: string, { names, spanMs, nodes, points = 180 }: Wanted): ShownHistory {
  const everyMs = Math.max(2_000, Math.min(60_000, spanMs / points))
  // The end stands still between two reads, so that one answer serves all charts that ask for the same.
  const toMs = Math.ceil(useNow() / everyMs) * everyMs
  const fromMs = toMs - spanMs
  const query = { names: names.join(','), from: fromMs, to: toMs, points, ...(nodes && { nodes: nodes.join(',') }) }
  const { data, error } = useClusterRead(cluster, { route: 'getMetricHistory', query }, { keepMs: 10_000 }) // the next one asks for a later span
  return { history: data?.body as unknown as MetricHistory | undefined, fromMs, toMs, error } // parsed by the host by the schema of the route
}

/** Nodes tell every few seconds, and later when they are busy: only what is missing for longer is a gap. */
const toldEveryMs = 10_000
export const gapOf = (history: MetricHistory | undefined): number | undefined =>
  history === undefined ? undefined : Math.max(history.stepMs, toldEveryMs)

type LineOf = { readonly label: string; readonly points: readonly (readonly [number, number | null])[] }

/** The means of the figures, a line for each node or part of a node. `figures` gives each its word, `labelOf` a node its name. */
export function linesOf(
  history: MetricHistory | undefined,
  figures: Readonly<Record<string, string>>,
  labelOf: (nodeId: string) => string,
): readonly LineOf[] {
  return Object.entries(figures).flatMap(([figure, word]) =>
    (history?.series ?? [])
      .filter(({ name }) => name === figure)
      .map(({ nodeId, labels, points }) => ({
        label: [labelOf(nodeId), word, ...Object.values(labels)].filter((text) => text !== '').join(' '),
        points: points.map(([atMs, , mean]) => [atMs, mean] as const),
      })),
  )
}
