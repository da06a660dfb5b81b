import { type Amounts, fits, fromUnits } from '../../base/fixed-point.ts'
import type { LabelSelector } from '../scheduling.ts'
import { describeAmounts } from './explain-misfit.ts'
import { describeSelector, matchesLabels } from './labels.ts'
import type { PlacementNode, PlacementShape } from './shapes.ts'

/** A node as people ask about it: besides what placement sees, why it is closed. */
export type ExplainedNode = PlacementNode & { readonly closed: 'draining' | 'unreachable' | 'dead' | null }

export type NodeReason = {
  readonly nodeId: string
  readonly nodeName: string
  readonly verdict: 'fits' | 'busy' | 'too-small' | 'labels' | 'affinity' | 'draining' | 'unreachable' | 'dead'
  /** In words. */
  readonly why: string
  /** What is short now; amounts as people give them. `short` is what would have to become free. */
  readonly missing: {
    readonly resource: string
    readonly wanted: number
    readonly free: number
    readonly total: number
    readonly short: number
  }[]
  /** Conditions that the node's labels do not meet. */
  readonly labels: { readonly key: string; readonly wanted: string; readonly has: string | null }[]
}

/** Says of each node whether it takes `shape`, and if not, all that is in the way; the first of these is the verdict. */
export function explainNodes(nodes: readonly ExplainedNode[], shape: PlacementShape): NodeReason[] {
  return nodes.map((node) => explainNode(node, shape))
}

export function explainNode(node: ExplainedNode, shape: PlacementShape): NodeReason {
  const { strategy, wanted } = shape
  const missing = missingOf(node, wanted)
  const selector = bestSelector(node, shape)
  const labels = unmet(node, selector)
  const facts = { nodeId: node.nodeId, nodeName: node.nodeName, missing, labels }
  if (node.closed !== null) return { ...facts, verdict: node.closed, why: closedWords[node.closed] }
  if (strategy.kind === 'node' && !strategy.soft && strategy.nodeId !== node.nodeId) {
    return { ...facts, verdict: 'affinity', why: `it is bound to node ${strategy.nodeId}` }
  }
  if (labels.length > 0) return { ...facts, verdict: 'labels', why: `its labels do not meet ${describeSelector(selector)}` }
  if (!fits(node.total, wanted)) return { ...facts, verdict: 'too-small', why: `it can never hold it: ${shortWords(missing, 'total')}` }
  if (missing.length > 0) return { ...facts, verdict: 'busy', why: `it is busy: ${shortWords(missing, 'free')}` }
  return { ...facts, verdict: 'fits', why: `it has room for ${describeAmounts(wanted)} now` }
}

const closedWords = {
  draining: 'it is being drained and takes no new work',
  unreachable: 'it has no link to the head now',
  dead: 'it is dead',
} as const

function missingOf(node: PlacementNode, wanted: Readonly<Amounts>): NodeReason['missing'] {
  return Object.entries(wanted)
    .filter(([resource, units]) => (node.available[resource] ?? 0) < units)
    .map(([resource, units]) => {
      const free = Math.max(0, node.available[resource] ?? 0)
      return {
        resource,
        wanted: fromUnits(units),
        free: fromUnits(free),
        total: fromUnits(node.total[resource] ?? 0),
        short: fromUnits(units - free),
      }
    })
}

/** The selector that the node is nearest to: the first that it meets, else the one with the fewest conditions unmet. */
function bestSelector(node: PlacementNode, { labels, fallbackLabels }: PlacementShape): LabelSelector {
  let best = labels
  for (const selector of fallbackLabels) if (unmet(node, selector).length < unmet(node, best).length) best = selector
  return best
}

function unmet(node: PlacementNode, selector: LabelSelector): NodeReason['labels'] {
  return selector
    .filter((condition) => !matchesLabels(node.labels, [condition]))
    .map(({ key, operator, values }) => ({
      key,
      wanted: `${operator === 'in' ? '' : 'not '}${values.join(' | ')}`.slice(0, 4_096),
      has: Object.hasOwn(node.labels, key) ? (node.labels[key] ?? null) : null,
    }))
}

function shortWords(missing: NodeReason['missing'], have: 'free' | 'total'): string {
  return missing
    .slice(0, 8)
    .map((each) => `${each.wanted} ${each.resource} asked for, ${each[have]} ${have === 'free' ? 'free' : 'there'}`)
    .join('; ')
}

/** How near a node is: 0 has room; more is farther. Used to put the nearest first. */
export function distanceOf({ verdict, missing, labels }: NodeReason): number {
  const rank = { fits: 0, busy: 1, 'too-small': 2, labels: 3, draining: 4, affinity: 5, unreachable: 6, dead: 7 }[verdict]
  const lacking = missing.reduce((sum, { wanted, short }) => sum + Math.min(1, short / wanted), 0)
  return rank * 1_000 + labels.length * 100 + lacking
}
