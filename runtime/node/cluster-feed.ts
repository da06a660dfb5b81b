import type { NodeId } from '../base/ids.ts'
import type { ClusterChanged, NodeView } from '../protocol/nodes.ts'

/** Tells the processes of this node which nodes there are. Changes of what is free do not concern them, and come many times a second. */
export class ClusterFeed {
  readonly #clients: { broadcast(message: object): void }
  readonly #nodes = new Map<NodeId, NodeView>()
  #version = 0

  constructor(clients: { broadcast(message: object): void }) {
    this.#clients = clients
  }

  onChanged(message: ClusterChanged): void {
    const told = message.nodes.filter((node) => this.#nodes.get(node.facts.nodeId)?.state !== node.state)
    for (const node of message.nodes) this.#nodes.set(node.facts.nodeId, node)
    this.#version = message.version
    if (told.length > 0) this.#clients.broadcast({ ...message, nodes: told })
  }

  /** Gives a new client all that is known. */
  greet(client: { send(message: object): unknown }): void {
    if (this.#nodes.size > 0) client.send({ type: 'cluster.changed', version: this.#version, nodes: [...this.#nodes.values()] })
  }
}
