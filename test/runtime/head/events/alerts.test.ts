import { describe, expect, it } from 'vitest'
import { AlertBook, findAlerts } from '#runtime/head/events/alerts.ts'
import type { NodeMetrics } from '#runtime/protocol/metrics.ts'
import { nodeIdOf, shapeOf, TestHead } from '../core/builders.ts'
import { figuresOf } from '../metrics/figures.ts'

const nodeId = nodeIdOf(1)
function aHead(): TestHead {
  const head = new TestHead()
  head.join(1)
  return head
}
const alertsOf = (head: TestHead, figures: NodeMetrics, { book = new AlertBook(), heardAtMs = figures.atMs } = {}) => {
  const metrics = [{ metrics: figures, heardAtMs }]
  const found = findAlerts({ state: head.state, metrics, nowMs: head.nowMs }, book.ids)
  return { found, events: book.update(found, head.nowMs), book }
}
const diskAt = (share: number) =>
  figuresOf(nodeId, { disks: [{ mount: '/', totalBytes: 100, usedBytes: share * 100, freeBytes: 100 - share * 100, isOurs: true }] })

describe('alerts', () => {
  it('are none when all is well, and of nodes that live only', () => {
    expect(alertsOf(aHead(), figuresOf(nodeId)).found).toEqual([])
    expect(alertsOf(new TestHead(), diskAt(0.99)).found).toEqual([])
  })

  it('name a disk, a store and memory that are nearly full, and a clock that is off', () => {
    const { store, memory } = figuresOf(nodeId)
    const kindsOf = (more: Partial<NodeMetrics>, heardAtMs = 0) =>
      alertsOf(aHead(), figuresOf(nodeId, more), { heardAtMs }).found.map(({ kind }) => kind)
    expect(alertsOf(aHead(), diskAt(0.92)).found).toMatchObject([
      { kind: 'disk-nearly-full', nodeId, message: expect.stringContaining('92 % full') },
    ])
    expect(kindsOf({ store: { ...store, usedBytes: 95, capacityBytes: 100 } })).toEqual(['store-nearly-full'])
    expect(kindsOf({ memory: { ...memory, usedBytes: 9.5e9 } })).toEqual(['memory-nearly-full'])
    expect(kindsOf({ memory: { ...memory, group: { limitBytes: 100, usedBytes: 91 } } })).toEqual(['memory-nearly-full'])
    expect(kindsOf({ atMs: 20_000 })).toEqual(['clock-skew'])
    expect(kindsOf({ atMs: 20_000 }, 30_000)).toEqual(['clock-skew'])
    expect(kindsOf({ atMs: 20_000 }, 21_000)).toEqual([])
    expect(kindsOf({ disks: [{ mount: '/data', totalBytes: 100, usedBytes: 99, freeBytes: 1, isOurs: false }] })).toEqual([])
  })

  it('come once, stand until things are clearly better, and are told when they go', () => {
    const head = aHead()
    const { book, events } = alertsOf(head, diskAt(0.91))
    expect(events).toMatchObject([{ kind: 'alert', type: 'raised', row: { severity: 'WARNING', node_id: nodeId } }])
    const { sinceMs } = book.list()[0] ?? {}
    head.nowMs += 10_000
    expect(alertsOf(head, diskAt(0.87), { book }).events).toEqual([])
    expect(book.list()).toMatchObject([{ sinceMs }])
    expect(alertsOf(head, diskAt(0.84), { book }).events).toMatchObject([{ type: 'cleared' }])
    expect(alertsOf(head, diskAt(0.87), { book }).events).toEqual([])
    expect(book.list()).toEqual([])
  })

  it('name work that no node can ever hold', () => {
    const head = aHead()
    head.say(1, {
      type: 'node.reported',
      nodeId,
      sequence: 5,
      available: {},
      demand: [{ shape: shapeOf({ TPU: 4 }), count: 3, infeasible: true }],
      storeUsedBytes: 0,
      workers: 0,
    })
    expect(alertsOf(head, figuresOf(nodeId)).found).toMatchObject([
      {
        kind: 'infeasible',
        message: '3 tasks ask for 4 TPU, which no node of the cluster can ever hold; add such a node, or ask for less',
      },
    ])
  })
})
