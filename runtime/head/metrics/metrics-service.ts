import type { MetricHistory } from '../../api/metrics.ts'
import type { Clock } from '../../base/clock.ts'
import { toError } from '../../base/errors.ts'
import type { Logger } from '../../base/logger.ts'
import type { NodeMetrics } from '../../protocol/metrics.ts'
import { mergeBuckets, packBucket, unpackBucket } from './bucket.ts'
import { historyOf, type HistoryQuery } from './history.ts'
import type { MetricsStore, Tier } from './metrics-store.ts'
import { RecentSamples } from './recent.ts'

export type MetricsServiceOptions = {
  readonly store: MetricsStore
  readonly clock: Clock
  readonly logger: Logger
  /** From fine to coarse; each step is a multiple of the one before. */
  readonly tiers?: readonly Tier[]
  /** Samples in memory, for each node. @default 450: 15 minutes */
  readonly recentSamples?: number
  /** On disk. Past it every tier is kept for a shorter time. @default 2 GiB */
  readonly keptBytes?: number
}

const minute = 60_000
const day = 86_400_000
/** 10 s for 6 h, 1 min for 3 days, 10 min for 30 days. */
export const defaultTiers: readonly Tier[] = [
  { stepMs: 10_000, keptMs: day / 4 },
  { stepMs: minute, keptMs: 3 * day },
  { stepMs: 10 * minute, keptMs: 30 * day },
]
/** Nodes beyond this are not kept in memory: the one not heard of for longest goes. */
const mostNodes = 10_000
const tickEveryMs = 1_000
const tickBudgetMs = 20
/** Nodes whose old buckets are removed in one tick. */
const forgottenAtOnce = 100

export type HeardMetrics = { readonly metrics: NodeMetrics; readonly heardAtMs: number }

/** The load of all machines: the latest figures, and their history with falling resolution. */
export class MetricsService {
  readonly #store: MetricsStore
  readonly #clock: Clock
  readonly #logger: Logger
  readonly tiers: readonly Tier[]
  readonly #recentSamples: number
  readonly #keptBytes: number
  readonly #latest = new Map<string, HeardMetrics>()
  readonly #recent = new Map<string, RecentSamples>()
  readonly #listeners = new Set<(heard: HeardMetrics) => void>()
  readonly #timer: NodeJS.Timeout
  /** What is to be written, in order; and up to when it is planned, by tier. */
  readonly #due: (() => void)[] = []
  readonly #planned = new Map<number, number>()
  /** Share of their time that tiers are kept for. */
  #keptShare = 1
  #forgetFrom = 0
  #failed = false

  constructor({ store, clock, logger, tiers = defaultTiers, recentSamples = 450, keptBytes = 2 * 1024 ** 3 }: MetricsServiceOptions) {
    this.#store = store
    this.#clock = clock
    this.#logger = logger
    this.tiers = tiers
    this.#recentSamples = recentSamples
    this.#keptBytes = keptBytes
    this.#timer = setInterval(() => this.tick(), tickEveryMs).unref()
  }

