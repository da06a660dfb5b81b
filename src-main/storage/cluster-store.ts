import * as z from 'zod'
import { ClusterError } from '../../runtime/base/errors.ts'
import { Cluster } from '../contract/clusters.ts'
import type { DataFolder } from './data-folder.ts'
import { JsonFile } from './json-file.ts'
import { comparableName } from './new-id.ts'

export const maxClusters = 256

/** The clusters that this panel knows. All changes are on disk when they resolve. */
export type ClusterStore = {
  readonly warnings: readonly string[]
  list(): readonly Cluster[]
  /** By id or name. */
  find(idOrName: string): Cluster | undefined
  /** @throws ClusterError `cluster.not-found` */
  get(idOrName: string): Cluster
  /** @throws ClusterError `already-exists`, `limit.reached` */
  add(cluster: Cluster): Promise<Cluster>
  /** @throws ClusterError `cluster.not-found`, `already-exists` */
  update(id: string, change: (cluster: Cluster) => Cluster): Promise<Cluster>
  /** @throws ClusterError `cluster.not-found` */
  remove(id: string): Promise<void>
}

export async function openClusterStore(folder: DataFolder): Promise<ClusterStore> {
  const file = await JsonFile.open<Cluster[]>({
    path: folder.file('clusters.json'),
    schema: z.array(Cluster).max(maxClusters),
    version: 1,
    empty: () => [],
  })
  const openedAtMs = Date.now()
  if (file.data.length > 0) await file.update((clusters) => clusters.map((cluster) => unlinked(cluster, openedAtMs)))
  const find = (idOrName: string) =>
    file.data.find((each) => each.id === idOrName) ?? file.data.find((each) => each.name === comparableName(idOrName))
  const get = (idOrName: string): Cluster => {
    const cluster = find(idOrName)
    if (cluster) return cluster
    throw new ClusterError(
      'cluster.not-found',
      `there is no cluster ${JSON.stringify(idOrName)}. \`shoal cluster list\` shows those there are.`,
    )
  }
  return {
    warnings: file.warning === undefined ? [] : [file.warning],
    list: () => file.data,
    find,
    get,
    async add(cluster) {
      await file.update((all) => withUniqueNames([...all, cluster]))
      return get(cluster.id)
    },
    async update(id, change) {
      await file.update((all) => {
        get(id)
        return withUniqueNames(all.map((each) => (each.id === id ? { ...change(each), id } : each)))
      })
      return get(id)
    },
    async remove(id) {
      await file.update((all) => {
        get(id)
        return all.filter((each) => each.id !== id)
      })
    },
  }
}

/** Links and leases were those of the panel that wrote them. */
const unlinked = (cluster: Cluster, sinceMs: number): Cluster => ({
  ...cluster,
  link: { state: 'off', sinceMs, message: null },
  lease: { holder: null, isOurs: false },
})

function withUniqueNames(clusters: Cluster[]): Cluster[] {
  if (clusters.length > maxClusters) {
    throw new ClusterError('limit.reached', `at most ${maxClusters} clusters are kept. Remove one that is gone first.`)
  }
  const taken = new Set<string>()
  for (const { name, id } of clusters) {
    if (taken.has(name) || taken.has(id)) {
      throw new ClusterError('already-exists', `there is a cluster ${name} already. Choose another name.`, { details: { name } })
    }
    taken.add(name).add(id)
  }
  return clusters
}
