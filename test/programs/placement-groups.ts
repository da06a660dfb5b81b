import assert from 'node:assert/strict'
import * as shoal from 'shoal'
import { check, finish, rejection, until } from '../support/checks.ts'
import { startCluster } from '../support/cluster.ts'

const cluster = await startCluster({
  nodes: [
    { cpus: 2, labels: { zone: 'a' } },
    { cpus: 2, labels: { zone: 'b' } },
    { cpus: 2, labels: { zone: 'c' } },
  ],
})
const [a, b, c] = cluster.nodes.map((node) => node.nodeId) as [string, string, string] // as many as were asked for
const join = { address: cluster.address, tempDir: cluster.tempDir }
await shoal.init(join)

const where = shoal.remote(() => shoal.runtimeContext().nodeId)
const stay = shoal.remote(async () => {
  await new Promise((resolve) => setTimeout(resolve, 60_000))
})
class Place {
  node(): string {
    return shoal.runtimeContext().nodeId
  }
  group(): string | null {
    return shoal.runtimeContext().placementGroupId
  }
}
const Placed = shoal.actor(Place)
const infoOf = async (group: shoal.PlacementGroup): Promise<shoal.GroupInfo> => {
  const info = (await shoal.placementGroups()).find(({ groupId }) => groupId === group.id)
  assert(info, 'the group is listed')
  return info
}
const nodesOf = async (group: shoal.PlacementGroup): Promise<(string | null)[]> => (await infoOf(group)).bundles.map(({ nodeId }) => nodeId)
const allFree = () =>
  until('all CPUs are free', async () => {
    const [free, all] = [await shoal.availableResources(), await shoal.clusterResources()]
    return free['CPU'] === all['CPU']
  })

/** A check that leaves no group behind. */
const groupCheck = (name: string, body: () => Promise<void>) =>
  check(name, async () => {
    try {
      await body()
    } finally {
      for (const { groupId, state, bundles } of await shoal.placementGroups()) {
        if (state !== 'removed') await shoal.removePlacementGroup(new shoal.PlacementGroup(groupId, bundles.length))
      }
      await allFree()
    }
  })

await groupCheck('STRICT_PACK puts all bundles on one node, PACK too when they fit', async () => {
  for (const strategy of ['STRICT_PACK', 'PACK'] as const) {
    const group = shoal.placementGroup({ bundles: [{ CPU: 1 }, { CPU: 1 }], strategy })
    await group.ready()
    assert.equal(new Set(await nodesOf(group)).size, 1)
    await shoal.removePlacementGroup(group)
  }
})

await groupCheck('PACK goes over several nodes when one is too small; STRICT_PACK waits and says why', async () => {
  const pack = shoal.placementGroup({ bundles: [{ CPU: 1 }, { CPU: 1 }, { CPU: 1 }], strategy: 'PACK' })
  await pack.ready()
  assert.equal(new Set(await nodesOf(pack)).size, 2)
  await shoal.removePlacementGroup(pack)
  const strict = shoal.placementGroup({ bundles: [{ CPU: 1 }, { CPU: 1 }, { CPU: 1 }], strategy: 'STRICT_PACK' })
  await until('it says why it waits', async () => (await infoOf(strict)).why !== '')
  const info = await infoOf(strict)
  assert.equal(info.state, 'pending')
  assert.match(info.why, /STRICT_PACK needs one node/)
})

await groupCheck('SPREAD and STRICT_SPREAD use different nodes', async () => {
  for (const strategy of ['SPREAD', 'STRICT_SPREAD'] as const) {
    const group = shoal.placementGroup({ bundles: [{ CPU: 1 }, { CPU: 1 }, { CPU: 1 }], strategy })
    await group.ready()
    assert.deepEqual(new Set(await nodesOf(group)), new Set([a, b, c]))
    await shoal.removePlacementGroup(group)
  }
  const tooMany = shoal.placementGroup({ bundles: [{ CPU: 1 }, { CPU: 1 }, { CPU: 1 }, { CPU: 1 }], strategy: 'STRICT_SPREAD' })
  await until('it says why it waits', async () => /STRICT_SPREAD needs 4 nodes/.test((await infoOf(tooMany)).why))
  const soft = shoal.placementGroup({ bundles: [{ CPU: 1 }, { CPU: 1 }, { CPU: 1 }, { CPU: 1 }], strategy: 'SPREAD' })
  await soft.ready()
  await shoal.removePlacementGroup(tooMany)
})

