import { describe, expect, test } from 'vitest'
import type { GroupSpec } from '#runtime/protocol/groups.ts'
import {
  actorIdOf,
  actorSpec,
  answerOf,
  groupIdOf,
  groupSpec,
  nodeIdOf,
  numberOf,
  sentOf,
  shapeOf,
  TestHead,
  workerIdOf,
} from './builders.ts'

const g1 = groupIdOf(1)
const client = { clients: [{ workerId: workerIdOf(1), jobId: null }] }

function headWith(nodes: number): TestHead {
  const head = new TestHead()
  for (let number = 1; number <= nodes; number += 1) head.join(number, number === 1 ? client : {})
  return head
}
const create = (head: TestHead, bundles: Record<string, number>[], strategy: GroupSpec['strategy'] = 'PACK') =>
  head.ask({ type: 'group.create', spec: groupSpec(g1, bundles, { strategy }) })

/** Agents that agree to everything. */
function agree(head: TestHead, commands: ReturnType<TestHead['step']>): void {
  for (const { nodeId, message } of sentOf(commands, 'bundles.prepare')) {
    agree(head, head.say(numberOf(nodeId), { type: 'bundles.prepared', groupId: message.groupId, round: message.round }))
  }
  for (const { nodeId, message } of sentOf(commands, 'bundles.commit')) {
    head.say(numberOf(nodeId), { type: 'bundles.committed', groupId: message.groupId, round: message.round })
  }
}
const placesOf = (head: TestHead) =>
  [...(head.state.groups.get(g1)?.placed ?? [])].sort(([one], [other]) => one - other).map(([, { nodeId }]) => numberOf(nodeId))
const phaseOf = (head: TestHead) => head.state.groups.get(g1)?.phase.kind

describe('strategies', () => {
  const place = (nodes: number, bundles: Record<string, number>[], strategy: GroupSpec['strategy']) => {
    const head = headWith(nodes)
    agree(head, create(head, bundles, strategy))
    return { phase: phaseOf(head), places: placesOf(head), head }
  }
  test('PACK takes one node when one is enough, else as few as it can', () => {
    expect(new Set(place(3, [{ CPU: 1 }, { CPU: 1 }, { CPU: 2 }], 'PACK').places).size).toBe(1)
    expect(new Set(place(3, [{ CPU: 3 }, { CPU: 3 }, { CPU: 1 }], 'PACK').places).size).toBe(2)
  })
  test('SPREAD takes as many nodes as it can', () => {
    expect(new Set(place(3, [{ CPU: 1 }, { CPU: 1 }, { CPU: 1 }, { CPU: 1 }], 'SPREAD').places).size).toBe(3)
  })
  test('STRICT_SPREAD never shares a node, and says how many it lacks', () => {
    expect(new Set(place(3, [{ CPU: 1 }, { CPU: 1 }, { CPU: 1 }], 'STRICT_SPREAD').places).size).toBe(3)
    const { phase, head } = place(2, [{ CPU: 1 }, { CPU: 1 }, { CPU: 1 }], 'STRICT_SPREAD')
    expect(phase).toBe('waiting')
    expect(answerOf(head.ask({ type: 'group.watch', groupId: g1 }))).toMatchObject({
      status: { kind: 'pending', why: expect.stringContaining('STRICT_SPREAD needs 3 nodes') },
    })
  })
  test('STRICT_PACK takes one node or none', () => {
    expect(new Set(place(2, [{ CPU: 2 }, { CPU: 2 }], 'STRICT_PACK').places).size).toBe(1)
    const { head } = place(2, [{ CPU: 3 }, { CPU: 3 }], 'STRICT_PACK')
    expect(head.state.groups.get(g1)?.phase).toMatchObject({
      kind: 'waiting',
      infeasible: true,
      why: expect.stringContaining('6 CPU together'),
    })
  })
  test('a bundle that no node can hold is named', () => {
    const { head } = place(1, [{ CPU: 1 }, { GPU: 8 }], 'PACK')
    expect(head.state.groups.get(g1)?.phase).toMatchObject({
      infeasible: true,
      why: expect.stringMatching(/bundle 1: no node can ever hold 8 GPU/),
    })
  })
})

