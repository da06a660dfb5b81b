import { envelope } from '../../../api/envelope.ts'
import { NodePath, NodesQuery } from '../../../api/nodes.ts'
import { ClusterError } from '../../../base/errors.ts'
import { actorObject } from '../legacy/actor-object.ts'
import { usageOf } from '../legacy/load-report.ts'
import { nodeObject } from '../legacy/node-object.ts'
import { usageLines } from '../legacy/status-text.ts'
import type { HeadApp, HttpParts } from '../parts.ts'
import { pathValues, queryValues } from '../request-values.ts'

/** The nodes as Ray's dashboard sees them. Nothing is cached: what comes is what is. */
export function nodeRoutes(app: HeadApp, { head, metrics }: HttpParts): void {
  const figuresOf = (nodeId: string) => metrics?.latest(nodeId)
  app.get('/nodes', (context) => {
    const { view } = queryValues(context, NodesQuery)
    const { state } = head
    if (view === 'hostNameList') {
      const hostNameList = [...new Set(state.livingNodes.map(({ facts }) => facts.hostname))]
      return context.json(envelope({ hostNameList }, 'Node hostname list fetched.'))
    }
    const summary = [...state.nodes.values()].map((node) => {
      const { workers: _, ...object } = nodeObject(node, figuresOf(node.nodeId))
      return object
    })
    const nodeLogicalResources = Object.fromEntries(state.livingNodes.map((node) => [node.nodeId, usageLines(usageOf(node)).join('\n')]))
    return context.json(envelope({ summary, nodeLogicalResources }, 'Node summary fetched.'))
  })
  app.get('/nodes/:node_id', (context) => {
    const { node_id: nodeId } = pathValues(context, NodePath)
    const node = head.state.nodes.get(nodeId)
    if (node === undefined)
      throw new ClusterError('not-found', `no node ${nodeId} is known here; /nodes?view=summary lists all`, { details: { nodeId } })
    const figures = figuresOf(nodeId)
    const actors = [...node.actors].flatMap((actorId) => head.state.actors.get(actorId) ?? [])
    const detail = {
      ...nodeObject(node, figures),
      actors: Object.fromEntries(actors.map((actor) => [actor.spec.actorId, actorObject(actor, figures)])),
    }
    return context.json(envelope({ detail }, 'Node details fetched.'))
  })
}