await groupCheck('a group is set aside whole or not at all', async () => {
  const first = shoal.placementGroup({ bundles: [{ CPU: 2 }, { CPU: 2 }], strategy: 'STRICT_SPREAD' })
  await first.ready()
  const second = shoal.placementGroup({ bundles: [{ CPU: 2 }, { CPU: 2 }], strategy: 'STRICT_SPREAD' })
  await until('it says why it waits', async () => /beside what runs now/.test((await infoOf(second)).why))
  assert.equal((await shoal.availableResources())['CPU'], 2) // nothing is held for the one that waits
  await shoal.removePlacementGroup(first)
  await second.ready()
})

await groupCheck('bundles show as resources of the group while it lives', async () => {
  const group = shoal.placementGroup({ bundles: [{ CPU: 1 }, { CPU: 1 }], strategy: 'STRICT_PACK' })
  await group.ready()
  const names = () => shoal.availableResources()
  await until('they are reported', async () => (await names())[`CPU_group_0_${group.id}`] === 1)
  const free = await names()
  assert.equal(free[`CPU_group_1_${group.id}`], 1)
  assert.equal(free[`CPU_group_${group.id}`], 2)
  assert.equal(free[`bundle_group_${group.id}`], 2_000)
  assert.equal(free['CPU'], 4)
  await shoal.removePlacementGroup(group)
  await until('they are gone', async () => Object.keys(await names()).every((name) => !name.includes(group.id)))
})

await groupCheck('tasks and actors run in the bundle that they name, or in any', async () => {
  const group = shoal.placementGroup({ bundles: [{ CPU: 1 }, { CPU: 1 }, { CPU: 1 }], strategy: 'STRICT_SPREAD' })
  await group.ready()
  const nodes = await nodesOf(group)
  for (const bundleIndex of [0, 1, 2]) {
    const schedulingStrategy = { placementGroup: group, bundleIndex }
    assert.equal(await shoal.get(where.options({ schedulingStrategy }).remote()), nodes[bundleIndex])
    const actor = Placed.options({ schedulingStrategy, numCpus: 1 }).remote()
    assert.equal(await shoal.get(actor.node.remote()), nodes[bundleIndex])
    assert.equal(await shoal.get(actor.group.remote()), group.id)
    await shoal.kill(actor)
  }
  const anywhere = where.options({ schedulingStrategy: { placementGroup: group } })
  assert((await shoal.get([1, 2, 3].map(() => anywhere.remote()))).every((nodeId) => nodes.includes(nodeId)))
})

await groupCheck('a task for any bundle uses the one that has room', async () => {
  const group = shoal.placementGroup({ bundles: [{ CPU: 1 }, { CPU: 1 }], strategy: 'STRICT_SPREAD' })
  await group.ready()
  const holders = [0, 1].map((bundleIndex) =>
    Placed.options({ schedulingStrategy: { placementGroup: group, bundleIndex }, numCpus: 1 }).remote(),
  )
  const nodes = await shoal.get(holders.map((holder) => holder.node.remote()))
  for (const free of [0, 1]) {
    const holder = Placed.options({ schedulingStrategy: { placementGroup: group, bundleIndex: free }, numCpus: 1 })
    await shoal.kill(holders[free] as (typeof holders)[number]) // there are two
    assert.equal(
      await shoal.get(where.options({ schedulingStrategy: { placementGroup: group } }).remote(), { timeout: '20s' }),
      nodes[free],
    )
    holders[free] = holder.remote()
    await shoal.get((holders[free] as (typeof holders)[number]).node.remote())
  }
})

