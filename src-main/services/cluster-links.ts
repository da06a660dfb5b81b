import { ClusterError } from '../../runtime/base/errors.ts'
import type { Logger } from '../../runtime/base/logger.ts'
import { headJoinTokenFile } from '../bootstrap/paths.ts'
import type { Capabilities } from '../cluster/capabilities.ts'
import type { ClusterCalls } from '../cluster/cluster-calls.ts'
import { ClusterLink, type LinkView } from '../cluster/cluster-link.ts'
import type { History } from '../cluster/history/history.ts'
import { createRecordedClient } from '../cluster/history/recorded-client.ts'
import { SeenLogs } from '../cluster/history/seen-logs.ts'
import { Recorder } from '../cluster/history/recorder.ts'
import { type HeadPlace, readToken, shoalHeadAt } from '../cluster/link-session.ts'
import { rayHeadAt } from '../cluster/ray/open-ray.ts'
import type { Cluster } from '../contract/clusters.ts'
import type { HostConnection } from '../ssh/host-connection.ts'
import type { Clusters } from './clusters.ts'
import type { PanelHub } from './panel-hub.ts'

export type ClusterLinksIo = {
  readonly clusters: Clusters
  readonly history: History
  readonly hub: PanelHub
  readonly connect: (machineId: string) => Promise<HostConnection>
  /** Of a Ray head; from a second attempt on the one before was wrong. Undefined: there is none. */
  readonly rayToken: (cluster: Cluster, attempt: number) => Promise<string | undefined>
  readonly logger: Logger
}

type Open = { readonly link: ClusterLink; readonly recorder: Recorder; readonly place: string }

/** How long somebody who asked for a connection is kept waiting for it; it is tried on after that. */
const firstWaitMs = 20_000

/** Keeps clusters connected, passes their events on, and records what it sees of them; the record answers when a cluster is gone. */
export class ClusterLinks {
  readonly #io: ClusterLinksIo
  readonly #open = new Map<string, Open>()
  #isClosed = false

  constructor(io: ClusterLinksIo) {
    this.#io = io
  }

