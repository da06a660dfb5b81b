import { addAmounts, subtractAmounts, type Amounts } from '../../base/fixed-point.ts'
import { invariant } from '../../base/invariant.ts'
import type { Allocation, Pool } from './pool.ts'
import type { AgentState } from './state.ts'

/** Throws InvariantError when the state contradicts itself. Looks at everything: for tests and simulation. */
export function checkInvariants(state: AgentState): void {
  const held = collectAllocations(state)
  checkPool('node', state.pool, held.get(null) ?? [])
  for (const bundle of state.bundles.values()) {
    const users = held.get(bundle.key) ?? []
    checkPool(bundle.key, bundle.pool, users)
    invariant(users.length === bundle.users, `bundle ${bundle.key} counts ${bundle.users} users, ${users.length} hold a part of it`)
    invariant(state.bundlesOfGroup.get(bundle.groupId)?.has(bundle.key), `bundle ${bundle.key} is missing in the index of its group`)
    invariant(bundle.users > 0 || !bundle.returning, `bundle ${bundle.key} was given back, is unused, and still here`)
  }
  for (const key of held.keys()) invariant(key === null || state.bundles.has(key), `something holds a part of bundle ${key}, which is gone`)
  checkWorkers(state)
  checkLeases(state)
  checkQueues(state)
}

function collectAllocations(state: AgentState): Map<string | null, Allocation[]> {
  const held = new Map<string | null, Allocation[]>()
  const add = (allocation: Allocation) => {
    const users = held.get(allocation.bundle)
    if (users) users.push(allocation)
    else held.set(allocation.bundle, [allocation])
  }
  for (const wish of state.wishes.values()) if (wish.allocation) add(wish.allocation)
  for (const lease of state.leases.values()) add(lease.allocation)
  for (const actor of state.actors.values()) add(actor.allocation)
  for (const worker of state.workers.values()) if (worker.phase.kind === 'leaving' && worker.phase.kept) add(worker.phase.kept)
  for (const { phase, allocation } of state.submissions.values()) if (allocation && phase.kind !== 'ended') add(allocation)
  for (const bundle of state.bundles.values()) add(bundle.allocation)
  return held
}

function checkPool(name: string, pool: Pool, users: readonly Allocation[]): void {
  const sum: Amounts = { ...pool.available }
  const onDevice = new Map<string, number>()
  for (const user of users) {
    addAmounts(sum, user.amounts)
    if (user.lentCpu > 0) subtractAmounts(sum, { CPU: user.lentCpu })
    for (const share of user.gpus) onDevice.set(share.id, (onDevice.get(share.id) ?? 0) + share.units)
    const units = user.gpus.reduce((total, share) => total + share.units, 0)
    invariant(units === (user.amounts['GPU'] ?? 0), `${name}: ${units} units of devices for ${user.amounts['GPU'] ?? 0} units of GPU`)
  }
  for (const key of new Set([...Object.keys(sum), ...Object.keys(pool.total)])) {
    invariant(
      (sum[key] ?? 0) === (pool.total[key] ?? 0),
      `${name}: ${key} free and held is ${sum[key] ?? 0}, in total ${pool.total[key] ?? 0}`,
    )
  }
  for (const [key, units] of Object.entries(pool.available)) {
    if (units >= 0) continue
    invariant(key === 'CPU' && users.some((user) => user.wasLent), `${name}: ${units} units of ${key} are free`)
  }
  for (const slot of pool.gpus) {
    invariant(slot.freeUnits >= 0, `${name}: GPU ${slot.id} is below zero`)
    invariant(slot.freeUnits + (onDevice.get(slot.id) ?? 0) === slot.totalUnits, `${name}: GPU ${slot.id} does not add up`)
  }
}

function checkWorkers(state: AgentState): void {
  let starting = 0
  let blockedLeases = 0
  const idle = new Set<string>()
  for (const [job, stack] of state.idle) {
    for (const workerId of stack) {
      invariant(!idle.has(workerId), `worker ${workerId} is idle twice`)
      idle.add(workerId)
      invariant((state.workers.get(workerId)?.jobId ?? '') === job, `worker ${workerId} is idle for job '${job}', which is not its own`)
    }
  }
  for (const worker of state.workers.values()) {
    const { phase, workerId } = worker
    invariant((phase.kind === 'idle') === idle.has(workerId), `worker ${workerId} is ${phase.kind}, the idle list says otherwise`)
    if (phase.kind === 'starting') starting += 1
    else invariant(worker.address !== null, `worker ${workerId} is ${phase.kind} without an address`)
    if (phase.kind === 'leased')
      invariant(state.leases.get(phase.leaseId)?.workerId === workerId, `lease ${phase.leaseId} has another worker`)
    if (phase.kind === 'actor')
      invariant(state.actors.get(phase.actorId)?.workerId === workerId, `actor ${phase.actorId} has another worker`)
    if (phase.kind === 'leased' && worker.blocked) blockedLeases += 1
  }
  invariant(starting === state.startingCount, `${starting} workers start, ${state.startingCount} are counted`)
  invariant(blockedLeases === state.blockedLeases, `${blockedLeases} leases are blocked, ${state.blockedLeases} are counted`)
}

function checkLeases(state: AgentState): void {
  for (const lease of state.leases.values()) {
    const phase = state.workers.get(lease.workerId)?.phase
    invariant(phase?.kind === 'leased' && phase.leaseId === lease.leaseId, `lease ${lease.leaseId} has no worker of its own`)
    invariant(state.leasesOfOwner.get(lease.ownerId)?.has(lease.leaseId), `lease ${lease.leaseId} is missing at its owner`)
    invariant(state.leaseOfWish.get(lease.wishKey) === lease.leaseId, `two leases for request ${lease.wishKey}`)
    invariant(!state.wishes.has(lease.wishKey), `request ${lease.wishKey} is granted and waits`)
  }
  let indexed = 0
  for (const leaseIds of state.leasesOfOwner.values()) indexed += leaseIds.size
  invariant(indexed === state.leases.size && state.leaseOfWish.size === state.leases.size, 'the indexes of leases and the leases differ')
}

function checkQueues(state: AgentState): void {
  const placed = new Set(state.starts.flatMap((start) => (start.kind === 'wish' ? [start.wish.key] : [])))
  let waiting = 0
  for (const queue of state.queues.values()) {
    const live = queue.items.slice(queue.front).filter((wish) => !wish.gone && wish.allocation === null)
    invariant(live.length === queue.live, `queue ${queue.key} counts ${queue.live}, ${live.length} wait`)
    const counted = [...queue.owners.values()].reduce((total, owner) => total + owner.count, 0)
    invariant(counted === queue.live, `queue ${queue.key} counts ${counted} by owner, ${queue.live} in all`)
    for (const wish of live) invariant(state.wishes.get(wish.key) === wish, `request ${wish.key} is queued and not known`)
    waiting += live.length
  }
  for (const wish of state.wishes.values()) {
    if (wish.allocation === null) waiting -= 1
    else invariant(placed.has(wish.key), `request ${wish.key} has resources and nobody looks for a worker`)
    invariant(state.wishesOfOwner.get(wish.ownerId)?.has(wish.key), `request ${wish.key} is missing at its owner`)
  }
  invariant(waiting === 0, `${-waiting} requests wait in no queue`)
}