await groupCheck('tasks may be submitted before the group is placed; they wait for it', async () => {
  const group = shoal.placementGroup({ bundles: [{ CPU: 2 }], bundleLabelSelector: [{ zone: 'b' }] })
  const ref = where.options({ schedulingStrategy: { placementGroup: group, bundleIndex: 0 }, numCpus: 2 }).remote()
  const actor = Placed.options({ schedulingStrategy: { placementGroup: group, bundleIndex: 0 }, numCpus: 0 }).remote()
  assert.equal(await shoal.get(ref), b)
  assert.equal(await shoal.get(actor.node.remote()), b)
})

await groupCheck('a task that asks for more than its bundle has fails, and so does a bundle that does not exist', async () => {
  const group = shoal.placementGroup({ bundles: [{ CPU: 1 }] })
  await group.ready()
  const tooBig = where.options({ schedulingStrategy: { placementGroup: group, bundleIndex: 0 }, numCpus: 2 }).remote()
  const wrong = where.options({ schedulingStrategy: { placementGroup: group, bundleIndex: 7 } }).remote()
  for (const ref of [tooBig, wrong]) {
    const error = await rejection(shoal.get(ref, { timeout: '20s' }))
    assert(error instanceof shoal.TaskUnschedulableError, `${error.name}: ${error.message}`)
  }
  const actor = Placed.options({ schedulingStrategy: { placementGroup: group, bundleIndex: 0 }, numCpus: 2 }).remote()
  const error = await rejection(shoal.get(actor.node.remote(), { timeout: '20s' }))
  assert(error instanceof shoal.ActorUnschedulableError, `${error.name}: ${error.message}`)
})

await groupCheck('children of a task in a group run there too when captureChildTasks is set, and else do not', async () => {
  const group = shoal.placementGroup({ bundles: [{ CPU: 2 }], bundleLabelSelector: [{ zone: 'c' }] })
  await group.ready()
  const inside = shoal.remote(() => shoal.runtimeContext().placementGroupId)
  const parent = shoal.remote(async () => shoal.get(inside.remote()))
  const captured = parent.options({ schedulingStrategy: { placementGroup: group, captureChildTasks: true } })
  assert.equal(await shoal.get(captured.remote()), group.id)
  assert.equal(await shoal.get(parent.options({ schedulingStrategy: { placementGroup: group } }).remote()), null)
  const makesActor = shoal.remote(async () => shoal.get(Placed.options({ numCpus: 1 }).remote().group.remote()))
  assert.equal(
    await shoal.get(makesActor.options({ schedulingStrategy: { placementGroup: group, captureChildTasks: true } }).remote()),
    group.id,
  )
})

await groupCheck('a group may be passed to tasks, and used by functions that they carry', async () => {
  const group = shoal.placementGroup({ bundles: [{ CPU: 1 }], bundleLabelSelector: [{ zone: 'b' }] })
  await group.ready()
  const inGroup = where.options({ schedulingStrategy: { placementGroup: group, bundleIndex: 0 } })
  const outer = shoal.remote(async (given: shoal.PlacementGroup) => {
    await given.ready()
    const options = { schedulingStrategy: { placementGroup: given } }
    return shoal.get([inGroup.remote(), where.options(options).remote()])
  })
  assert.deepEqual(await shoal.get(outer.remote(group)), [b, b])
})