  /** Begins a link where there is none, and returns when it is connected, or has failed the first time. */
  async connect(clusterId: string, signal?: AbortSignal): Promise<void> {
    if (this.#isClosed) return // an operation that ends while the panel does must not begin one that nobody ends
    const cluster = this.#io.clusters.get(clusterId)
    const place = placeOf(cluster)
    if (place === undefined) throw new ClusterError('wrong-state', whyNoPlace(cluster))
    const known = this.#open.get(clusterId)
    if (known && known.place !== place) await this.disconnect(clusterId)
    if (this.#isClosed) return
    const { link } = this.#open.get(clusterId) ?? this.#begin(clusterId, place)
    link.retry()
    // one that was stopped meanwhile is off: nothing comes of it any more
    await untilState(link, { isReached: (state) => state !== 'connecting', signal, withinMs: firstWaitMs })
  }

  /** Connects to a head that stands, and lets go of one that is gone. One that is being started is left alone. */
  async keep(clusterId: string): Promise<void> {
    const cluster = this.#io.clusters.find(clusterId)
    const head = cluster?.members.find(({ role }) => role === 'head')
    if (cluster?.rayHead || head?.state === 'started') return this.connect(clusterId)
    if (!head) await this.disconnect(clusterId)
  }

  async disconnect(clusterId: string): Promise<void> {
    const open = this.#open.get(clusterId)
    if (!open) return
    this.#open.delete(clusterId)
    await open.link.stop()
    await open.recorder.stop()
    this.#io.clusters.setLive(clusterId, { link: { state: 'off', sinceMs: Date.now(), message: null } })
  }

  /** Writes down what is known of a cluster, before it is taken down. */
  async settle(clusterId: string): Promise<void> {
    await this.#open
      .get(clusterId)
      ?.recorder.settle()
      .catch(() => {}) // its head may be away: then the record is what it is
  }

  /** With its record. */
  async forget(clusterId: string): Promise<void> {
    await this.disconnect(clusterId)
    this.#io.history.remove(clusterId)
  }

  /** The head, or the record of it while that is not connected. */
  callsOf(clusterId: string): ClusterCalls {
    const client = this.#open.get(clusterId)?.link.client
    return client ?? createRecordedClient(this.#io.history, clusterId, this.#io.clusters.get(clusterId).name)
  }

  /** The same; but a head that is away for a moment is waited for before its record takes its place, or until `signal` fires. */
  async steadyCallsOf(clusterId: string, signal: AbortSignal): Promise<ClusterCalls> {
    const link = this.#open.get(clusterId)?.link
    if (link) await untilState(link, { isReached: (state) => state !== 'connecting' && state !== 'reconnecting', signal })
    return this.callsOf(clusterId)
  }

  /** @throws ClusterError `head.unavailable` */
  capabilitiesOf(clusterId: string): Capabilities {
    const link = this.#open.get(clusterId)?.link
    if (link?.capabilities) return link.capabilities
    const why = link?.view.message ?? 'it is not connected'
    throw new ClusterError('head.unavailable', `what the head can do is known only while it is connected: ${why}`)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.all([...this.#open.keys()].map((clusterId) => this.disconnect(clusterId)))
  }

  #begin(clusterId: string, place: string): Open {
    const { clusters, history, hub, logger } = this.#io
    const record = history.record(clusterId)
    const link = new ClusterLink({ connect: () => this.#wayTo(clusters.get(clusterId)), lastSeq: record.lastSeq, logger })
    const live = () => (link.client && link.capabilities ? { client: link.client, capabilities: link.capabilities } : undefined)
    const recorder = new Recorder({ record, live, logger })
    link.onEvents((events) => {
      if (events.type === 'events') for (const event of events.events) hub.publish(`cluster-events/${clusterId}`, event)
      return recorder.take(events)
    })
    link.onState(({ state, sinceMs, message }) => clusters.setLive(clusterId, { link: { state, sinceMs, message } }))
    const open = { link, recorder, place }
    this.#open.set(clusterId, open)
    recorder.start()
    link.start()
    return open
  }

  async #wayTo(cluster: Cluster): Promise<HeadPlace> {
    const { connect, rayToken, history, logger } = this.#io
    const recorded = () => ({
      record: createRecordedClient(history, cluster.id, cluster.name),
      seen: new SeenLogs(history.record(cluster.id), logger),
    })
    if (cluster.rayHead) {
      const { via } = cluster.rayHead
      const connection = via === null ? null : await connect(via)
      return rayHeadAt({ head: cluster.rayHead, connection, token: (attempt) => rayToken(cluster, attempt), ...recorded() })
    }
    const { machineId, sessionFolder } = headOf(cluster)
    const connection = await connect(machineId)
    if (cluster.engine === 'ray') {
      const head = { url: `http://127.0.0.1:${cluster.ports.api}`, trust: { kind: 'system' } } as const
      return rayHeadAt({ head, connection, token: () => readToken(connection, headJoinTokenFile(sessionFolder)), ...recorded() })
    }
    return shoalHeadAt(connection, {
      tokenPath: `${sessionFolder}/head/api-token`,
      apiPort: (connection, signal) => readApiPort(connection, { headFolder: sessionFolder, signal }),
      clusterId: null, // the token lies in this cluster's own folder, and no other head takes it
    })
  }
}

/** What a link must be begun anew for when it changes; undefined: there is no head to connect to. */
function placeOf({ rayHead, members }: Cluster): string | undefined {
  if (rayHead) return JSON.stringify(rayHead)
  const head = members.find(({ role }) => role === 'head')
  return head && head.state !== 'planned' ? (head.sessionFolder ?? undefined) : undefined
}

function whyNoPlace({ name, members }: Cluster): string {
  if (members.length === 0)
    return `${name} has no machines: it was taken down, or never made; shoal cluster forget ${name} takes it off the list`
  return `the head of ${name} was not started yet; there is nothing to connect to`
}

function headOf({ name, members }: Cluster): { machineId: string; sessionFolder: string } {
  const head = members.find(({ role }) => role === 'head')
  if (head && head.sessionFolder !== null) return { machineId: head.machineId, sessionFolder: head.sessionFolder }
  throw new ClusterError('head.unavailable', `cluster ${name} has no head any more`)
}

/** The head writes it down when it starts; a restarted one may have another. */
async function readApiPort(
  connection: Pick<HostConnection, 'script'>,
  { headFolder, signal }: { headFolder: string; signal: AbortSignal },
): Promise<number> {
  const script = '[ -e "$1" ] && exec cat -- "$1"'
  const { code, stdout } = await connection.script(script, [`${headFolder}/head/head.json`], { signal, timeoutMs: 20_000 })
  const port = code === 0 ? Number(/"apiAddress":"[^"]*:(\d{1,5})"/.exec(stdout)?.[1]) : Number.NaN
  if (port >= 1 && port <= 65_535) return port
  throw new ClusterError('head.unavailable', `no head runs in ${headFolder}; start the cluster there, then connect again`)
}

type Wait = {
  readonly isReached: (state: LinkView['state']) => boolean
  readonly signal?: AbortSignal | undefined
  readonly withinMs?: number
}

function untilState(link: ClusterLink, { isReached, signal, withinMs }: Wait): Promise<void> {
  return new Promise((resolve) => {
    const finish = () => {
      clearTimeout(timer)
      stop()
      signal?.removeEventListener('abort', finish)
      resolve()
    }
    const timer = withinMs === undefined ? undefined : setTimeout(finish, withinMs)
    const stop = link.onState(({ state }) => isReached(state) && finish())
    signal?.addEventListener('abort', finish, { once: true })
    if (isReached(link.view.state) || signal?.aborted === true) finish()
  })
}