  /** Takes a node's figures, and tells who listens. */
  accept(metrics: NodeMetrics): void {
    const heard = { metrics, heardAtMs: this.#clock.nowMs() }
    this.#latest.delete(metrics.nodeId)
    this.#latest.set(metrics.nodeId, heard) // last: heard of most recently
    let recent = this.#recent.get(metrics.nodeId)
    if (recent === undefined) {
      recent = new RecentSamples(this.#recentSamples)
      this.#recent.set(metrics.nodeId, recent)
    }
    recent.push(metrics, heard.heardAtMs)
    const [oldest] = this.#latest.size > mostNodes ? this.#latest.keys() : []
    if (oldest !== undefined) {
      this.#latest.delete(oldest)
      this.#recent.delete(oldest)
    }
    for (const listener of this.#listeners) listener(heard)
  }

  /** The last figures, also of a node that is gone; undefined when it never sent any to this head. */
  latest(nodeId: string): NodeMetrics | undefined {
    return this.#latest.get(nodeId)?.metrics
  }

  *all(): Iterable<HeardMetrics> {
    yield* this.#latest.values()
  }

  onHeard(listener: (heard: HeardMetrics) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** Lines for charts. Times that are not kept any more, or not yet, have no points. */
  history(query: HistoryQuery): Promise<MetricHistory> {
    return historyOf({ store: this.#store, recent: this.#recent, tiers: this.tiers }, query)
  }

  /** Writes buckets that are over, in one transaction, as many as can be made in `budgetMs`; the rest comes at the next tick. By itself every second. */
  tick(budgetMs = tickBudgetMs): void {
    try {
      const nowMs = this.#clock.nowMs()
      const untilMs = performance.now() + budgetMs
      this.#store.together(() => {
        for (const [index, tier] of this.tiers.entries()) this.#plan(tier, this.tiers[index - 1], nowMs)
        while (this.#due.length > 0 && performance.now() < untilMs) this.#due.shift()?.()
        if (this.#due.length === 0) this.#forget(nowMs)
      })
      if (this.#failed) this.#logger.info('metrics.writable-again')
      this.#failed = false
    } catch (error) {
      if (!this.#failed) this.#logger.error('metrics.not-written', { reason: toError(error).message })
      this.#failed = true
      this.#due.length = 0
      this.#planned.clear() // what was taken back is planned anew
    }
  }

  close(): void {
    clearInterval(this.#timer)
    this.tick(Number.POSITIVE_INFINITY)
    this.#store.close()
  }

  /** When a tier's step is over: its buckets are due, node by node. The finer tier's stand before them in the queue. */
  #plan(tier: Tier, finer: Tier | undefined, nowMs: number): void {
    const { stepMs, keptMs } = tier
    const toMs = Math.floor(nowMs / stepMs) * stepMs
    const plannedMs = this.#planned.get(stepMs) ?? this.#store.findFact(`rolled ${stepMs}`) ?? 0
    const fromMs = Math.max(plannedMs, toMs - keptMs)
    if (fromMs >= toMs) return
    this.#planned.set(stepMs, toMs)
    this.#due.push(() => {
      const nodeIds = finer === undefined ? [...this.#recent.keys()] : this.#store.nodeIds()
      const work = nodeIds.map((nodeId) => () => this.#roll(nodeId, { tier, finer, fromMs, toMs }))
      this.#due.unshift(...work, () => this.#store.setFact(`rolled ${stepMs}`, toMs))
    })
  }

  /** Makes a tier's buckets of a node from the finer tier's; those of the finest from the samples in memory. */
  #roll(nodeId: string, { tier, finer, fromMs, toMs }: { tier: Tier; finer: Tier | undefined; fromMs: number; toMs: number }): void {
    const samples =
      finer === undefined
        ? (this.#recent.get(nodeId)?.between(fromMs, toMs) ?? [])
        : this.#store.read(finer.stepMs, nodeId, { fromMs, toMs }).map(({ atMs, packed }) => ({ atMs, bucket: unpackBucket(packed) }))
    for (const [atMs, group] of Map.groupBy(samples, (sample) => Math.floor(sample.atMs / tier.stepMs) * tier.stepMs)) {
      this.#store.write(tier.stepMs, { nodeId, atMs, packed: packBucket(mergeBuckets(group.map(({ bucket }) => bucket))) })
    }
  }

  /** A few nodes at a time, in turns. */
  #forget(nowMs: number): void {
    const usedBytes = this.#store.usedBytes()
    if (usedBytes > this.#keptBytes) this.#keptShare *= 0.95
    else if (usedBytes < this.#keptBytes * 0.8) this.#keptShare = Math.min(1, this.#keptShare * 1.01)
    const before = new Map(this.tiers.map(({ stepMs, keptMs }) => [stepMs, nowMs - keptMs * this.#keptShare]))
    const nodeIds = this.#store.nodeIds()
    if (this.#forgetFrom >= nodeIds.length) this.#forgetFrom = 0
    for (const nodeId of nodeIds.slice(this.#forgetFrom, this.#forgetFrom + forgottenAtOnce)) this.#store.forget(nodeId, before)
    this.#forgetFrom += forgottenAtOnce
  }
}
