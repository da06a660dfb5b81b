import { describe, expect, it } from 'vitest'
import { judge, testify } from '#runtime/node/core/fencing.ts'
import type { AgentCommand } from '#runtime/node/core/events.ts'
import type { HeadAskReply } from '#runtime/protocol/nodes.ts'
import { AgentHarness, doing, idOf, toOwner, viewOf } from './agent-core-harness.ts'

const alone = { isRefused: false, asked: 4, hearing: 0, deaf: 0, isDead: false }
const deaf = { hearsHead: false, askerIsDead: false }
const hearing = { hearsHead: true, askerIsDead: false }
const told = { hearsHead: true, askerIsDead: true }

describe('why the head is not heard', () => {
  it.each([
    ['nobody answers', {}, 'cut-off'],
    ['nobody answers, and the head machine says that no head is there', { isRefused: true }, 'head-is-down'],
    ['one was told of our death', { deaf: 3, hearing: 1, isDead: true }, 'cut-off'],
    ['one hears the head, which counts on us', { deaf: 3, hearing: 1 }, 'unclear'],
    ['three of five do not hear it', { deaf: 2 }, 'head-is-down'],
    ['two of five do not hear it, the rest is silent', { deaf: 1 }, 'cut-off'],
    ['half of four do not hear it', { asked: 3, deaf: 1 }, 'cut-off'],
    ['the only other node does not hear it', { asked: 1, deaf: 1 }, 'head-is-down'],
    ['the only other node is silent too', { asked: 1 }, 'cut-off'],
  ] as const)('%s: %o is %s', (_, more, verdict) => {
    expect(judge({ ...alone, ...more })).toBe(verdict)
  })
})

const others = [idOf('b'), idOf('c'), idOf('e')]

function aMember(nodeIds: readonly string[] = others, more: ConstructorParameters<typeof AgentHarness>[1] = {}): AgentHarness {
  const agent = new AgentHarness({ CPU: 1 }, more)
  agent.send({ type: 'head.registered', heartbeatMs: 1_000, deadAfterMs: 10_000 })
  agent.head({ type: 'cluster.changed', version: 1, nodes: nodeIds.map((nodeId) => viewOf(nodeId, { CPU: 1 })) })
  return agent
}

/** Lets the time pass after which others are asked; returns the round and whom. */
function questionOf(commands: readonly AgentCommand[]) {
  const [question] = doing(commands, 'ask-witnesses')
  return question && { round: question.round, nodeIds: question.nodes.map(({ nodeId }) => nodeId).sort() }
}

function answer(agent: AgentHarness, answers: readonly (HeadAskReply | null)[], round = 1): AgentCommand[] {
  return answers.flatMap((each, index) => agent.send({ type: 'witness.answered', round, nodeId: others[index] ?? '', answer: each }))
}

