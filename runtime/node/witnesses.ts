import type { NodeId } from '../base/ids.ts'
import { HeadAskReply } from '../protocol/nodes.ts'
import type { AgentPool } from './agent-pool.ts'
import type { Witness } from './core/events.ts'

/** The link to a witness may stand on a wire that is cut: then nothing comes back. */
const answerWithinMs = 3_000

/** Asks other nodes whether they hear the head. Every one of them is answered for, by null when nothing came back. */
export function askWitnesses(
  agents: AgentPool,
  nodes: readonly Witness[],
  onAnswer: (nodeId: NodeId, answer: HeadAskReply | null) => void,
): void {
  for (const witness of nodes) {
    agents
      .linkTo(witness)
      .then((link) => link.request({ type: 'head.ask' }, { reply: HeadAskReply, timeoutMs: answerWithinMs }))
      .then(
        (answer) => onAnswer(witness.nodeId, answer),
        () => onAnswer(witness.nodeId, null), // out of reach, for whatever reason
      )
  }
}
