import type { NodeId } from '../base/ids.ts'
import { ClusterError } from '../base/errors.ts'
import type { Logger } from '../base/logger.ts'
import { dialTls } from '../transport/dial.ts'
import type { Identity } from '../transport/identity.ts'
import type { Link } from '../transport/link.ts'
import { splitHostPort } from './addresses.ts'
import type { Copy } from './object-transfer.ts'

export type AgentPoolIo = {
  readonly nodeId: NodeId
  readonly version: string
  readonly identity: Identity | undefined
  readonly logger: Logger
}

const idleMs = 5 * 60_000
const linkLimit = 1_024

/** Links to the agents of other nodes, opened when first needed, closed when unused for long. */
export class AgentPool {
  readonly #io: AgentPoolIo
  readonly #links = new Map<NodeId, { opening: Promise<Link>; timer: NodeJS.Timeout }>()

  constructor(io: AgentPoolIo) {
    this.#io = io
  }

  /** @throws ClusterError `link.closed` when it cannot be reached, `auth.refused` when it is another node than expected. */
  linkTo(agent: Copy): Promise<Link> {
    const known = this.#links.get(agent.nodeId)
    if (known) {
      known.timer.refresh()
      return known.opening
    }
    if (this.#links.size >= linkLimit) {
      const [oldest] = this.#links.keys()
      if (oldest !== undefined) this.#close(oldest)
    }
    const opening = this.#dial(agent)
    const entry = { opening, timer: setTimeout(() => this.#close(agent.nodeId), idleMs) }
    entry.timer.unref()
    this.#links.set(agent.nodeId, entry)
    const forget = () => {
      clearTimeout(entry.timer)
      if (this.#links.get(agent.nodeId) === entry) this.#links.delete(agent.nodeId)
    }
    opening.then((link) => void link.closed.then(forget), forget)
    return opening
  }

  closeAll(): void {
    for (const nodeId of [...this.#links.keys()]) this.#close(nodeId)
  }

  async #dial(agent: Copy): Promise<Link> {
    const { nodeId, version, identity, logger } = this.#io
    if (!identity || agent.agentAddress === '') {
      throw new ClusterError(
        'link.closed',
        `node ${agent.nodeId.slice(0, 12)} cannot be reached: ${identity ? 'it' : 'this node'} has no open port`,
      )
    }
    const hello = { role: 'peer-agent', nodeId, version } as const
    const dialed = await dialTls({ ...splitHostPort(agent.agentAddress), identity, expectNodeId: agent.nodeId }, { hello })
    return dialed.link({ incoming: {}, logger, peer: `agent ${agent.nodeId.slice(0, 12)}` })
  }

  #close(nodeId: NodeId): void {
    const entry = this.#links.get(nodeId)
    if (!entry) return
    clearTimeout(entry.timer)
    this.#links.delete(nodeId)
    entry.opening.then(
      (link) => link.close(),
      () => {}, // it never stood
    )
  }
}