describe('a node that does not hear the head', () => {
  it('asks the others once the head must count it as dead, from the last that it heard', () => {
    const agent = aMember()
    agent.send({ type: 'head.lost', silentMs: 8_000 })
    expect(questionOf(agent.tick(4_500))).toBeUndefined()
    expect(questionOf(agent.tick(500))).toEqual({ round: 1, nodeIds: others })
    expect(questionOf(agent.tick(10_000))).toBeUndefined() // not again while it waits
  })

  it('does not wait for ever for an answer', () => {
    const agent = aMember()
    agent.send({ type: 'head.lost', silentMs: 0 })
    agent.tick(13_000)
    answer(agent, [null])
    expect(doing(agent.tick(14_000), 'start-over')).toEqual([])
    expect(doing(agent.tick(1_000), 'start-over')).toHaveLength(1)
  })

  it('ends its workers, tells its owners and starts over when nobody answers', () => {
    const agent = aMember()
    agent.request('r1')
    const [granted] = toOwner(agent.startWorkers(), 'lease.granted')
    agent.send({ type: 'head.lost', silentMs: 0 })
    agent.tick(13_000)
    const commands = answer(agent, [null, null, null])
    expect(doing(commands, 'end-worker')).toMatchObject([{ workerId: granted?.worker.workerId, reason: 'node-lost' }])
    expect(toOwner(commands, 'lease.lost')).toHaveLength(1)
    expect(doing(commands, 'start-over')).toHaveLength(1)
    expect(agent.tick(1_000)).toEqual([])
  })

  it('does so at the first word that the head has given it up', () => {
    const agent = aMember()
    agent.send({ type: 'head.lost', silentMs: 0 })
    agent.tick(13_000)
    expect(doing(answer(agent, [told]), 'start-over')).toHaveLength(1)
  })

  it('goes on while most do not hear it either, and asks again', () => {
    const agent = aMember()
    agent.send({ type: 'head.lost', silentMs: 0 })
    agent.tick(13_000)
    expect(answer(agent, [deaf, deaf, null])).toEqual([])
    expect(questionOf(agent.tick(5_000))?.round).toBe(2)
    expect(answer(agent, [deaf, deaf, deaf], 1)).toEqual([]) // late, and of no use
    expect(doing(answer(agent, [null, null, null], 2), 'start-over')).toHaveLength(1)
  })

  it('goes on while the machine of the head says that no head is there', () => {
    const agent = aMember()
    agent.send({ type: 'head.lost', silentMs: 0 })
    agent.send({ type: 'head.unreachable', isRefused: true })
    agent.tick(13_000)
    expect(answer(agent, [null, null, null])).toEqual([])
    agent.send({ type: 'head.unreachable', isRefused: false })
    agent.tick(5_000)
    expect(doing(answer(agent, [null, null, null], 2), 'start-over')).toHaveLength(1)
  })

  it('waits while another hears the head, which still counts on it', () => {
    const agent = aMember()
    agent.send({ type: 'head.lost', silentMs: 0 })
    agent.tick(13_000)
    expect(answer(agent, [hearing, null, null])).toEqual([])
    agent.tick(5_000)
    expect(doing(answer(agent, [told], 2), 'start-over')).toHaveLength(1)
  })

  it('forgets what it asked when the head is back', () => {
    const agent = aMember()
    agent.send({ type: 'head.lost', silentMs: 0 })
    agent.tick(13_000)
    agent.send({ type: 'head.registered', heartbeatMs: 1_000, deadAfterMs: 10_000 })
    expect(doing(answer(agent, [null, null, null]), 'start-over')).toEqual([])
  })

  it.each([
    ['that is alone in its cluster', [], {}],
    ['on the machine of the head', others, { canBeCutOff: false }],
  ])('%s never asks, and goes on', (_, nodeIds, more) => {
    const agent = aMember(nodeIds, more)
    agent.send({ type: 'head.lost', silentMs: 0 })
    expect(questionOf(agent.tick(600_000))).toBeUndefined()
  })

  it('of a big cluster asks sixteen', () => {
    const agent = aMember(Array.from({ length: 40 }, (_, index) => (index + 16).toString(16).repeat(28)))
    agent.send({ type: 'head.lost', silentMs: 0 })
    expect(new Set(questionOf(agent.tick(13_000))?.nodeIds).size).toBe(16)
  })
})

describe('a witness', () => {
  it('says whether it hears the head, and whom the head has given up', () => {
    const agent = aMember()
    expect(testify(agent.state, idOf('b'))).toEqual(hearing)
    agent.head({ type: 'processes.gone', workerIds: [], nodeIds: [idOf('b')] })
    expect(testify(agent.state, idOf('b'))).toEqual(told)
    agent.send({ type: 'head.lost', silentMs: 0 })
    expect(testify(agent.state, idOf('b'))).toEqual(deaf) // what it knows is old
  })

  it('calls nobody dead before the head has told it who there is', () => {
    const agent = new AgentHarness({ CPU: 1 })
    agent.send({ type: 'head.registered', heartbeatMs: 1_000, deadAfterMs: 10_000 })
    expect(testify(agent.state, idOf('b'))).toEqual(hearing)
  })
})