describe('two phases', () => {
  test('nothing is committed before every node has set its bundles aside', () => {
    const head = headWith(2)
    const commands = create(head, [{ CPU: 3 }, { CPU: 3 }])
    const [first, second] = sentOf(commands, 'bundles.prepare').map(({ nodeId }) => numberOf(nodeId))
    expect(sentOf(head.say(first ?? 0, { type: 'bundles.prepared', groupId: g1, round: 1 }), 'bundles.commit')).toEqual([])
    expect(sentOf(head.say(second ?? 0, { type: 'bundles.prepared', groupId: g1, round: 1 }), 'bundles.commit')).toHaveLength(2)
  })
  test('one refusal gives everything back, and the next attempt has a new round', () => {
    const head = headWith(2)
    create(head, [{ CPU: 3 }, { CPU: 3 }])
    head.say(1, { type: 'bundles.prepared', groupId: g1, round: 1 })
    const refused = head.say(2, { type: 'bundles.refused', groupId: g1, round: 1 })
    expect(
      sentOf(refused, 'bundles.return')
        .map(({ nodeId }) => numberOf(nodeId))
        .sort((one, other) => one - other),
    ).toEqual([1, 2])
    for (const number of [1, 2]) head.say(number, { type: 'bundles.returned', groupId: g1, round: 1 })
    const report = { available: { CPU: 4 }, demand: [], storeUsedBytes: 0, workers: 0 }
    for (const number of [1, 2]) head.say(number, { type: 'node.reported', nodeId: nodeIdOf(number), sequence: 1, ...report })
    expect(sentOf(head.tick(200), 'bundles.prepare')).toMatchObject([{ message: { round: 2 } }, { message: { round: 2 } }])
  })
  test('a late answer to an older round changes nothing', () => {
    const head = headWith(2)
    create(head, [{ CPU: 3 }, { CPU: 3 }])
    head.say(2, { type: 'bundles.refused', groupId: g1, round: 1 })
    head.tick(200)
    head.say(1, { type: 'bundles.prepared', groupId: g1, round: 1 })
    expect(head.state.groups.get(g1)?.placed.size).toBe(0)
  })
  test('a head that dies between the phases commits after its restart', () => {
    const head = headWith(2)
    create(head, [{ CPU: 3 }, { CPU: 3 }])
    for (const number of [1, 2]) head.say(number, { type: 'bundles.prepared', groupId: g1, round: 1 })
    const held = placesOf(head)
    head.restart()
    for (const number of [1, 2]) {
      const indexes = held.flatMap((place, index) => (place === number ? [index] : []))
      const commands = head.join(number, {
        ...client,
        available: { CPU: 1 },
        bundles: [{ groupId: g1, round: 1, indexes, committed: false }],
      })
      expect(sentOf(commands, 'bundles.commit')).toHaveLength(1)
      head.say(number, { type: 'bundles.committed', groupId: g1, round: 1 })
    }
    expect(phaseOf(head)).toBe('created')
  })
  test('bundles of a first phase that a restart forgot go back', () => {
    const head = headWith(1)
    create(head, [{ CPU: 3 }])
    head.restart()
    const commands = head.join(1, {
      ...client,
      available: { CPU: 1 },
      bundles: [{ groupId: g1, round: 1, indexes: [0], committed: false }],
    })
    expect(sentOf(commands, 'bundles.return')).toMatchObject([{ message: { round: 1, indexes: [0] } }])
    const retried = head.say(1, {
      type: 'node.reported',
      ...{ nodeId: nodeIdOf(1), sequence: 1, available: { CPU: 4 }, demand: [], storeUsedBytes: 0, workers: 0 },
    })
    const prepares = [...sentOf(retried, 'bundles.prepare'), ...sentOf(head.tick(1_000), 'bundles.prepare')]
    expect(prepares).toMatchObject([{ message: { round: 2 } }]) // a late answer to the forgotten round must not count
  })
})

describe('lives of a group', () => {
  test('only the bundles of a dead node are placed anew', () => {
    const head = headWith(3)
    agree(head, create(head, [{ CPU: 3 }, { CPU: 3 }], 'SPREAD'))
    head.ask({ type: 'group.watch', groupId: g1 })
    const [kept, lost] = placesOf(head)
    const victim = lost === 1 ? kept : lost // node 1 holds the creator
    const commands = head.say(victim ?? 0, { type: 'node.leaving', nodeId: nodeIdOf(victim ?? 0) })
    expect(sentOf(commands, 'group.changed')[0]?.message.status).toMatchObject({ kind: 'rescheduling', bundles: [{}] })
    expect(sentOf(commands, 'bundles.prepare')).toMatchObject([{ message: { bundles: [{}] } }])
    agree(head, commands)
    expect(phaseOf(head)).toBe('created')
    expect(placesOf(head)).not.toContain(victim)
  })
  test('removal ends what runs in it and tells who watches', () => {
    const head = headWith(1)
    agree(head, create(head, [{ CPU: 3 }]))
    head.ask({ type: 'group.watch', groupId: g1 })
    const shape = shapeOf({ CPU: 1 }, { kind: 'group', groupId: g1, bundleIndex: 0, captureChildren: false })
    head.ask({ type: 'actor.create', spec: actorSpec(actorIdOf(1), { shape }), getIfExists: false })
    expect(head.statusOf(actorIdOf(1))).toBe('starting')
    const commands = head.ask({ type: 'group.remove', groupId: g1 })
    expect(sentOf(commands, 'bundles.return')).toMatchObject([{ message: { endUsers: true, indexes: [0] } }])
    expect(sentOf(commands, 'group.changed')).toMatchObject([{ message: { status: { kind: 'removed' } } }])
    expect(head.state.actors.get(actorIdOf(1))?.phase).toMatchObject({ kind: 'dead', death: { cause: 'group-removed' } })
    head.ask({ type: 'actor.create', spec: actorSpec(actorIdOf(2), { shape }), getIfExists: false })
    expect(head.statusOf(actorIdOf(2))).toBe('dead')
  })
  test('an actor waits until its group is placed, then starts where its bundle is', () => {
    const head = headWith(1)
    const commands = create(head, [{ CPU: 3 }])
    const shape = shapeOf({ CPU: 1 }, { kind: 'group', groupId: g1, bundleIndex: -1, captureChildren: false })
    head.ask({ type: 'actor.create', spec: actorSpec(actorIdOf(1), { shape }), getIfExists: false })
    expect(head.statusOf(actorIdOf(1))).toBe('pending')
    agree(head, commands)
    expect(head.statusOf(actorIdOf(1))).toBe('starting')
  })
  test('it goes with its creator, unless it is detached', () => {
    const head = headWith(1)
    agree(head, create(head, [{ CPU: 1 }]))
    head.ask({ type: 'group.create', spec: groupSpec(groupIdOf(2), [{ CPU: 1 }], { detached: true }) })
    head.say(1, { type: 'clients.gone', nodeId: nodeIdOf(1), workerIds: [workerIdOf(1)] })
    expect(phaseOf(head)).toBe('removed')
    expect(head.state.groups.get(groupIdOf(2))?.phase.kind).not.toBe('removed')
  })
})
