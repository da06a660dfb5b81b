import { ClusterError } from '../../../runtime/base/errors.ts'
import { nearMissHint } from '../../../runtime/cli/near-miss.ts'
import type { Cluster } from '../../contract/clusters.ts'
import type { Machine } from '../../contract/machines.ts'
import { type Selection, selectMachines } from '../machine/select-machines.ts'
import type { PanelSession } from '../panel-session.ts'

/** The cluster of that name or id. @throws ClusterError `cluster.not-found` with what may have been meant */
export async function getCluster(panel: PanelSession, name: string): Promise<Cluster> {
  const clusters = await panel.call('clusters.list', {})
  const found = clusters.find((cluster) => cluster.id === name || cluster.name === name)
  if (found) return found
  const names = clusters.map((cluster) => cluster.name)
  const next = names.length === 0 ? '; make one: shoal cluster create' : nearMissHint(name, names) || `; there are ${names.join(', ')}`
  throw new ClusterError('cluster.not-found', `there is no cluster ${name}${next}`)
}

/** Members of a cluster that were meant. @throws ClusterError `machine.not-found` */
export async function selectMembers(panel: PanelSession, cluster: Cluster, selection: Selection): Promise<Machine[]> {
  const ids = new Set(cluster.members.map(({ machineId }) => machineId))
  const machines = await panel.call('machines.list', {})
  return selectMachines(
    machines.filter(({ id }) => ids.has(id)),
    selection,
    ` in ${cluster.name}`,
  )
}
