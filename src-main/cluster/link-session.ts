import type { ClusterEvent, EventFrame } from '../../runtime/api/events.ts'
import { ClusterError } from '../../runtime/base/errors.ts'
import type { HostConnection } from '../ssh/host-connection.ts'
import { type Capabilities, can, detectCapabilities } from './capabilities.ts'
import type { ClusterCalls } from './cluster-calls.ts'
import { openClusterClient } from './cluster-client.ts'
import type { Gap, SequenceTracker } from './core/sequence.ts'

type MachineConnection = Pick<HostConnection, 'script' | 'openTunnel' | 'closed' | 'close'>

/** A way to a head: what it goes over, and how a session is begun there. */
export type HeadPlace = Pick<HostConnection, 'closed' | 'close'> & {
  /** @throws ClusterError saying which of the steps failed */
  open(signal: AbortSignal): Promise<OpenSession>
}

/** What a link passes on of the event stream. */
export type LinkEvents =
  | { readonly type: 'events'; readonly to: number; readonly events: readonly ClusterEvent[] }
  | Extract<EventFrame, { type: 'snapshot' | 'metrics' }>
  | { readonly type: 'gap'; readonly gap: Gap }

export type ShoalHead = {
  /** The file with the HTTP API's token, on the head's machine. */
  readonly tokenPath: string
  /** Port of the HTTP API on loopback of the head's machine; found out there where it is not fixed. */
  readonly apiPort: number | ((connection: Pick<MachineConnection, 'script'>, signal: AbortSignal) => Promise<number>)
  /** What the head must say it is; null: whatever it says. */
  readonly clusterId: string | null
}
type SessionOptions = ShoalHead & { readonly connection: MachineConnection; readonly signal: AbortSignal }

export type OpenSession = { readonly client: ClusterCalls; readonly capabilities: Capabilities }

/** The way to a head of ours, over a connection to its machine, which is closed with it. */
export function shoalHeadAt(connection: MachineConnection, head: ShoalHead): HeadPlace {
  return {
    closed: connection.closed,
    close: () => connection.close(),
    open: (signal) => openSession({ ...head, connection, signal }),
  }
}

/** A token is 32 bytes or so, in letters of one kind or another. */
const tokenForm = /^[\x21-\x7e]{8,512}$/
const readWithinMs = 20_000

/** From a connection to the head's machine to a client of the right cluster. */
async function openSession(options: SessionOptions): Promise<OpenSession> {
  const { connection, clusterId, signal } = options
  const port = typeof options.apiPort === 'number' ? options.apiPort : await options.apiPort(connection, signal)
  const token = await readToken(connection, options.tokenPath, signal)
  const client = openClusterClient({ tunnel: () => connection.openTunnel('127.0.0.1', port), token, address: `127.0.0.1:${port}` })
  try {
    signal.throwIfAborted()
    const capabilities = await detectCapabilities(client, signal)
    if (clusterId !== null && capabilities.clusterId !== null && capabilities.clusterId !== clusterId) {
      throw new ClusterError(
        'wrong-state',
        `what answers on port ${port} there is another cluster (${capabilities.clusterId.slice(0, 12)}…, not ${clusterId.slice(0, 12)}…): something else was started in its place; start this cluster again, or remove it from the list`,
        { details: { seen: capabilities.clusterId, wanted: clusterId } },
      )
    }
    return { client, capabilities }
  } catch (error) {
    client.close()
    throw error
  }
}

/** Of a head's HTTP API, on its machine. @throws ClusterError `head.unavailable` when there is none, `auth.missing` when it cannot be read */
export async function readToken(connection: Pick<MachineConnection, 'script'>, tokenPath: string, signal?: AbortSignal): Promise<string> {
  const script = '[ -e "$1" ] || exit 44\nexec cat -- "$1"\n'
  const result = await connection.script(script, [tokenPath], { ...(signal && { signal }), timeoutMs: readWithinMs, maxOutputBytes: 4_096 })
  if (result.code === 44) {
    throw new ClusterError(
      'head.unavailable',
      `there is no token at ${tokenPath} on the head's machine; start the cluster there, then connect again`,
    )
  }
  const token = result.stdout.trim()
  if (result.code === 0 && tokenForm.test(token)) return token
  // What was read may be a part of a secret: it is not shown.
  const why = result.code === 0 ? 'it does not hold one' : result.stderr.trim().slice(0, 300)
  throw new ClusterError('auth.missing', `the token at ${tokenPath} on the head's machine cannot be read: ${why}; check its owner and mode`)
}

/** A head says every 5 s that it is there, also when nothing happens. */
const silentMs = 20_000
const pollEveryMs = 5_000

export type Following = {
  readonly tracker: SequenceTracker
  readonly wantsMetrics: boolean
  readonly signal: AbortSignal
  /** The stream goes on when it resolves. */
  readonly take: (events: LinkEvents) => Promise<void> | void
}

/** Passes on what happens until `signal` fires; throws when the stream breaks or falls silent. A head without a stream is asked whether it is there. */
export async function followEvents({ client, capabilities }: OpenSession, following: Following): Promise<void> {
  if (!can(capabilities, 'events')) return pollHead(client, following.signal)
  const { tracker, wantsMetrics, take } = following
  const { last } = tracker
  const silence = new AbortController()
  const watchdog = setInterval(() => silence.abort(), silentMs)
  const signal = AbortSignal.any([following.signal, silence.signal])
  const kinds = wantsMetrics
    ? (['node', 'job', 'task', 'actor', 'placement_group', 'object_store', 'log', 'alert', 'metrics'] as const)
    : undefined
  try {
    for await (const frame of client.events({ signal, ...(last === undefined ? {} : { since: last }), ...(kinds ? { kinds } : {}) })) {
      watchdog.refresh()
      await takeFrame(frame, { tracker, take })
      watchdog.refresh() // whoever takes the frames may be slow: that is no silence of the head
    }
  } finally {
    clearInterval(watchdog)
  }
  if (silence.signal.aborted && !following.signal.aborted) {
    throw new ClusterError('head.unavailable', `nothing came from the head for ${silentMs / 1_000} s; connecting again`)
  }
}

async function takeFrame(frame: EventFrame, { tracker, take }: Pick<Following, 'tracker' | 'take'>): Promise<void> {
  if (frame.type === 'metrics') return take(frame)
  const { seenTo, gap } = tracker.take(frame)
  if (gap) await take({ type: 'gap', gap })
  if (frame.type === 'snapshot') return take(frame)
  const events = frame.events.filter(({ seq }) => seq > seenTo)
  if (frame.to > seenTo || events.length > 0) await take({ type: 'events', to: frame.to, events })
}

async function pollHead(client: ClusterCalls, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, pollEveryMs)
      signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true })
    })
    if (!signal.aborted) await client.call('getVersion', { signal, timeoutMs: silentMs })
  }
}
