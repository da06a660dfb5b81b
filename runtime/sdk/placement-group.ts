import { ClusterError } from '../base/errors.ts'
import type { GroupInfo, PlacementGroupOptions } from './cluster-types.ts'
import { currentBackend } from './current-backend.ts'

/** Resources set aside together, on one node or several, for tasks and actors that ask for them by `schedulingStrategy`. */
export class PlacementGroup {
  readonly id: string
  readonly bundleCount: number
  constructor(id: string, bundleCount: number) {
    this.id = id
    this.bundleCount = bundleCount
  }
  /** Resolves when every bundle is set aside. @throws PlacementGroupRemovedError when it was removed first */
  ready(): Promise<void> {
    return currentBackend().placementGroupReady(this.id)
  }
}

const strategies = ['PACK', 'SPREAD', 'STRICT_PACK', 'STRICT_SPREAD']

/**
 * Asks for a group of bundles, all or none; returns at once. `await group.ready()` waits for it.
 * @throws ClusterError `bad-argument`
 */
export function placementGroup(options: PlacementGroupOptions): PlacementGroup {
  const { bundles, strategy = 'PACK', bundleLabelSelector } = options
  if (!Array.isArray(bundles) || bundles.length === 0)
    throw new ClusterError('bad-argument', 'placementGroup needs at least one bundle, such as [{ CPU: 1 }]')
  if (!strategies.includes(strategy))
    throw new ClusterError('bad-argument', `strategy must be one of ${strategies.join(', ')}, got ${strategy}`)
  for (const [index, bundle] of bundles.entries()) {
    const amounts = Object.entries<number>(bundle)
    if (!amounts.some(([, amount]) => amount !== 0)) throw new ClusterError('bad-argument', `bundle ${index} asks for nothing`)
    for (const [name, amount] of amounts)
      if (!(amount >= 0)) throw new ClusterError('bad-argument', `bundle ${index}: ${name} must be 0 or more, got ${amount}`)
  }
  if (bundleLabelSelector && bundleLabelSelector.length !== 1 && bundleLabelSelector.length !== bundles.length) {
    throw new ClusterError(
      'bad-argument',
      `bundleLabelSelector must have 1 or ${bundles.length} entries, got ${bundleLabelSelector.length}`,
    )
  }
  const { groupId, bundleCount } = currentBackend().createPlacementGroup(options)
  return new PlacementGroup(groupId, bundleCount)
}

/** Gives the bundles back and ends what runs in them. */
export const removePlacementGroup = (group: PlacementGroup): Promise<void> => currentBackend().removePlacementGroup(group.id)

/** All groups of the cluster, those that wait with the reason. */
export const placementGroups = (): Promise<GroupInfo[]> => currentBackend().placementGroups()
