import { ClusterError } from '../../runtime/base/errors.ts'
import { plannedMember } from '../bootstrap/machine-target.ts'
import type { OperationInput } from '../bootstrap/operation-input.ts'
import { type PlannedOperation, runnableInput } from '../bootstrap/plan-of.ts'
import type { Cluster, ClusterSpec } from '../contract/clusters.ts'
import { newClusterId } from '../storage/new-id.ts'
import { applyClusterFile, planClusterFile } from './cluster-files.ts'
import { exportClusterFile } from '../machines/cluster-file.ts'
import type { ClusterLeases } from './cluster-leases.ts'
import type { ClusterLinks } from './cluster-links.ts'
import type { ClusterPlans } from './cluster-plans.ts'
import type { Clusters } from './clusters.ts'
import type { LocalCluster } from './local-cluster.ts'
import type { Machines } from './machines.ts'
import type { Operations } from './operations.ts'
import type { PanelHandlers } from './panel-handlers.ts'
import type { RayClusters } from './ray-clusters.ts'
import type { Samples } from './samples.ts'

export type ClusterParts = {
  readonly machines: Machines
  readonly clusters: Clusters
  readonly plans: ClusterPlans
  readonly operations: Operations
  readonly links: ClusterLinks
  readonly leases: ClusterLeases
  readonly localCluster: LocalCluster
  readonly samples: Samples
  readonly rayClusters: RayClusters
  readonly nowMs: () => number
}

const all = { withoutBlocked: false }

export function clusterHandlers(parts: ClusterParts): PanelHandlers<'clusters'> {
  const { clusters, machines, plans, operations, links, leases, localCluster, samples, rayClusters } = parts
  const start = async (planned: PlannedOperation) => ({ operationId: await operations.start(runnableInput(planned, all)) })
  const show = async (planned: Promise<PlannedOperation>) => ({ plan: (await planned).plan })
  const members = ({ cluster: ref, machines: refs }: { cluster: string; machines: readonly string[] }) =>
    [madeHere(clusters, ref), machines.getAll(refs).map(({ id }) => id)] as const
  return {
    'clusters.list': () => clusters.list(),
    'clusters.get': ({ cluster }) => clusters.get(cluster),
    'clusters.planCreate': ({ spec, probe }, { signal }) => show(plans.create(newClusterId(), spec, { probe, signal })),
    'clusters.create': ({ spec, withoutBlocked }, { signal }) => createCluster(parts, spec, { withoutBlocked, signal }),
    'clusters.startLocal': (wish) => localCluster.start(wish),
    'clusters.submitSamples': async ({ cluster }, { signal }) => ({
      jobs: await samples.submit(ofOurs(clusters, cluster).id, { signal }),
    }),
    'clusters.planRay': (place, { signal }) => rayClusters.plan(place, signal),
    'clusters.connectRay': (wish, { signal }) => rayClusters.connect(wish, signal),
    'clusters.planAdd': (input, { signal }) => show(plans.add(...members(input), signal)),
    'clusters.add': async (input, { signal }) => {
      const [cluster, machineIds] = members(input)
      return { operationId: await addMembers(parts, cluster, { machineIds, signal }) }
    },
    'clusters.planDrain': (input) => show(plans.drain(...members(input), null)),
    'clusters.drain': async ({ withinMs, ...input }) => start(await plans.drain(...members(input), withinMs ?? null)),
    'clusters.planRemove': ({ force, ...input }, { signal }) => show(plans.remove(...members(input), { force, signal })),
    'clusters.remove': async ({ force, ...input }) => start(await plans.remove(...members(input), { force })),
    'clusters.planRestart': (input) => show(plans.restart(...members(input))),
    'clusters.restart': async (input) => start(await plans.restart(...members(input))),
    'clusters.planUpgrade': ({ rayVersion, ...input }) => show(plans.upgrade(...members(input), rayVersion)),
    'clusters.upgrade': async ({ rayVersion, ...input }) => {
      const [cluster, machineIds] = members(input)
      const planned = runnableInput(await plans.upgrade(cluster, machineIds, rayVersion), all)
      const { ray } = planned
      const operationId = await operations.start(planned, async () => {
        if (ray) await clusters.update(cluster.id, (now) => ({ ...now, ray }))
      })
      return { operationId }
    },
    'clusters.planDown': ({ cluster, force }, { signal }) => show(plans.down(madeHere(clusters, cluster), { force, signal })),
    'clusters.down': async ({ cluster, force }) => start(await planToGoDown(parts, cluster, force)),
    'clusters.forget': ({ cluster }) => forgetCluster(parts, clusters.get(cluster)),
    'clusters.connect': async ({ cluster: ref }, { signal }) => {
      const cluster = clusters.get(ref)
      await links.connect(cluster.id, signal)
      await leases.look(cluster).catch(() => {}) // a link says by itself what is wrong
      return clusters.get(cluster.id)
    },
    'clusters.disconnect': async ({ cluster }) => {
      const { id } = clusters.get(cluster)
      await links.disconnect(id)
      return clusters.get(id)
    },
    'clusters.takeOver': async ({ cluster: ref }) => {
      const cluster = madeHere(clusters, ref)
      await leases.takeOver(cluster)
      return clusters.get(cluster.id)
    },
    'clusters.export': ({ cluster }) => ({ yaml: exportClusterFile(madeHere(clusters, cluster), machines.list()) }),
    'clusters.planApply': (applied) => planClusterFile(parts, applied),
    'clusters.apply': (applied, { signal }) =>
      applyClusterFile(parts, applied, {
        create: (spec) => createCluster(parts, spec, { withoutBlocked: false, signal }),
        add: (cluster, machineIds) => addMembers(parts, cluster, { machineIds, signal }),
        remove: async (cluster, machineIds) => (await start(await plans.remove(cluster, machineIds, { force: false }))).operationId,
      }),
  }
}

