import type { AgentTarget } from '../owner/core/state.ts'
import type { FromAgent } from './agent-connection.ts'
import type { Client } from './client.ts'
import { collectGarbage } from './collect-garbage.ts'

/** What our agent says to an owner: events of its core, and news for what stands around it. `rest` takes orders to a worker. */
export function fromAgent(client: Client, message: FromAgent, rest: ((message: FromAgent) => void) | undefined): void {
  const nowMs = performance.now()
  switch (message.type) {
    case 'lease.granted':
    case 'lease.spilled':
    case 'lease.refused':
    case 'lease.waiting':
    case 'lease.wanted':
    case 'lease.lost':
      return leaseNews(client, null, message)
    case 'processes.gone':
      client.references.borrowersGone(message.workerIds)
      client.references.ownersGone(new Set(message.workerIds), new Set(message.nodeIds))
      client.owner.raise({ type: 'processes.gone', workerIds: message.workerIds, nodeIds: message.nodeIds, nowMs })
      client.peers.nodesGone(message.nodeIds)
      return client.others.nodesGone(message.nodeIds)
    case 'actor.changed':
      return client.actors.onChanged(message)
    case 'group.changed': {
      client.groups.changed(message)
      const { groupId, version, status } = message
      return client.owner.raise({ type: 'group.changed', groupId, version, status, nowMs })
    }
    case 'garbage.collect':
      client.store.dropOffers()
      return collectGarbage()
    case 'store.offered':
      return client.store.offered(message.objectId, message.location)
    default:
      return rest?.(message)
  }
}

/** News of leases, of our own agent (`from` null) or of another node's. */
export function leaseNews(client: Client, from: AgentTarget, message: Extract<FromAgent, { type: `lease.${string}` }>): void {
  const nowMs = performance.now()
  switch (message.type) {
    case 'lease.granted': {
      const { requestId, leaseId, worker } = message
      return client.owner.raise({ type: 'lease.granted', requestId, leaseId, worker, from, nowMs })
    }
    case 'lease.wanted':
      return client.owner.raise({ type: 'lease.wanted', from, nowMs })
    default:
      return client.owner.raise({ ...message, nowMs })
  }
}
