import { type Amounts, addAmounts, fits, subtractAmounts, unitsPerOne } from '../../base/fixed-point.ts'
import type { Devices } from '../../protocol/scheduling.ts'

/** One GPU, or the part of it that a bundle holds. */
export type DeviceSlot = { readonly id: string; readonly totalUnits: number; freeUnits: number }

/** Amounts to hand out: a node's, or those of one bundle, which are cut from the node's. */
export type Pool = { readonly total: Readonly<Amounts>; readonly available: Amounts; readonly gpus: readonly DeviceSlot[] }

/** What one user holds of a pool. */
export type Allocation = {
  /** Key of the bundle it was cut from; null for the node itself. */
  readonly bundle: string | null
  readonly amounts: Amounts
  gpus: { readonly id: string; readonly units: number }[]
  /** Units of CPU given back while its worker waits for others. */
  lentCpu: number
  /** It was lent and taken back at least once: the one reason why a pool's CPU may be below zero. */
  wasLent: boolean
}

/** A pool with everything free. A GPU count above `gpuIds` gets the indexes that follow. */
export function createPool(total: Readonly<Amounts>, gpuIds: readonly string[]): Pool {
  const gpus: DeviceSlot[] = []
  for (let left = total['GPU'] ?? 0; left > 0; left -= unitsPerOne) {
    const units = Math.min(left, unitsPerOne)
    gpus.push({ id: gpuIds[gpus.length] ?? String(gpus.length), totalUnits: units, freeUnits: units })
  }
  return { total: { ...total }, available: { ...total }, gpus }
}

/** The pool of a bundle: what its allocation holds of the node. */
export function createBundlePool(allocation: Allocation): Pool {
  const gpus = allocation.gpus.map(({ id, units }) => ({ id, totalUnits: units, freeUnits: units }))
  return { total: { ...allocation.amounts }, available: { ...allocation.amounts }, gpus }
}

/** Takes `wanted` out of the pool; undefined, and nothing changed, when there is no room. GPU fractions share the fullest device that has room. */
export function allocate(pool: Pool, wanted: Readonly<Amounts>, bundle: string | null): Allocation | undefined {
  if (!fits(pool.available, wanted)) return undefined
  const gpus = chooseGpus(pool.gpus, wanted['GPU'] ?? 0, (slot) => slot.freeUnits)
  if (gpus === undefined) return undefined
  subtractAmounts(pool.available, wanted)
  for (const { slot, units } of gpus) slot.freeUnits -= units
  return {
    bundle,
    amounts: { ...wanted },
    gpus: gpus.map(({ slot, units }) => ({ id: slot.id, units })),
    lentCpu: 0,
    wasLent: false,
  }
}

/** Could the pool hold `wanted` when nothing else does? */
export function canEverHold(pool: Pool, wanted: Readonly<Amounts>): boolean {
  return fits(pool.total, wanted) && chooseGpus(pool.gpus, wanted['GPU'] ?? 0, (slot) => slot.totalUnits) !== undefined
}

export function giveBack(pool: Pool, allocation: Allocation): void {
  addAmounts(pool.available, allocation.amounts)
  if (allocation.lentCpu > 0) subtractAmounts(pool.available, { CPU: allocation.lentCpu })
  freeGpus(pool, allocation)
}

/** Lets an allocation go down to `kept`; what it did not have it does not get. */
export function shrink(pool: Pool, allocation: Allocation, kept: Readonly<Amounts>): void {
  const freed: Amounts = {}
  for (const name in allocation.amounts) {
    const surplus = (allocation.amounts[name] ?? 0) - (kept[name] ?? 0)
    if (surplus > 0) freed[name] = surplus
  }
  const lent = Math.min(allocation.lentCpu, freed['CPU'] ?? 0)
  subtractAmounts(allocation.amounts, freed)
  addAmounts(pool.available, freed)
  if (lent > 0) subtractAmounts(pool.available, { CPU: lent })
  allocation.lentCpu -= lent
  if (freed['GPU'] === undefined) return
  freeGpus(pool, allocation)
  const again = chooseGpus(pool.gpus, allocation.amounts['GPU'] ?? 0, (slot) => slot.freeUnits) ?? []
  for (const { slot, units } of again) slot.freeUnits -= units
  allocation.gpus = again.map(({ slot, units }) => ({ id: slot.id, units }))
}

/** The worker waits for others: its CPU may serve them. Returns whether anything became free. */
export function lendCpu(pool: Pool, allocation: Allocation): boolean {
  const units = (allocation.amounts['CPU'] ?? 0) - allocation.lentCpu
  if (units <= 0) return false
  allocation.lentCpu += units
  addAmounts(pool.available, { CPU: units })
  return true
}

/** It goes on: its CPU is taken back at once, even below zero. */
export function takeBackCpu(pool: Pool, allocation: Allocation): void {
  if (allocation.lentCpu === 0) return
  subtractAmounts(pool.available, { CPU: allocation.lentCpu })
  allocation.lentCpu = 0
  allocation.wasLent = true
}

export const devicesOf = (allocation: Allocation): Devices =>
  allocation.gpus.length === 0 ? {} : { GPU: allocation.gpus.map((share) => share.id) }

function freeGpus(pool: Pool, allocation: Allocation): void {
  for (const share of allocation.gpus) {
    const slot = pool.gpus.find((each) => each.id === share.id)
    if (slot) slot.freeUnits += share.units
  }
}

/** Undefined when the devices cannot serve it: above 1 only whole, untouched devices count. */
function chooseGpus(
  slots: readonly DeviceSlot[],
  units: number,
  roomOf: (slot: DeviceSlot) => number,
): { slot: DeviceSlot; units: number }[] | undefined {
  if (units === 0) return []
  if (units > unitsPerOne) {
    if (units % unitsPerOne !== 0) return undefined
    const whole = slots.filter((slot) => roomOf(slot) === unitsPerOne).slice(0, units / unitsPerOne)
    return whole.length * unitsPerOne === units ? whole.map((slot) => ({ slot, units: unitsPerOne })) : undefined
  }
  let best: DeviceSlot | undefined
  for (const slot of slots) if (roomOf(slot) >= units && (best === undefined || roomOf(slot) < roomOf(best))) best = slot
  return best && [{ slot: best, units }]
}
