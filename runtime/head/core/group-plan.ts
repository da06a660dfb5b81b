import { addAmounts, type Amounts, amountsFrom, fits, subtractAmounts } from '../../base/fixed-point.ts'
import type { GroupSpec } from '../../protocol/groups.ts'
import { describeAmounts, explainMisfit } from '../../protocol/placement/explain-misfit.ts'
import { matchesLabels } from '../../protocol/placement/labels.ts'
import type { PlacementNode } from '../../protocol/placement/shapes.ts'

export type PlanInput = {
  readonly spec: GroupSpec
  /** Indexes of the bundles that need a node. */
  readonly missing: readonly number[]
  /** Nodes of the bundles that have one, as often as they have one. */
  readonly taken: readonly string[]
}

type Wanted = { readonly index: number; readonly amounts: Amounts; readonly labels: GroupSpec['bundles'][number]['labels'] }
type Plan = Map<number, string>
/** What each node has left while the plan grows; only nodes that were given something have an entry. */
type Left = { of(node: PlacementNode): Readonly<Amounts>; take(node: PlacementNode, amounts: Amounts): void }

/** Returns a node for every missing bundle, or undefined when they do not all fit now. Same inputs, same plan. */
export function planBundles(nodes: readonly PlacementNode[], input: PlanInput): Plan | undefined {
  const open = nodes.filter((node) => node.isOpen)
  const wanted = wantedOf(input)
  switch (input.spec.strategy) {
    case 'STRICT_PACK':
      return packOnOne(open, wanted)
    case 'PACK':
      return packOnOne(preferTaken(open, input), wanted) ?? packOnFew(preferTaken(open, input), wanted)
    case 'SPREAD':
      return spread(open, wanted, { taken: input.taken, isStrict: false })
    case 'STRICT_SPREAD':
      return spread(open, wanted, { taken: input.taken, isStrict: true })
  }
}

/** Says why `planBundles` found none, and whether the cluster could not hold the group even when empty. */
export function explainPlan(nodes: readonly PlacementNode[], input: PlanInput): { infeasible: boolean; why: string } {
  const open = nodes.filter((node) => node.isOpen)
  const empty = open.map((node) => ({ ...node, available: node.total }))
  const { strategy } = input.spec
  if (planBundles(empty, input) !== undefined)
    return { infeasible: false, why: `the ${strategy} group fits the cluster, but not beside what runs now` }
  for (const { index, amounts, labels } of wantedOf(input)) {
    const shape = { wanted: amounts, labels, fallbackLabels: [], strategy: { kind: 'default' as const } }
    const misfit = explainMisfit(open, shape)
    if (misfit.infeasible) return { infeasible: true, why: `bundle ${index}: ${misfit.why}` }
  }
  if (strategy === 'STRICT_PACK') {
    const all: Amounts = {}
    for (const { amounts } of wantedOf(input)) addAmounts(all, amounts)
    return { infeasible: true, why: `STRICT_PACK needs one node for all bundles, ${describeAmounts(all)} together; no node has that` }
  }
  if (strategy === 'STRICT_SPREAD') {
    const needed = input.missing.length + new Set(input.taken).size
    return { infeasible: true, why: `STRICT_SPREAD needs ${needed} nodes that each hold a bundle; of the ${open.length} nodes too few can` }
  }
  return { infeasible: true, why: `the ${input.spec.bundles.length} bundles ask for more than all ${open.length} nodes have together` }
}

/** Biggest first: what is hard to place must not find its room taken by what is easy. */
function wantedOf({ spec, missing }: PlanInput): Wanted[] {
  const size = (amounts: Amounts) => Object.values(amounts).reduce((sum, units) => sum + units, 0)
  return missing
    .map((index) => ({ index, amounts: amountsFrom(spec.bundles[index]?.resources ?? {}), labels: spec.bundles[index]?.labels ?? [] }))
    .map((wanted) => ({ wanted, size: size(wanted.amounts) }))
    .sort((one, other) => other.size - one.size || one.wanted.index - other.wanted.index)
    .map(({ wanted }) => wanted)
}

