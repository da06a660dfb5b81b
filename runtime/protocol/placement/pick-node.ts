import { fits } from '../../base/fixed-point.ts'
import { type Random, randomBelow } from '../../base/random.ts'
import type { LabelSelector } from '../scheduling.ts'
import { matchesLabels } from './labels.ts'
import type { PlacementNode, PlacementShape } from './shapes.ts'

export type PickOptions = {
  readonly random: Random
  /** Looked at first, and taken while it is below half use: where the data or the asker is. */
  readonly preferNodeId?: string
  /** Passed over, such as nodes that refused a moment ago. */
  readonly avoid?: { has(nodeId: string): boolean }
  /** Where the round robin of `spread` goes on. Moved on by each pick; keep one per scheduler. */
  readonly spreadCursor?: { at: number }
}

/** Below this use nodes count as equally good, so that work packs; above it the least used wins (Ray: scheduler_spread_threshold). */
const packBelow = 0.5
/** Random among this share of the nodes, so that many schedulers with one view do not all choose the same (Ray: scheduler_top_k_fraction). */
const topShare = 0.2
/** What counts as use. Custom resources do not: they are mostly markers. */
const countedResources = ['CPU', 'GPU', 'memory'] as const

/**
 * Returns the node to use now, or undefined when none has room now or ever (`explainMisfit` tells which).
 * `candidates` in a stable order: packing starts at its front. A `group` shape has no pick here: it goes where its bundles are.
 * Fallback labels are tried only when no open node could ever serve the ones before them.
 */
export function pickNode<N extends PlacementNode>(candidates: readonly N[], shape: PlacementShape, options: PickOptions): N | undefined {
  const { strategy } = shape
  if (strategy.kind === 'group') return undefined
  if (strategy.kind === 'node') {
    const node = candidates.find((candidate) => candidate.nodeId === strategy.nodeId)
    const canServe = node !== undefined && canEverServe(node, shape)
    if (canServe) return hasRoom(node, shape, options) ? node : undefined // it is asked for by name: wait for it
    if (!strategy.soft) return undefined
  }
  const selector = servableSelector(candidates, shape)
  if (selector === undefined) return undefined
  const scoped = { ...shape, labels: selector }
  return strategy.kind === 'spread' ? pickSpread(candidates, scoped, options) : pickHybrid(candidates, scoped, options)
}

/** Could this node serve the shape when it is empty? Looks at resources and at `labels` or any fallback. */
export function canEverServe(node: PlacementNode, shape: PlacementShape): boolean {
  if (!node.isOpen || !fits(node.total, shape.wanted)) return false
  return matchesLabels(node.labels, shape.labels) || shape.fallbackLabels.some((selector) => matchesLabels(node.labels, selector))
}

/** The first of `labels` and its fallbacks that some open node could ever serve; undefined when none can. */
function servableSelector(candidates: readonly PlacementNode[], shape: PlacementShape): LabelSelector | undefined {
  if (shape.fallbackLabels.length === 0) return shape.labels // no choice: the pick itself finds out
  return [shape.labels, ...shape.fallbackLabels].find((labels) =>
    candidates.some((node) => node.isOpen && fits(node.total, shape.wanted) && matchesLabels(node.labels, labels)),
  )
}

function hasRoom(node: PlacementNode, shape: PlacementShape, options: PickOptions): boolean {
  return node.isOpen && fits(node.available, shape.wanted) && options.avoid?.has(node.nodeId) !== true
}

function pickSpread<N extends PlacementNode>(candidates: readonly N[], shape: PlacementShape, options: PickOptions): N | undefined {
  const start = options.spreadCursor?.at ?? randomBelow(options.random, Math.max(1, candidates.length))
  for (let step = 0; step < candidates.length; step += 1) {
    const at = (start + step) % candidates.length
    const node = candidates[at]
    if (node === undefined || !hasRoom(node, shape, options) || !matchesLabels(node.labels, shape.labels)) continue
    if (options.spreadCursor) options.spreadCursor.at = at + 1
    return node
  }
  return undefined
}

/** Ray's hybrid policy: nodes below half use first, then the least used; random among the best few. Nodes with GPUs come last for work without. */
function pickHybrid<N extends PlacementNode>(candidates: readonly N[], shape: PlacementShape, options: PickOptions): N | undefined {
  const wantsGpu = shape.wanted['GPU'] !== undefined
  const few = Math.max(1, Math.floor(candidates.length * topShare))
  const preferred = options.preferNodeId === undefined ? undefined : candidates.find((node) => node.nodeId === options.preferNodeId)
  const preferredFits = preferred !== undefined && hasRoom(preferred, shape, options) && matchesLabels(preferred.labels, shape.labels)
  if (preferredFits && useOf(preferred) === 0) return preferred
  const best: { node: N; use: number }[] = []
  let spare: { node: N; use: number } | undefined // the least used of those with GPUs that nobody asked for
  let packable = 0
  for (const node of candidates) {
    if (!hasRoom(node, shape, options) || !matchesLabels(node.labels, shape.labels)) continue
    const use = useOf(node)
    if (!wantsGpu && node.total['GPU'] !== undefined) {
      if (spare === undefined || use < spare.use) spare = { node, use }
      continue
    }
    best.push({ node, use })
    if (use === 0) packable += 1
    if (packable >= few) break // nodes below half use are equals: enough of them end the scan
  }
  if (best.length === 0) return spare?.node
  if (packable > 0) return nth(best, (entry) => entry.use === 0, randomBelow(options.random, Math.min(few, packable)))
  best.sort((one, other) => one.use - other.use)
  return best[randomBelow(options.random, Math.min(few, best.length))]?.node
}

function nth<N>(
  entries: readonly { node: N; use: number }[],
  isWanted: (entry: { node: N; use: number }) => boolean,
  index: number,
): N | undefined {
  let left = index
  for (const entry of entries) {
    if (!isWanted(entry)) continue
    if (left === 0) return entry.node
    left -= 1
  }
  return undefined
}

/** The most used of the counted resources, 0..1; 0 for anything below the threshold. */
function useOf(node: PlacementNode): number {
  let use = 0
  for (const name of countedResources) {
    const total = node.total[name]
    if (total !== undefined) use = Math.max(use, 1 - (node.available[name] ?? 0) / total)
  }
  return use < packBelow ? 0 : use
}
