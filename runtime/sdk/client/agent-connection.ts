import { toError } from '../../base/errors.ts'
import type { NodeId, WorkerId } from '../../base/ids.ts'
import type { Logger } from '../../base/logger.ts'
import { toClientFromAgent, workerRequests } from '../../protocol/clients.ts'
import type { HelloAccepted } from '../../protocol/hello.ts'
import { toOwnerFromAgent } from '../../protocol/leases.ts'
import { dialTls, dialUnix } from '../../transport/dial.ts'
import type { Identity } from '../../transport/identity.ts'
import type { Link, MessageOf } from '../../transport/link.ts'
import type { AgentMessage, AgentTarget } from '../owner/core/state.ts'
import { splitAddress } from './peers.ts'

const incoming = { ...toClientFromAgent, ...workerRequests } as const
export type FromAgent = MessageOf<typeof incoming>
export type FromOtherAgent = MessageOf<typeof toOwnerFromAgent>

export type Introduction = {
  readonly role: 'driver' | 'worker'
  readonly workerId: WorkerId
  readonly version: string
  readonly token?: string
  readonly nodeId?: NodeId
}

/** Connects to this node's agent. @throws ClusterError `link.closed` when none listens there, or why it refused. */
export async function connectAgent(
  socketPath: string,
  who: Introduction,
  logger: Logger,
): Promise<{ link: Link<FromAgent>; answer: HelloAccepted }> {
  const { token, ...rest } = who
  const dialed = await dialUnix(socketPath, { hello: token === undefined ? rest : { ...rest, token } })
  return { answer: dialed.answer, link: dialed.link({ incoming, logger, peer: 'agent' }) }
}

export type OtherAgentsIo = {
  readonly self: { readonly workerId: WorkerId; readonly nodeId: NodeId; readonly version: string }
  readonly logger: Logger
  readonly identity: () => Promise<Identity>
  readonly onMessage: (from: AgentTarget, message: FromOtherAgent) => void
  readonly onClosed: (agent: AgentTarget) => void
}

/** An agent that cannot be reached is tried this often at most, ms. */
const dialAgainMs = 250

/** Links to agents of other nodes, for leases there. Opened when first needed; gone when unused for a while or broken. */
export class OtherAgents {
  readonly #io: OtherAgentsIo
  readonly #links = new Map<NodeId, Promise<Link<FromOtherAgent>>>()

  constructor(io: OtherAgentsIo) {
    this.#io = io
  }

  send(agent: NonNullable<AgentTarget>, message: AgentMessage): void {
    const link = this.#links.get(agent.nodeId) ?? this.#open(agent)
    link.then(
      (open) => sendOrClose(open, message),
      () => {}, // onClosed has been told
    )
  }

  /** A dead node may never answer nor close: what waits for it is told now. */
  nodesGone(nodeIds: readonly NodeId[]): void {
    for (const nodeId of nodeIds) {
      this.#links.get(nodeId)?.then(
        (open) => open.close('its node is gone'),
        () => {}, // never stood
      )
    }
  }

  closeAll(): void {
    for (const link of this.#links.values()) {
      link.then(
        (open) => open.close(),
        () => {}, // never stood
      )
    }
  }

  #open(agent: NonNullable<AgentTarget>): Promise<Link<FromOtherAgent>> {
    const opening = this.#dial(agent)
    this.#links.set(agent.nodeId, opening)
    const closed = () => {
      if (this.#links.get(agent.nodeId) === opening) this.#links.delete(agent.nodeId)
      this.#io.onClosed(agent)
    }
    opening.then(
      (link) => {
        link.onMessage((message) => this.#io.onMessage(agent, message))
        void link.closed.then(closed)
      },
      () => void setTimeout(closed, dialAgainMs).unref(),
    ) // what was asked there is asked anew at once, and may be sent here again
    return opening
  }

  async #dial(agent: NonNullable<AgentTarget>): Promise<Link<FromOtherAgent>> {
    const { workerId, nodeId, version } = this.#io.self
    const dialed = await dialTls(
      { ...splitAddress(agent.agentAddress), identity: await this.#io.identity(), expectNodeId: agent.nodeId },
      { hello: { version, role: 'owner', workerId, nodeId } },
    )
    const link = dialed.link({ incoming: toOwnerFromAgent, logger: this.#io.logger, peer: `agent ${agent.nodeId.slice(0, 8)}` })
    link.unref()
    return link
  }
}

/** What was asked of an agent by a message that cannot be sent is asked anew: its link closes, which is told. */
function sendOrClose(link: Link<FromOtherAgent>, message: AgentMessage): void {
  try {
    link.send(message)
  } catch (error) {
    link.close(`${message.type} cannot be sent: ${toError(error).message}`)
  }
}
