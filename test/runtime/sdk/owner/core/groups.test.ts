import { describe, expect, it } from 'vitest'
import { doing, groupId, inGroup, kindOf, otherAgent, OwnerHarness, ownNode, said, shapeOf } from './owner-harness.ts'

const bundleAt = (index: number, agent: { nodeId: string; agentAddress: string }) => ({ index, ...agent })
const self = { nodeId: ownNode, agentAddress: 'a.example:7000' }

function ownerIn(bundleIndex = -1) {
  const owner = new OwnerHarness()
  const task = owner.submit({ kind: kindOf(inGroup(bundleIndex)) })
  return { owner, task, first: owner.flush() }
}

describe('tasks in a placement group', () => {
  it('watch it, and wait while it is not placed', () => {
    const { owner, first } = ownerIn()
    expect(doing(first, 'watch-group')).toMatchObject([{ groupId }])
    expect(said(first, 'lease.request')).toEqual([])
    owner.send({ type: 'group.changed', groupId, version: 1, status: { kind: 'pending', why: 'full' } })
    expect(said(owner.last, 'lease.request')).toEqual([])
  })

  it('ask where its bundles are: any, or the one they name', () => {
    const { owner } = ownerIn(1)
    const status = { kind: 'created', bundles: [bundleAt(0, self), bundleAt(1, otherAgent('b'))] } as const
    owner.send({ type: 'group.changed', groupId, version: 1, status: { ...status, bundles: [...status.bundles] } })
    expect(doing(owner.last, 'send-agent')).toMatchObject([{ agent: otherAgent('b'), message: { type: 'lease.request', spills: 1 } }])
    const here = ownerIn(0)
    here.owner.send({ type: 'group.changed', groupId, version: 1, status: { ...status, bundles: [...status.bundles] } })
    expect(doing(here.owner.last, 'send-agent')).toMatchObject([{ agent: null }])
  })

  it('ask anew when its bundles move, and ignore older news', () => {
    const { owner } = ownerIn()
    owner.send({ type: 'group.changed', groupId, version: 1, status: { kind: 'created', bundles: [bundleAt(0, otherAgent('b'))] } })
    owner.send({ type: 'group.changed', groupId, version: 2, status: { kind: 'rescheduling', bundles: [] } })
    expect(said(owner.last, 'lease.cancel')).toHaveLength(1)
    owner.send({ type: 'group.changed', groupId, version: 1, status: { kind: 'created', bundles: [bundleAt(0, otherAgent('b'))] } })
    expect(owner.last).toEqual([])
    owner.send({ type: 'group.changed', groupId, version: 3, status: { kind: 'created', bundles: [bundleAt(0, otherAgent('e'))] } })
    expect(doing(owner.last, 'send-agent')).toMatchObject([{ agent: otherAgent('e') }])
  })

  it('fail at once when it is removed, also those that come later', () => {
    const { owner, task } = ownerIn()
    const removed = { code: 'group.removed', message: 'gone', details: {} } as const
    owner.send({ type: 'group.changed', groupId, version: 1, status: { kind: 'removed', failure: removed } })
    const later = owner.submit({ kind: kindOf(inGroup()) })
    owner.flush()
    expect([owner.failure(task), owner.failure(later)]).toEqual(['group.removed', 'group.removed'])
  })
})

it('only so many removed groups are remembered; of an older one is asked anew', () => {
  const owner = new OwnerHarness({ keptRemovedGroups: 2 })
  const failure = { code: 'group.removed', message: 'removed', details: {} } as const
  const ids = ['1', '2', '3'].map((digit) => digit.repeat(36))
  const submit = (id = '') => {
    const strategy = { kind: 'group', groupId: id, bundleIndex: -1, captureChildren: false } as const
    const task = owner.submit({ kind: kindOf(shapeOf({ strategy })) })
    return { task, asked: doing(owner.flush(), 'watch-group').map((command) => command.groupId) }
  }
  for (const id of ids) {
    expect(submit(id).asked).toEqual([id])
    owner.send({ type: 'group.changed', groupId: id, version: 1, status: { kind: 'removed', failure } })
  }
  expect(owner.state.groups.size).toBe(2)
  const late = submit(ids[2])
  expect([late.asked, owner.failure(late.task)]).toEqual([[], 'group.removed'])
  expect(submit(ids[0]).asked).toEqual([ids[0]])
})
