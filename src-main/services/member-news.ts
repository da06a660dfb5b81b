import type { MemberNews } from '../bootstrap/steps/step-context.ts'
import type { Member } from '../contract/clusters.ts'
import type { Clusters } from './clusters.ts'
import type { Machines } from './machines.ts'

/** Writes down what an operation found out of a member, as soon as it did. */
export async function recordMemberNews(
  { clusters, machines }: { clusters: Clusters; machines: Machines },
  { clusterId, machineId, news }: { clusterId: string; machineId: string; news: MemberNews },
): Promise<void> {
  if (news.state !== 'gone') {
    await clusters.updateMember(clusterId, machineId, changesOf(news))
    return
  }
  await clusters.update(clusterId, (cluster) => ({
    ...cluster,
    members: cluster.members.filter((member) => member.machineId !== machineId),
  }))
  if (machines.find(machineId)?.clusterId === clusterId) await machines.setCluster([machineId], null)
}

function changesOf({ state, payload, sessionFolder, address, nodeId, extraNodes }: MemberNews): Partial<Member> {
  return {
    ...(state === 'gone' ? {} : { state }),
    ...(payload === undefined ? {} : { payload }),
    ...(sessionFolder === undefined ? {} : { sessionFolder }),
    ...(address === undefined ? {} : { address }),
    ...(nodeId === undefined ? {} : { nodeId }),
    ...(extraNodes === undefined ? {} : { extraNodes }),
  }
}