await groupCheck('removing a group ends what runs in it and fails what waits for it, at once', async () => {
  const group = shoal.placementGroup({ bundles: [{ CPU: 1 }] })
  await group.ready()
  const inGroup = { schedulingStrategy: { placementGroup: group, bundleIndex: 0 } }
  const actor = Placed.options({ ...inGroup, numCpus: 0, maxRestarts: -1 }).remote()
  await shoal.get(actor.node.remote())
  const running = stay.options(inGroup).remote()
  const waiting = stay.options(inGroup).remote()
  await until('the bundle is there and in use', async () => {
    const free = await shoal.availableResources()
    return (free[`bundle_group_0_${group.id}`] ?? 0) > 0 && (free[`CPU_group_0_${group.id}`] ?? 0) === 0
  })
  const startedMs = performance.now()
  await shoal.removePlacementGroup(group)
  for (const ref of [
    running,
    waiting,
    actor.node.remote(),
    where.options(inGroup).remote(),
    Placed.options(inGroup).remote().node.remote(),
  ]) {
    const error = await rejection(shoal.get(ref, { timeout: '20s' }))
    assert(error instanceof shoal.PlacementGroupRemovedError, `${error.name}: ${error.message}`)
  }
  assert((await rejection(group.ready())) instanceof shoal.PlacementGroupRemovedError)
  assert(performance.now() - startedMs < 5_000, 'nothing hung')
  assert.equal((await infoOf(group)).state, 'removed')
})

await groupCheck('an infeasible group says which bundle no node can hold', async () => {
  const group = shoal.placementGroup({ bundles: [{ CPU: 1 }, { CPU: 1, unobtainium: 1 }] })
  await until('it says why', async () => /bundle 1: .*unobtainium/.test((await infoOf(group)).why))
  const never = shoal.placementGroup({ bundles: [{ CPU: 1 }], bundleLabelSelector: [{ zone: 'nowhere' }] })
  await until('it says why', async () => /zone/.test((await infoOf(never)).why))
  const pending = rejection(group.ready())
  await shoal.removePlacementGroup(group)
  assert((await pending) instanceof shoal.PlacementGroupRemovedError)
})

await groupCheck('a waiting group is placed when a node joins', async () => {
  const group = shoal.placementGroup({ bundles: [{ rare: 1 }] })
  const added = await cluster.addNode({ cpus: 1, resources: { rare: 1 } })
  await group.ready()
  assert.deepEqual(await nodesOf(group), [added.nodeId])
  await shoal.removePlacementGroup(group)
  await cluster.stopNode(added)
})

await groupCheck('bundles of a node that dies are placed on another; the others stay', async () => {
  const added = await cluster.addNode({ cpus: 4, labels: { zone: 'd' } })
  const group = shoal.placementGroup({ bundles: [{ CPU: 1 }, { CPU: 1 }, { CPU: 1 }, { CPU: 1 }], strategy: 'STRICT_SPREAD' })
  await group.ready()
  const before = await nodesOf(group)
  const lost = before.indexOf(added.nodeId)
  await cluster.killNode(added)
  await until('it is being rescheduled', async () => (await infoOf(group)).state === 'rescheduling', 30_000)
  const spare = await cluster.addNode({ cpus: 1 })
  await until('it is whole again', async () => (await infoOf(group)).state === 'created', 30_000)
  assert.deepEqual(
    await nodesOf(group),
    before.map((nodeId, index) => (index === lost ? spare.nodeId : nodeId)),
  )
  assert.equal(await shoal.get(where.options({ schedulingStrategy: { placementGroup: group, bundleIndex: lost } }).remote()), spare.nodeId)
  await shoal.removePlacementGroup(group)
  await cluster.stopNode(spare)
})

await groupCheck('a group ends with its program, unless it is detached', async () => {
  const plain = shoal.placementGroup({ bundles: [{ CPU: 1 }] })
  const detached = shoal.placementGroup({ bundles: [{ CPU: 1 }], lifetime: 'detached', name: 'stays' })
  await plain.ready()
  await detached.ready()
  await shoal.shutdown()
  await shoal.init(join)
  await until('the first is gone', async () => (await infoOf(plain)).state === 'removed')
  const stays = await infoOf(detached)
  assert.deepEqual([stays.state, stays.name], ['created', 'stays'])
})

await shoal.shutdown()
await cluster.stop()
finish()
