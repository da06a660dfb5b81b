import * as z from 'zod'
import { toError } from '../../runtime/base/errors.ts'
import type { Logger } from '../../runtime/base/logger.ts'
import type { Cluster } from '../contract/clusters.ts'
import { panel } from '../contract/panel.ts'
import { topics } from '../contract/topics.ts'
import { PanelClient } from '../web/panel-client.ts'
import { createNews, hearNews, jobsToLookAt, type NewsEvent, type NewsSettings, type Notice, runningJobsOf } from './core/news.ts'
import type { Endpoint } from './host-process.ts'

/** What the desktop itself shows of the panel. */
export type WatchView = {
  readonly clusters: readonly {
    readonly id: string
    readonly name: string
    readonly state: Cluster['link']['state']
    readonly runningJobs: number
  }[]
  readonly operations: readonly { readonly id: string; readonly title: string }[]
}

export type PanelWatchIo = {
  readonly settings: () => NewsSettings
  readonly onView: (view: WatchView) => void
  readonly onNotices: (notices: readonly Notice[]) => void
  /** The connection is gone: the panel has ended, or does not know us any more. */
  readonly onLost: () => void
  readonly nowMs: () => number
  readonly logger: Logger
}

type Client = PanelClient<typeof panel>

const tickMs = 15_000
/** Of clusters; the panel allows a client 256 topics. */
const maxFollowed = 200
const shownLines = 20
const listedJobs = 500

const Jobs = z.union([z.array(z.record(z.string(), z.unknown())), z.object({ rows: z.array(z.record(z.string(), z.unknown())) })])

/** The main process' own connection to the panel: for the tray, for notices, and to know what a quit would break off. */
export class PanelWatch {
  readonly #io: PanelWatchIo
  readonly #news = createNews()
  readonly #clusters = new Map<string, Cluster>()
  readonly #operations = new Map<string, { readonly id: string; readonly title: string }>()
  readonly #followed = new Map<string, () => void>()
  readonly #timer: NodeJS.Timeout
  #client: Client | undefined
  #view: WatchView = { clusters: [], operations: [] }

  constructor(io: PanelWatchIo) {
    this.#io = io
    this.#timer = setInterval(() => this.#tick(), tickMs)
  }

  get view(): WatchView {
    return this.#view
  }

  /** For calls of the desktop's own; undefined while there is no panel. */
  get client(): Client | undefined {
    return this.#client
  }

