import type { MetricHistory, MetricSeries } from '../../api/metrics.ts'
import { mergeTriples, type Bucket, unpackBucket } from './bucket.ts'
import type { MetricsStore, Tier } from './metrics-store.ts'
import type { RecentSamples } from './recent.ts'
import { describePart, nodeSeries } from './series.ts'

export type HistoryQuery = {
  readonly names: readonly string[]
  readonly nodeIds: readonly string[]
  readonly fromMs: number
  readonly toMs: number
  /** At most so many on a line. */
  readonly points: number
}

export type HistorySources = {
  readonly store: MetricsStore
  readonly recent: ReadonlyMap<string, RecentSamples>
  readonly tiers: readonly Tier[]
}

type Sample = { readonly atMs: number; readonly bucket: Bucket }

/** Points of one answer, over all lines. */
const mostPoints = 500_000
const shortestStepMs = 1_000
/** Then others get their turn. */
const longestTurnMs = 10

/** The coarsest tier that is fine enough for the line answers; where it has not got to yet, finer ones and memory do. */
export async function historyOf(sources: HistorySources, query: HistoryQuery): Promise<MetricHistory> {
  const { fromMs, toMs, names, nodeIds } = query
  const stepMs = Math.max(shortestStepMs, Math.ceil((toMs - fromMs) / Math.max(1, query.points)))
  const wanted = new Set(names)
  const withParts = names.some((name) => !nodeSeries.some((each) => each.name === name))
  const series: MetricSeries[] = []
  let points = 0
  let leftOut = 0
  let turnMs = performance.now()
  for (const nodeId of nodeIds) {
    if (performance.now() - turnMs > longestTurnMs) {
      await new Promise<void>((resolve) => void setImmediate(resolve))
      turnMs = performance.now()
    }
    const samples = samplesOf(sources, nodeId, { fromMs, toMs, stepMs, withParts })
    for (const line of linesOf(nodeId, samples, { wanted, fromMs, stepMs })) {
      points += line.points.length
      if (points > mostPoints) leftOut += 1
      else series.push(line)
    }
  }
  return { fromMs, toMs, stepMs, series, leftOut }
}

type Range = { readonly fromMs: number; readonly toMs: number }

/** The tier whose steps fit the line's; before what it still has a coarser one answers, behind what it has yet the finer ones, then memory. */
function samplesOf(
  { store, recent, tiers }: HistorySources,
  nodeId: string,
  range: Range & { stepMs: number; withParts: boolean },
): Sample[] {
  const { fromMs, toMs, stepMs, withParts } = range
  const inMemory = recent.get(nodeId)
  if (inMemory !== undefined && inMemory.oldestMs <= fromMs && stepMs < (tiers[0]?.stepMs ?? 0)) return inMemory.between(fromMs, toMs)
  const fitting = Math.max(
    0,
    tiers.findLastIndex((tier) => tier.stepMs <= stepMs),
  )
  const read = (tier: Tier, { fromMs: start, toMs: end }: Range): Sample[] =>
    store
      .read(tier.stepMs, nodeId, { fromMs: start, toMs: end })
      .map(({ atMs, packed }) => ({ atMs, bucket: unpackBucket(packed, withParts) }))
  let samples: Sample[] = []
  let firstMs = toMs
  for (const tier of tiers.slice(fitting)) {
    if (firstMs - fromMs < tier.stepMs) break
    // A bucket that began before and ends in the range is part of it.
    const older = read(tier, { fromMs: fromMs - tier.stepMs + 1, toMs: firstMs })
    samples = [...older, ...samples]
    firstMs = older[0]?.atMs ?? firstMs
  }
  let nextMs = samples.length === 0 ? fromMs : endOf(samples, tiers, fitting)
  for (const tier of tiers.slice(0, fitting).reverse()) {
    const newer = read(tier, { fromMs: nextMs, toMs })
    samples.push(...newer)
    nextMs = (newer.at(-1)?.atMs ?? nextMs - tier.stepMs) + tier.stepMs
  }
  return [...samples, ...(inMemory?.between(nextMs, toMs) ?? [])]
}

/** Where the last bucket ends. It may be of a coarser tier than the fitting one when that has nothing at all: then it reaches further. */
function endOf(samples: readonly Sample[], tiers: readonly Tier[], fitting: number): number {
  return (samples.at(-1)?.atMs ?? 0) + (tiers[fitting]?.stepMs ?? 0)
}

type LineOptions = { readonly wanted: ReadonlySet<string>; readonly fromMs: number; readonly stepMs: number }

function linesOf(nodeId: string, samples: readonly Sample[], options: LineOptions): MetricSeries[] {
  const { wanted, fromMs, stepMs } = options
  const steps = [...Map.groupBy(samples, ({ atMs }) => fromMs + Math.floor(Math.max(0, atMs - fromMs) / stepMs) * stepMs)]
  const lines: MetricSeries[] = []
  for (const [index, { name, unit }] of nodeSeries.entries()) {
    if (!wanted.has(name)) continue
    const points = pointsOf(steps, (bucket) => bucket.node, index)
    if (points.length > 0) lines.push({ name, unit, nodeId, labels: {}, points })
  }
  const keys = new Set(samples.flatMap(({ bucket }) => [...bucket.parts.keys()]))
  for (const key of keys) {
    const { series, labels } = describePart(key)
    for (const [index, { name, unit }] of series.entries()) {
      if (!wanted.has(name)) continue
      const points = pointsOf(steps, (bucket) => bucket.parts.get(key), index)
      if (points.length > 0) lines.push({ name, unit, nodeId, labels, points })
    }
  }
  return lines
}

function pointsOf(
  steps: readonly (readonly [number, readonly Sample[]])[],
  triplesOf: (bucket: Bucket) => Float64Array | undefined,
  index: number,
): MetricSeries['points'] {
  const points: MetricSeries['points'] = []
  for (const [atMs, samples] of steps) {
    const all = samples.flatMap(({ bucket }) => {
      const triples = triplesOf(bucket)?.subarray(index * 3, index * 3 + 3)
      return triples === undefined || triples.length < 3 ? [] : [triples]
    })
    const [least, mean, greatest] = mergeTriples(all)
    if (least !== undefined && mean !== undefined && greatest !== undefined && !Number.isNaN(mean))
      points.push([atMs, least, mean, greatest])
  }
  return points
}