function preferTaken(nodes: readonly PlacementNode[], { taken }: PlanInput): readonly PlacementNode[] {
  if (taken.length === 0) return nodes
  const held = new Set(taken)
  return [...nodes.filter((node) => held.has(node.nodeId)), ...nodes.filter((node) => !held.has(node.nodeId))]
}

/** The fullest node that holds them all, so that big holes stay for big things; the first in order among equals. */
function packOnOne(nodes: readonly PlacementNode[], wanted: readonly Wanted[]): Plan | undefined {
  const all: Amounts = {}
  for (const { amounts } of wanted) addAmounts(all, amounts)
  let best: PlacementNode | undefined
  for (const node of nodes) {
    if (!fits(node.available, all) || !wanted.every(({ labels }) => matchesLabels(node.labels, labels))) continue
    if (best === undefined || freeCpu(node) < freeCpu(best)) best = node
  }
  return best && new Map(wanted.map(({ index }) => [index, best.nodeId]))
}

/** Fills the freest nodes one after another. */
function packOnFew(nodes: readonly PlacementNode[], wanted: readonly Wanted[]): Plan | undefined {
  const plan: Plan = new Map()
  const left = createLeft()
  let rest = [...wanted]
  for (const node of [...nodes].sort((one, other) => freeCpu(other) - freeCpu(one))) {
    rest = rest.filter(({ index, amounts, labels }) => {
      if (!fits(left.of(node), amounts) || !matchesLabels(node.labels, labels)) return true
      left.take(node, amounts)
      plan.set(index, node.nodeId)
      return false
    })
    if (rest.length === 0) return plan
  }
  return undefined
}

/** Each bundle to the node with the fewest of this group, then the freest. Strict: never two on one node. */
function spread(
  nodes: readonly PlacementNode[],
  wanted: readonly Wanted[],
  { taken, isStrict }: { taken: readonly string[]; isStrict: boolean },
): Plan | undefined {
  const plan: Plan = new Map()
  const left = createLeft()
  const held = new Map<string, number>()
  for (const nodeId of taken) held.set(nodeId, (held.get(nodeId) ?? 0) + 1)
  // Where labels or sizes differ, what has the fewest places to go chooses first.
  const choices = wanted.map((each) => ({ each, places: nodes.filter((node) => canHold(node, node.available, each)).length }))
  choices.sort((one, other) => one.places - other.places)
  for (const { each } of choices) {
    let best: PlacementNode | undefined
    for (const node of nodes) {
      const count = held.get(node.nodeId) ?? 0
      if ((isStrict && count > 0) || !canHold(node, left.of(node), each)) continue
      const bestCount = best === undefined ? Number.POSITIVE_INFINITY : (held.get(best.nodeId) ?? 0)
      if (count < bestCount || (count === bestCount && best !== undefined && freeCpu(node) > freeCpu(best))) best = node
    }
    if (best === undefined) return undefined
    left.take(best, each.amounts)
    held.set(best.nodeId, (held.get(best.nodeId) ?? 0) + 1)
    plan.set(each.index, best.nodeId)
  }
  return plan
}

const canHold = (node: PlacementNode, available: Readonly<Amounts>, { amounts, labels }: Wanted): boolean =>
  fits(available, amounts) && matchesLabels(node.labels, labels)

const freeCpu = (node: PlacementNode): number => node.available['CPU'] ?? 0

function createLeft(): Left {
  const left = new Map<string, Amounts>()
  return {
    of: (node) => left.get(node.nodeId) ?? node.available,
    take(node, amounts) {
      const remaining = left.get(node.nodeId) ?? { ...node.available }
      subtractAmounts(remaining, amounts)
      left.set(node.nodeId, remaining)
    },
  }
}