  /** Follows the panel that answers there, and no other from now on. */
  connect({ url, token }: Endpoint): void {
    this.disconnect()
    const client: Client = new PanelClient(panel, {
      url,
      token,
      connectTimeoutMs: 0,
      onState: (state) => {
        if (client === this.#client && state !== 'connected') this.#io.onLost()
      },
    })
    this.#client = client
    client.subscribe('operations', topics.operations.event, {
      onEvents: ({ events, isSnapshot }) => {
        if (isSnapshot) this.#askForMissing(client, new Set(events.map(({ id }) => id)))
        for (const { id, value } of events) this.#hearOperation(id, value)
        this.#show()
      },
    })
    client.subscribe('clusters', topics.clusters.event, {
      onEvents: ({ events, isSnapshot }) => {
        const known = new Set(events.map(({ id }) => id))
        if (isSnapshot) for (const id of [...this.#clusters.keys()]) if (!known.has(id)) this.#forget(id)
        for (const { id, value } of events) {
          if (value === null) this.#forget(id)
          else this.#hearCluster(client, value)
        }
        this.#show()
      },
    })
  }

  disconnect(): void {
    const client = this.#client
    this.#client = undefined
    this.#followed.clear() // they end with the client
    for (const clusterId of this.#clusters.keys()) this.#hear({ type: 'cluster.away', clusterId })
    this.#clusters.clear() // so that each is met again, and its jobs are listed
    client?.close()
  }

  end(): void {
    clearInterval(this.#timer)
    this.disconnect()
  }

  /** Those that ran when the connection was lost and run no more. */
  #askForMissing(client: Client, running: ReadonlySet<string>): void {
    for (const id of [...this.#operations.keys()].filter((each) => !running.has(each)))
      this.#ask(`operation ${id}`, async () => {
        const operation = await client.call('operations.get', { operationId: id })
        this.#hearOperation(id, operation)
        this.#show()
      })
  }

  #hearOperation(id: string, operation: z.infer<typeof topics.operations.event>['value']): void {
    if (operation === null) return void this.#operations.delete(id)
    if (operation.state === 'running') this.#operations.set(id, { id, title: operation.title })
    else this.#operations.delete(id)
    this.#hear({ type: 'operation.seen', operation })
  }

  #hearCluster(client: Client, cluster: Cluster): void {
    const before = this.#clusters.get(cluster.id)
    this.#clusters.set(cluster.id, cluster)
    this.#follow(client, cluster.id)
    const isConnected = cluster.link.state === 'connected'
    if (!isConnected) this.#hear({ type: 'cluster.away', clusterId: cluster.id })
    else if (before?.link.state !== 'connected') this.#listJobs(client, cluster.id)
  }

  #forget(clusterId: string): void {
    this.#clusters.delete(clusterId)
    this.#followed.get(clusterId)?.()
    this.#followed.delete(clusterId)
    this.#hear({ type: 'cluster.gone', clusterId })
  }

  #follow(client: Client, clusterId: string): void {
    if (this.#followed.has(clusterId) || this.#followed.size >= maxFollowed) return
    const off = client.subscribe(`cluster-events/${clusterId}`, topics.clusterEvents.event, {
      onEvents: ({ events, gap }) => {
        if (gap !== undefined) this.#listJobs(client, clusterId)
        for (const event of events) this.#hear({ type: 'cluster.happened', clusterId, event })
        if (events.some(({ kind }) => kind === 'job')) this.#show()
      },
    })
    this.#followed.set(clusterId, off)
  }

  #listJobs(client: Client, cluster: string): void {
    this.#ask(`the jobs of ${cluster}`, async () => {
      const read = (route: string, query: { limit?: number }) => client.call('api.read', { cluster, route, query })
      const { body, source } = await read('listShoalJobs', { limit: listedJobs }).catch(() => read('listJobs', {})) // a real Ray has only that
      const jobs = Jobs.safeParse(body).data ?? []
      if (source === 'live') this.#hear({ type: 'jobs.listed', clusterId: cluster, rows: 'rows' in jobs ? jobs.rows : jobs })
      this.#show()
    })
  }

  #tick(): void {
    const [nowMs, settings] = [this.#io.nowMs(), this.#io.settings()]
    const client = this.#client
    for (const { clusterId, jobId } of client === undefined ? [] : jobsToLookAt(this.#news, { nowMs, settings }))
      this.#ask(`the log of ${jobId}`, async () => {
        const input = { cluster: clusterId, route: 'getLog', query: { submission_id: jobId, lines: shownLines } }
        const { body } = (await client?.call('api.read', input)) ?? {}
        if (typeof body === 'string') this.#hear({ type: 'job.looked-at', clusterId, jobId, tail: body })
      })
    this.#hear({ type: 'tick' })
  }

  #hear(event: NewsEvent): void {
    const notices = hearNews(this.#news, event, { nowMs: this.#io.nowMs(), settings: this.#io.settings() })
    if (notices.length > 0 || event.type === 'tick') this.#io.onNotices(notices)
  }

  /** What cannot be had now is had the next time; the panel says in its own window what is wrong. */
  #ask(what: string, work: () => Promise<void>): void {
    work().catch((error: unknown) => this.#io.logger.debug('desktop.not-answered', { what, reason: toError(error).message }))
  }

  #show(): void {
    const clusters = [...this.#clusters.values()].map(({ id, name, link }) => ({
      id,
      name,
      state: link.state,
      runningJobs: runningJobsOf(this.#news, id),
    }))
    const view: WatchView = { clusters, operations: [...this.#operations.values()] }
    if (JSON.stringify(view) === JSON.stringify(this.#view)) return
    this.#view = view
    this.#io.onView(view)
  }
}
