import { ClusterError, toError } from '../../../runtime/base/errors.ts'
import type { Cluster } from '../../contract/clusters.ts'
import type { Output } from '../../contract/panel.ts'
import type { Context } from '../context.ts'
import { durationText } from '../words/amounts.ts'
import { sayMeanwhile } from '../words/say-meanwhile.ts'
import { getCluster } from './members.ts'

/** The cluster, with a link to its head. @throws ClusterError as `clusters.connect`; `head.unavailable` where that did not connect it */
export async function connectTo(context: Context, name: string): Promise<Cluster> {
  const { panel, interrupts } = context
  const cluster = await getCluster(panel, name)
  if (cluster.link.state === 'connected') return cluster
  const tried = await sayMeanwhile(context, `Connecting to ${cluster.name}`, () =>
    panel.call('clusters.connect', { cluster: cluster.id }, { signal: interrupts.signal }),
  )
  if (tried.link.state === 'connected') return tried
  const why = tried.link.message === null ? '' : `: ${tried.link.message.replace(/\.$/, '')}`
  const next = tried.rayHead ? '' : `. A head that has ended is started again by shoal cluster restart ${tried.name} --all`
  throw new ClusterError('head.unavailable', `${tried.name} is not connected${why}${next}`)
}

/** The same; without a link what was recorded of it must do, and that is said. */
export async function connectOrRecord(context: Context, name: string): Promise<Cluster> {
  try {
    return await connectTo(context, name)
  } catch (error) {
    const cluster = await getCluster(context.panel, name)
    context.terminal.warn(`shoal: ${toError(error).message}`)
    return cluster
  }
}

/** Said of answers that come from the record. */
export function recordNote({ source, recordedAtMs }: Output<'api.read'>, nowMs: number): string[] {
  if (source === 'live') return []
  return [`From the record${recordedAtMs === null ? '' : `, ${durationText(nowMs - recordedAtMs)} old`}: the head does not answer.`]
}
