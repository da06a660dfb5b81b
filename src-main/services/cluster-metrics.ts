import { setTimeout as delay } from 'node:timers/promises'
import { ClusterError } from '../../runtime/base/errors.ts'
import type { ClusterCalls } from '../cluster/cluster-calls.ts'
import type { PanelHub } from './panel-hub.ts'

const retryMs = 2_000
/** A page that is loaded again is not gone. */
const graceMs = 3_000
/** Of a head that has no such figures: it may be another one soon. */
const unsupportedMs = 60_000
/** A node sends every two seconds; one that is silent for so long has no figures any more. */
const silentMs = 20_000

export type ClusterMetricsIo = {
  readonly callsOf: (clusterId: string, signal: AbortSignal) => Promise<Pick<ClusterCalls, 'call' | 'events' | 'source'>>
  readonly hub: PanelHub
}

type Figures = Readonly<Record<string, unknown>>
type Watch = {
  readonly abort: AbortController
  leaving: NodeJS.Timeout | undefined
  /** By node, with when they came. */
  readonly nodes: Map<string, { readonly atMs: number; readonly value: Figures }>
}

/** The last figures of each node, on `cluster-metrics/<cluster id>`, asked of the head only while somebody listens. */
export class ClusterMetrics {
  readonly #io: ClusterMetricsIo
  readonly #watches = new Map<string, Watch>()

  constructor(io: ClusterMetricsIo) {
    this.#io = io
    const clusterOf = (topic: string) => topic.slice('cluster-metrics/'.length)
    io.hub.provide('cluster-metrics/:id', {
      snapshot: (topic) => [...(this.#watches.get(clusterOf(topic))?.nodes ?? [])].map(([id, { value }]) => ({ id, value })),
      onListeners: (topic, count) => this.#listen(clusterOf(topic), count > 0),
    })
  }

  stopAll(): void {
    for (const { abort, leaving } of this.#watches.values()) {
      clearTimeout(leaving)
      abort.abort()
    }
  }

  #listen(clusterId: string, isHeard: boolean): void {
    const known = this.#watches.get(clusterId)
    clearTimeout(known?.leaving)
    if (!isHeard && known) known.leaving = setTimeout(() => known.abort.abort(), graceMs).unref()
    if (!isHeard || (known && !known.abort.signal.aborted)) return
    const watch: Watch = { abort: new AbortController(), leaving: undefined, nodes: new Map() }
    this.#watches.set(clusterId, watch)
    void this.#run(clusterId, watch).finally(() => {
      if (this.#watches.get(clusterId) === watch) this.#watches.delete(clusterId)
    })
  }

  async #run(clusterId: string, watch: Watch): Promise<void> {
    const { signal } = watch.abort
    while (!signal.aborted) {
      const waitMs = await this.#follow(clusterId, watch).then(
        () => retryMs,
        (error: unknown) => (error instanceof ClusterError && !error.retryable ? unsupportedMs : retryMs),
      )
      await delay(waitMs, undefined, { signal }).catch(() => {}) // the loop sees that it was stopped
    }
  }

  async #follow(clusterId: string, watch: Watch): Promise<void> {
    const { signal } = watch.abort
    const calls = await this.#io.callsOf(clusterId, signal)
    if (calls.source === 'record') return // a record has no now
    const { nodes } = await calls.call('getLatestMetrics', { signal })
    this.#tell(clusterId, watch, nodes)
    for await (const frame of calls.events({ kinds: ['metrics'], since: 'latest', signal })) {
      if (frame.type === 'metrics') this.#tell(clusterId, watch, frame.nodes)
    }
  }

  #tell(clusterId: string, { nodes }: Watch, fresh: readonly Figures[]): void {
    const topic = `cluster-metrics/${clusterId}` as const
    const atMs = performance.now()
    for (const value of fresh) {
      const id = value['nodeId']
      if (typeof id !== 'string') continue
      nodes.set(id, { atMs, value })
      this.#io.hub.publish(topic, { id, value })
    }
    for (const [id, last] of nodes) {
      if (atMs - last.atMs < silentMs) continue
      nodes.delete(id)
      this.#io.hub.publish(topic, { id, value: null })
    }
  }
}
