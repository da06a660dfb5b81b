import { amountsFrom, fits, subtractAmounts, type Amounts } from '../../base/fixed-point.ts'
import type { NodeId } from '../../base/ids.ts'
import type { ClusterChanged, NodeView } from '../../protocol/nodes.ts'
import { canEverServe } from '../../protocol/placement/pick-node.ts'
import type { PlacementShape } from '../../protocol/placement/shapes.ts'
import { canEverHold } from './pool.ts'
import type { Turn } from './events.ts'
import type { AgentState, ViewNode } from './state.ts'

/** Takes in what the head says of other nodes. The first view after a registration is whole: who is not in it is gone. */
export function applyClusterChanged(turn: Turn, message: ClusterChanged): void {
  const { state } = turn
  if (state.viewSynced && message.version < state.viewVersion) return
  state.viewVersion = message.version
  const named = new Set<NodeId>()
  let membersChanged = false
  for (const view of message.nodes) {
    named.add(view.facts.nodeId)
    if (view.facts.nodeId !== state.config.nodeId && applyNode(state, view)) membersChanged = true
  }
  if (!state.viewSynced) {
    for (const node of state.nodes) {
      if (named.has(node.nodeId) || node.nodeId === state.config.nodeId) continue
      state.nodeById.delete(node.nodeId)
      membersChanged = true
    }
    state.viewSynced = true
    state.viewRevision += 1
  }
  if (membersChanged) rebuild(state)
  state.viewTick += 1
  turn.viewChanged = true
}

/** Removes nodes that are gone for good. */
export function removeNodes(turn: Turn, nodeIds: readonly NodeId[]): void {
  const { state } = turn
  let removed = false
  for (const nodeId of nodeIds) if (nodeId !== state.config.nodeId && state.nodeById.delete(nodeId)) removed = true
  if (!removed) return
  rebuild(state)
  state.viewTick += 1
  turn.viewChanged = true
}

/** Until its next report we reckon with what we sent there. */
export function reckonWithSpill(node: ViewNode, wanted: Readonly<Amounts>): void {
  if (fits(node.available, wanted)) subtractAmounts(node.available, wanted)
  else for (const name in wanted) node.available[name] = Math.max(0, (node.available[name] ?? 0) - (wanted[name] ?? 0))
}

/** Could this node, empty, run it? Beside amounts and labels this looks at single devices, which only the node itself knows. */
export function selfCanEverServe(state: AgentState, shape: PlacementShape): boolean {
  const self = state.nodeById.get(state.config.nodeId)
  const { strategy } = shape
  if (strategy.kind === 'node' && !strategy.soft && strategy.nodeId !== state.config.nodeId) return false
  return self !== undefined && canEverServe(self, shape) && canEverHold(state.pool, shape.wanted)
}

/** Returns whether the list of nodes changed. */
function applyNode(state: AgentState, view: NodeView): boolean {
  const { facts } = view
  const known = state.nodeById.get(facts.nodeId)
  if (view.state === 'dead') {
    state.nodeById.delete(facts.nodeId)
    return known !== undefined
  }
  // Without a port nobody else can reach a node, and one that has none itself has no certificate to reach others with.
  const isOpen = view.state === 'alive' && facts.agentAddress !== '' && state.config.agentAddress !== ''
  if (known === undefined) {
    state.nodeById.set(facts.nodeId, {
      nodeId: facts.nodeId,
      nodeName: facts.nodeName || facts.hostname,
      agentAddress: facts.agentAddress,
      labels: facts.labels,
      total: amountsFrom(facts.resources),
      available: amountsFrom(view.available),
      isOpen,
    })
    return true
  }
  if (known.isOpen !== isOpen) state.viewRevision += 1
  known.isOpen = isOpen
  known.available = amountsFrom(view.available)
  return false
}

function rebuild(state: AgentState): void {
  const self = state.nodeById.get(state.config.nodeId)
  const others = [...state.nodeById.values()].filter((node) => node !== self)
  state.nodes = self ? [self, ...others] : others
  state.viewRevision += 1
}
