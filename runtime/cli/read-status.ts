import { randomBytes } from 'node:crypto'
import { ClusterError } from '../base/errors.ts'
import { newWorkerId } from '../base/ids.ts'
import { silentLogger } from '../base/logger.ts'
import { ClusterDemandReply, ClusterNodesReply } from '../protocol/clients.ts'
import { GroupTableReply } from '../protocol/groups.ts'
import { connectAgent } from '../sdk/client/agent-connection.ts'
import { type ClusterStatus, statusOf } from './cluster-status.ts'
import type { LocalNode } from './find-node.ts'
import { version } from './version.ts'

export type StatusSource = { read(): Promise<ClusterStatus>; close(): void }

const timeoutMs = 10_000

/**
 * Asks the head through this machine's node. A driver without a job: it owns nothing, and the cluster counts no job for it.
 * @throws ClusterError `link.closed` when the node has just ended, `head.unavailable` or `timeout` when the head does not answer.
 */
export async function openStatus({ socketPath, headAddress, tempDir }: LocalNode): Promise<StatusSource> {
  const workerId = newWorkerId((bytes) => randomBytes(bytes).toString('hex'))
  const { link, answer } = await connectAgent(socketPath, { role: 'driver', workerId, version }, silentLogger)
  link.onMessage(() => {}) // news of the cluster, which every client gets: we ask instead
  return {
    async read() {
      const [nodes, demand, groups] = await Promise.all([
        link.request({ type: 'cluster.nodes' }, { reply: ClusterNodesReply, timeoutMs }),
        link.request({ type: 'cluster.demand' }, { reply: ClusterDemandReply, timeoutMs }),
        link.request({ type: 'group.table' }, { reply: GroupTableReply, timeoutMs }),
      ]).catch((error: unknown) => {
        throw error instanceof ClusterError && error.code === 'timeout' ? headIsSilent(headAddress, error) : error
      })
      return statusOf({ clusterId: answer.clusterId ?? '', address: headAddress, tempDir, nowMs: Date.now() }, { nodes, demand, groups })
    },
    close: () => link.close(),
  }
}

const headIsSilent = (address: string, cause: ClusterError): ClusterError =>
  new ClusterError(
    'head.unavailable',
    `the head${address === '' ? '' : ` at ${address}`} did not answer within ${timeoutMs / 1_000} s: see on its machine whether it runs ("shoal status"), and whether this machine reaches it`,
    { details: { address, waitedMs: timeoutMs }, cause },
  )
