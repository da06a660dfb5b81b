import { describe, expect, it } from 'vitest'
import { listDemand, whyActor, whyGroup, whyShape } from '#runtime/head/core/why.ts'
import { toPlacementShape } from '#runtime/protocol/placement/shapes.ts'
import { actorIdOf, actorSpec, groupIdOf, groupSpec, nodeIdOf, shapeOf, TestHead } from './builders.ts'

const a1 = actorIdOf(1)
const g1 = groupIdOf(1)
const actorOf = (head: TestHead, actorId = a1) => {
  const actor = head.state.actors.get(actorId)
  if (actor === undefined) throw new Error(`no actor ${actorId}`)
  return actor
}
const groupOf = (head: TestHead) => {
  const group = head.state.groups.get(g1)
  if (group === undefined) throw new Error('no group')
  return group
}
const report = (head: TestHead, node: number, more: object) =>
  head.say(node, {
    type: 'node.reported',
    nodeId: nodeIdOf(node),
    sequence: 1_000 + head.nowMs,
    available: { CPU: 4 },
    demand: [],
    storeUsedBytes: 0,
    workers: 0,
    ...more,
  })

describe('why something waits', () => {
  it('is told for an actor that fits nowhere, is busy out, starts, and lives', () => {
    const head = new TestHead()
    head.join(1)
    head.ask({ type: 'actor.create', spec: actorSpec(a1, { shape: shapeOf({ CPU: 8 }) }), getIfExists: false })
    expect(whyActor(head.state, actorOf(head))).toMatchObject({
      ...{ state: 'PENDING_CREATION', isPending: true, infeasible: true, asked: { CPU: 8 }, nearest: nodeIdOf(1) },
      nodes: [{ verdict: 'too-small', missing: [{ resource: 'CPU', wanted: 8, total: 4, short: 4 }] }],
    })
    head.join(2, { resources: { CPU: 16 } })
    expect(whyActor(head.state, actorOf(head))).toMatchObject({
      isPending: true,
      infeasible: false,
      why: expect.stringContaining('its process starts'),
      nearest: nodeIdOf(2),
    })
    report(head, 1, { available: { CPU: 0.5 } })
    const a2 = actorIdOf(2)
    head.ask({ type: 'actor.create', spec: actorSpec(a2, { shape: shapeOf({ CPU: 9 }) }), getIfExists: false })
    expect(whyActor(head.state, actorOf(head, a2))).toMatchObject({
      infeasible: false,
      nearest: nodeIdOf(2),
      nodes: [{ verdict: 'busy' }, { verdict: 'too-small' }],
    })
    head.ask({ type: 'actor.kill', actorId: a2, noRestart: true })
    expect(whyActor(head.state, actorOf(head, a2))).toMatchObject({
      state: 'DEAD',
      isPending: false,
      why: expect.stringContaining('was killed'),
    })
  })

  it('is told for a node that is drained, out of reach, or asked for by name', () => {
    const head = new TestHead()
    head.join(1)
    head.join(2)
    head.step({ type: 'node.drain', nodeId: nodeIdOf(1), reason: 'maintenance', deadlineMs: 0 })
    head.unlink(2)
    const reason = whyShape(head.state, toPlacementShape(shapeOf({ CPU: 1 })))
    expect(new Set(reason.nodes.map(({ verdict }) => verdict))).toEqual(new Set(['draining', 'unreachable']))
    head.join(3)
    const bound = whyShape(head.state, toPlacementShape(shapeOf({ CPU: 1 }, { kind: 'node', nodeId: nodeIdOf(9), soft: false })))
    expect(bound).toMatchObject({ infeasible: true, why: expect.stringContaining('which is not alive') })
    expect(bound.nodes.find(({ nodeId }) => nodeId === nodeIdOf(3))?.verdict).toBe('affinity')
    expect(whyShape(head.state, toPlacementShape(shapeOf({ CPU: 1 }))).nodes[0]).toMatchObject({ nodeId: nodeIdOf(3), verdict: 'fits' })
  })

  it('is told for a placement group, and for what is placed in one', () => {
    const head = new TestHead()
    head.join(1)
    head.ask({ type: 'group.create', spec: groupSpec(g1, [{ CPU: 1 }, { CPU: 6 }]) })
    expect(whyGroup(head.state, groupOf(head))).toMatchObject({
      ...{ state: 'PENDING', isPending: true, infeasible: true, asked: { CPU: 6 } },
      why: expect.stringContaining('bundle 1'),
      nodes: [{ verdict: 'too-small' }],
    })
    const inGroup = shapeOf({ CPU: 1 }, { kind: 'group', groupId: g1, bundleIndex: -1, captureChildren: false })
    expect(whyShape(head.state, toPlacementShape(inGroup))).toMatchObject({ why: expect.stringContaining('its placement group waits') })
    head.ask({ type: 'group.remove', groupId: g1 })
    expect(whyGroup(head.state, groupOf(head))).toMatchObject({ state: 'REMOVED', isPending: false })
    expect(whyShape(head.state, toPlacementShape(inGroup))).toMatchObject({
      infeasible: true,
      why: expect.stringContaining('does not exist any more'),
    })
  })

  it('is summed up over everything that waits, the most first', () => {
    const head = new TestHead()
    head.join(1)
    head.join(2)
    report(head, 1, {
      demand: [
        { shape: shapeOf({ CPU: 1 }), count: 30, infeasible: false },
        { shape: shapeOf({ TPU: 1 }), count: 2, infeasible: true },
      ],
      available: {},
    })
    report(head, 2, { demand: [{ shape: shapeOf({ CPU: 1 }), count: 12, infeasible: false }], available: {} })
    head.ask({ type: 'actor.create', spec: actorSpec(a1, { shape: shapeOf({ CPU: 3 }) }), getIfExists: false })
    head.ask({ type: 'group.create', spec: groupSpec(g1, [{ CPU: 2 }, { CPU: 2 }]) })
    expect(listDemand(head.state).map(({ kind, count, infeasible, asked }) => [kind, count, infeasible, asked])).toEqual([
      ['task', 42, false, { CPU: 1 }],
      ['task', 2, true, { TPU: 1 }],
      ['actor', 1, false, { CPU: 3 }],
      ['placement_group', 1, false, { CPU: 4 }],
    ])
    expect(listDemand(head.state)[1]?.why).toContain('no node can ever hold 1 TPU')
    expect(listDemand(head.state)[2]?.ids).toEqual([a1])
  })
})
