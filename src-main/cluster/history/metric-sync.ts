import type { Logger } from '../../../runtime/base/logger.ts'
import { can } from '../capabilities.ts'
import type { ClusterRecord } from './cluster-record.ts'
import type { Live } from './live.ts'
import { recordedFigures } from './record-metrics.ts'

const everyMs = 60_000
/** What a head kept from before the record began, or while we were away, is taken too. */
const firstSpanMs = 3_600_000
const longestSpanMs = 24 * 3_600_000
const reached = 'samples-to-ms'

type Triple = readonly [number, number, number]

/** Takes the figures of nodes once a minute, out of the history that the head keeps: what was missed is made up for. */
export class MetricSync {
  readonly #record: ClusterRecord
  readonly #logger: Logger
  #nextAtMs = 0

  constructor(record: ClusterRecord, logger: Logger) {
    this.#record = record
    this.#logger = logger
  }

  async run({ client, capabilities }: Live, nowMs: number): Promise<void> {
    if (nowMs < this.#nextAtMs || !can(capabilities, 'metrics')) return
    this.#nextAtMs = nowMs + everyMs
    const to = Math.floor(nowMs / everyMs) * everyMs
    const from = Math.max(to - longestSpanMs, Number(this.#record.fact(reached) ?? to - firstSpanMs))
    if (from >= to) return
    const history = await client.call('getMetricHistory', {
      query: { names: Object.keys(recordedFigures).join(','), from, to, points: Math.ceil((to - from) / everyMs) },
    })
    if (history.leftOut > 0) this.#logger.warn('history.metrics-left-out', { series: history.leftOut })
    const samples = new Map<string, { nodeId: string; atMs: number; figures: Record<string, Triple> }>()
    for (const { name, nodeId, labels, points } of history.series) {
      const label = labels['gpu'] === undefined ? name : `${name}#${labels['gpu']}`
      for (const [atMs, least, mean, most] of points) {
        const key = `${nodeId} ${atMs}`
        const sample = samples.get(key) ?? { nodeId, atMs, figures: {} }
        samples.set(key, sample)
        sample.figures[label] = [short(least), short(mean), short(most)]
      }
    }
    this.#record.together(() => {
      for (const { nodeId, atMs, figures } of samples.values()) this.#record.putSample(nodeId, atMs, figures)
      this.#record.setFact(reached, to)
    })
  }
}

/** Bytes are whole; of the rest two places are enough. */
const short = (value: number): number => (Math.abs(value) >= 1_000 ? Math.round(value) : Math.round(value * 100) / 100)
