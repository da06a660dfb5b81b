import { type Amounts, fits, fromUnits } from '../../base/fixed-point.ts'
import { describeSelector, matchesLabels } from './labels.ts'
import type { PlacementNode, PlacementShape } from './shapes.ts'

export type Misfit = {
  /** No open node could serve it even when empty. */
  readonly infeasible: boolean
  /** Infeasible, and no node that joins later can change that: it is bound to a node that is gone. */
  readonly final: boolean
  /** What is missing and where it is nearest, in words for the user. At most about 1,000 characters. */
  readonly why: string
  /** The node that comes closest; null when there is none to name. */
  readonly nearest: string | null
}

/** Says why none of `nodes`, which are those not known to be dead, takes `shape` now. Call it after `pickNode` found none: it looks at every node. */
export function explainMisfit(nodes: readonly PlacementNode[], shape: PlacementShape): Misfit {
  if (shape.strategy.kind === 'node' && !shape.strategy.soft) return explainBound(nodes, shape, shape.strategy.nodeId)
  const open = nodes.filter((node) => node.isOpen)
  const asked = describeAmounts(shape.wanted)
  if (open.length === 0) return misfit(`no node of the cluster takes work now; it asks for ${asked}`, true)
  const selectors = [shape.labels, ...shape.fallbackLabels]
  const matching = open.filter((node) => selectors.some((selector) => matchesLabels(node.labels, selector)))
  if (matching.length === 0) {
    const wanted = selectors.map(describeSelector).join(', or ')
    return misfit(`no node has the labels asked for: ${wanted} (nodes looked at: ${open.length})`, true)
  }
  const able = matching.filter((node) => fits(node.total, shape.wanted))
  const among = matching.length < open.length ? ` of the ${matching.length} with the labels asked for` : ''
  if (able.length === 0) {
    const node = nearestOf(matching, shape.wanted, (each) => each.total)
    return misfit(
      `no node${among} can ever hold ${asked}; the nearest, ${nameOf(node)}, has ${describeNeeded(node.total, shape.wanted)}`,
      true,
      node.nodeId,
    )
  }
  const node = nearestOf(able, shape.wanted, (each) => each.available)
  const busy = able.length === 1 ? 'the one node that can hold it is busy' : `${able.length} nodes can hold it, all are busy`
  return misfit(
    `it asks for ${asked}; ${busy}; ${nameOf(node)} has ${describeNeeded(node.available, shape.wanted)} free`,
    false,
    node.nodeId,
  )
}

function explainBound(nodes: readonly PlacementNode[], shape: PlacementShape, nodeId: string): Misfit {
  const node = nodes.find((each) => each.nodeId === nodeId)
  const asked = describeAmounts(shape.wanted)
  if (node === undefined) {
    return { infeasible: true, final: true, why: `it is bound to node ${nodeId}, which is not alive`, nearest: null }
  }
  if (!node.isOpen) return misfit(`it is bound to ${nameOf(node)}, which takes no work now`, false, nodeId)
  if (!fits(node.total, shape.wanted)) {
    return misfit(
      `it is bound to ${nameOf(node)}, which has ${describeNeeded(node.total, shape.wanted)} and can never hold ${asked}`,
      true,
      nodeId,
    )
  }
  if (![shape.labels, ...shape.fallbackLabels].some((selector) => matchesLabels(node.labels, selector))) {
    return misfit(`it is bound to ${nameOf(node)}, which has not the labels asked for: ${describeSelector(shape.labels)}`, true, nodeId)
  }
  return misfit(
    `it is bound to ${nameOf(node)}, which is busy: ${describeNeeded(node.available, shape.wanted)} free, it asks for ${asked}`,
    false,
    nodeId,
  )
}

const misfit = (why: string, infeasible: boolean, nearest: string | null = null): Misfit => ({
  infeasible,
  final: false,
  why: why.slice(0, 2_000),
  nearest,
})

/** The node that lacks the smallest share of what is wanted. */
function nearestOf(
  nodes: readonly PlacementNode[],
  wanted: Readonly<Amounts>,
  held: (node: PlacementNode) => Readonly<Amounts>,
): PlacementNode {
  const [first] = nodes
  if (first === undefined) throw new RangeError('nearestOf needs a node')
  let nearest = first
  let least = Number.POSITIVE_INFINITY
  for (const node of nodes) {
    let lacking = 0
    for (const name in wanted) {
      const amount = wanted[name] ?? 0
      lacking += Math.max(0, amount - (held(node)[name] ?? 0)) / amount
    }
    if (lacking >= least) continue
    least = lacking
    nearest = node
  }
  return nearest
}

/** `4 CPU, 1 GPU`; `nothing` when empty. */
export function describeAmounts(amounts: Readonly<Amounts>): string {
  const parts = Object.entries(amounts)
    .slice(0, 16)
    .map(([name, units]) => `${fromUnits(units)} ${name}`)
  return parts.length === 0 ? 'nothing' : parts.join(', ')
}

const describeNeeded = (held: Readonly<Amounts>, wanted: Readonly<Amounts>): string =>
  describeAmounts(Object.fromEntries(Object.keys(wanted).map((name) => [name, held[name] ?? 0])))
const nameOf = (node: PlacementNode): string =>
  node.nodeName === '' ? node.nodeId.slice(0, 12) : `${node.nodeName} (${node.nodeId.slice(0, 12)})`
