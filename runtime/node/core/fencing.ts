import type { HeadAskReply } from '../../protocol/nodes.ts'
import type { AgentEvent, Turn, Witness } from './events.ts'
import type { AgentState, HeadAway, Inquiry } from './state.ts'
import { endWorker } from './worker-orders.ts'
import { unknownExit } from './wishes.ts'

/** Nodes asked in one round: all of a small cluster, a sample of a big one. */
const witnessLimit = 16
/** After a round that did not end in a fence. */
const askAgainMs = 5_000
/** Who has not answered by then does not. The shell gives up on each of them before. */
const answersWithinMs = 15_000

/** What a node that has not heard the head for too long knows of why. */
export type Evidence = Pick<HeadAway, 'isRefused'> & Pick<Inquiry, 'asked' | 'hearing' | 'deaf' | 'isDead'>

/**
 * Is this node cut off, or is the head down? `cut-off`: the rest of the cluster has given it up, or will: what runs here has to end, as it
 * is made again elsewhere. `head-is-down`: everything goes on until the head is back. `unclear`: the head lives and still counts on us.
 *
 * Not to be told apart is the end of the head's machine from the end of the way there when no other node can be asked: two actors with one
 * name are worse than an actor that starts anew, so that is a cut. So it is for less than half of the nodes when nobody hears the head.
 */
export function judge({ isRefused, asked, hearing, deaf, isDead }: Evidence): 'cut-off' | 'head-is-down' | 'unclear' {
  if (isDead) return 'cut-off'
  if (hearing > 0) return 'unclear'
  if (isRefused) return 'head-is-down'
  const here = 1 + deaf
  return 2 * here > 1 + asked ? 'head-is-down' : 'cut-off'
}

export function onHeadLost({ state, nowMs }: Turn, silentMs: number): void {
  const sinceMs = nowMs - silentMs
  state.headConnected = false
  state.headAway = {
    sinceMs,
    isRefused: false,
    askNotBeforeMs: sinceMs + state.deadAfterMs + state.config.fenceMarginMs,
    round: 0,
    inquiry: null,
  }
}

/** Once the head has had the time to count us as dead, and we have not heard of it: asks others what they hear. */
export function maybeAskWitnesses(turn: Turn): void {
  const { state, nowMs } = turn
  const { headAway, config } = state
  if (!config.canBeCutOff || headAway === null) return
  if (headAway.inquiry) return nowMs - headAway.inquiry.atMs >= answersWithinMs ? conclude(turn, headAway, headAway.inquiry) : undefined
  if (nowMs < headAway.askNotBeforeMs) return
  const nodes = pickWitnesses(state)
  if (nodes.length === 0) return // nobody else could do our work
  headAway.round += 1
  const open = new Set(nodes.map(({ nodeId }) => nodeId))
  headAway.inquiry = { atMs: nowMs, asked: nodes.length, open, hearing: 0, deaf: 0, isDead: false }
  turn.out.push({ do: 'ask-witnesses', round: headAway.round, nodes })
}

function pickWitnesses({ nodes, config }: AgentState): Witness[] {
  const others = nodes.filter(({ nodeId, agentAddress }) => nodeId !== config.nodeId && agentAddress !== '')
  const picked: Witness[] = []
  while (picked.length < witnessLimit && others.length > 0) {
    const [one] = others.splice(Math.floor(config.random() * others.length), 1)
    if (one) picked.push({ nodeId: one.nodeId, agentAddress: one.agentAddress })
  }
  return picked
}

export function onWitnessAnswered(turn: Turn, event: Extract<AgentEvent, { type: 'witness.answered' }>): void {
  const { headAway } = turn.state
  const inquiry = headAway?.inquiry
  if (!headAway || !inquiry || headAway.round !== event.round || !inquiry.open.delete(event.nodeId)) return
  if (event.answer?.hearsHead) inquiry.hearing += 1
  else if (event.answer) inquiry.deaf += 1
  inquiry.isDead ||= event.answer?.askerIsDead ?? false
  if (inquiry.open.size === 0 || inquiry.isDead) conclude(turn, headAway, inquiry)
}

function conclude(turn: Turn, headAway: HeadAway, inquiry: Inquiry): void {
  const verdict = judge({ isRefused: headAway.isRefused, ...inquiry })
  headAway.inquiry = null
  headAway.askNotBeforeMs = turn.nowMs + askAgainMs
  if (verdict === 'cut-off') fence(turn)
}

/** What we say to a node that does not hear the head. The view we have is the head's only while we hear it ourselves. */
export function testify({ headConnected, viewSynced, nodeById }: AgentState, askerId: string): HeadAskReply {
  return { hearsHead: headConnected, askerIsDead: headConnected && viewSynced && !nodeById.has(askerId) }
}

/** We are dead to the cluster: owners here are told, workers are ended, and a new node begins. */
export function fence(turn: Turn): void {
  const { state } = turn
  state.left = true
  for (const worker of state.workers.values()) endWorker(turn, worker, 'node-lost')
  for (const lease of state.leases.values()) {
    const exit = { ...unknownExit, reason: 'node-lost' }
    turn.out.push({ do: 'tell-owner', ownerId: lease.ownerId, message: { type: 'lease.lost', leaseId: lease.leaseId, exit } })
  }
  turn.out.push({ do: 'start-over' })
}