async function forgetCluster(
  { clusters, links, rayClusters }: ClusterParts,
  { id, name, members }: Cluster,
): Promise<Record<string, never>> {
  if (members.length > 0) {
    throw new ClusterError(
      'wrong-state',
      `${name} has ${members.length === 1 ? 'a machine' : `${members.length} machines`}; take it down first, with force where they are gone`,
    )
  }
  await links.forget(id)
  await rayClusters.forgetToken(id)
  await clusters.remove(id)
  return {}
}

/** @throws ClusterError `not-supported` for a Ray cluster that others made: only they change it */
function madeHere(clusters: Clusters, ref: string): Cluster {
  const cluster = clusters.get(ref)
  if (!cluster.rayHead) return cluster
  throw new ClusterError(
    'not-supported',
    `${cluster.name} is a Ray cluster that others made: it can be looked at, be sent jobs and be forgotten, and its machines are none of this panel`,
  )
}

/** @throws ClusterError `not-supported` for one of Ray, on which the sample jobs do not run */
function ofOurs(clusters: Clusters, ref: string): Cluster {
  const cluster = madeHere(clusters, ref)
  if (cluster.engine === 'shoal') return cluster
  throw new ClusterError('not-supported', `${cluster.name} is a cluster of Ray; the sample jobs are programs for the engine shoal`)
}

/** What is known of it is recorded before it goes. */
async function planToGoDown({ clusters, links, plans }: ClusterParts, ref: string, force: boolean): Promise<PlannedOperation> {
  const { id } = madeHere(clusters, ref)
  await links.settle(id)
  const planned = await plans.down(clusters.get(id), { force })
  if (planned.input) return planned
  throw new ClusterError('wrong-state', 'this cluster has no machines any more; forget it to take it out of the list')
}

type Creating = { readonly withoutBlocked: boolean; readonly signal: AbortSignal }

/** Written down before anything is done on a machine: a removal finds what a creation that was broken off left. */
async function createCluster(
  parts: ClusterParts,
  spec: ClusterSpec,
  { withoutBlocked, signal }: Creating,
): Promise<{ clusterId: string; operationId: string }> {
  const { clusters, machines, plans, operations, nowMs } = parts
  if (clusters.find(spec.name))
    throw new ClusterError('already-exists', `there is a cluster ${spec.name} already; choose another name, or add machines to that one`)
  const clusterId = newClusterId()
  const planned = await plans.create(clusterId, spec, { probe: true, signal })
  const input = runnableInput(planned, { withoutBlocked })
  const { name, engine, ports, service } = spec
  const { ray } = input
  await clusters.add({
    ...{
      id: clusterId,
      name,
      engine,
      createdAtMs: nowMs(),
      ports,
      service,
      members: input.machines.map(plannedMember),
      ...(ray && { ray }),
    },
    ...{ link: { state: 'off', sinceMs: nowMs(), message: null }, lease: { holder: null, isOurs: false } },
  })
  await machines.setCluster(idsOf(input), clusterId)
  return { clusterId, operationId: await operations.start(input) }
}

async function addMembers(
  { clusters, machines, plans, operations }: ClusterParts,
  cluster: Cluster,
  { machineIds, signal }: { machineIds: readonly string[]; signal: AbortSignal },
): Promise<string> {
  const input = runnableInput(await plans.add(cluster, machineIds, signal), all)
  const known = new Set(cluster.members.map(({ machineId }) => machineId))
  const added = input.machines.filter(({ machineId }) => !known.has(machineId))
  return operations.start(input, async () => {
    await clusters.update(cluster.id, (now) => ({ ...now, members: [...now.members, ...added.map(plannedMember)] }))
    await machines.setCluster(idsOf(input), cluster.id)
  })
}

const idsOf = ({ machines }: OperationInput): string[] => machines.map(({ machineId }) => machineId)
