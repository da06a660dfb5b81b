import { describe, expect, it } from 'vitest'
import { amountsFrom } from '#runtime/base/fixed-point.ts'
import { distanceOf, type ExplainedNode, explainNode, explainNodes } from '#runtime/protocol/placement/explain-nodes.ts'
import { type PlacementShape, toPlacementShape } from '#runtime/protocol/placement/shapes.ts'
import type { Shape } from '#runtime/protocol/scheduling.ts'

const node = (
  nodeId: string,
  more: Partial<ExplainedNode> & { has?: Record<string, number>; free?: Record<string, number> } = {},
): ExplainedNode => {
  const { has = { CPU: 4 }, free = has, ...rest } = more
  return {
    nodeId,
    nodeName: `name-${nodeId}`,
    labels: {},
    total: amountsFrom(has),
    available: amountsFrom(free),
    isOpen: true,
    closed: null,
    ...rest,
  }
}
const shape = (resources: Record<string, number>, more: Partial<Shape> = {}): PlacementShape =>
  toPlacementShape({ resources, labels: [], fallbackLabels: [], strategy: { kind: 'default' }, ...more })
const zone = (...values: string[]) => [{ key: 'zone', operator: 'in' as const, values }]

describe('why a node does not take something', () => {
  it('is told with what is short, by how much', () => {
    expect(explainNode(node('a', { has: { CPU: 4, GPU: 1 }, free: { CPU: 0.5, GPU: 1 } }), shape({ CPU: 2, GPU: 1 }))).toEqual({
      ...{ nodeId: 'a', nodeName: 'name-a', verdict: 'busy', why: 'it is busy: 2 CPU asked for, 0.5 free', labels: [] },
      missing: [{ resource: 'CPU', wanted: 2, free: 0.5, total: 4, short: 1.5 }],
    })
    expect(explainNode(node('a'), shape({ CPU: 8, TPU: 1 }))).toMatchObject({
      verdict: 'too-small',
      why: 'it can never hold it: 8 CPU asked for, 4 there; 1 TPU asked for, 0 there',
    })
    expect(explainNode(node('a'), shape({ CPU: 4 }))).toMatchObject({ verdict: 'fits', missing: [] })
  })

  it('is its labels, and names the condition that it is nearest to meet', () => {
    const labelled = node('a', { labels: { zone: 'eu', kind: 'spot' } })
    expect(explainNode(labelled, shape({ CPU: 1 }, { labels: zone('us', 'asia') }))).toMatchObject({
      verdict: 'labels',
      labels: [{ key: 'zone', wanted: 'us | asia', has: 'eu' }],
    })
    const not = [{ key: 'kind', operator: 'not-in' as const, values: ['spot'] }]
    expect(explainNode(labelled, shape({ CPU: 1 }, { labels: [...zone('us'), ...not], fallbackLabels: [not] })).labels).toEqual([
      { key: 'kind', wanted: 'not spot', has: 'spot' },
    ])
    expect(explainNode(labelled, shape({ CPU: 1 }, { labels: zone('us'), fallbackLabels: [zone('eu')] })).verdict).toBe('fits')
    expect(explainNode(node('b'), shape({ CPU: 1 }, { labels: zone('us') })).labels[0]?.has).toBeNull()
  })

  it('is that it is closed, or that another is asked for by name', () => {
    for (const closed of ['draining', 'unreachable', 'dead'] as const)
      expect(explainNode(node('a', { closed }), shape({ CPU: 1 })).verdict).toBe(closed)
    const bound = shape({ CPU: 1 }, { strategy: { kind: 'node', nodeId: 'b', soft: false } })
    expect(explainNodes([node('a'), node('b')], bound).map(({ verdict }) => verdict)).toEqual(['affinity', 'fits'])
    expect(explainNode(node('a'), shape({ CPU: 1 }, { strategy: { kind: 'node', nodeId: 'b', soft: true } })).verdict).toBe('fits')
  })

  it('puts the nearest first', () => {
    const nodes = [
      node('dead', { closed: 'dead' }),
      node('small', { has: { CPU: 1 } }),
      node('nearly', { free: { CPU: 3 } }),
      node('busy', { free: {} }),
      node('elsewhere', { labels: { zone: 'us' } }),
    ]
    const wanted = shape({ CPU: 4 }, { labels: [{ key: 'zone', operator: 'not-in', values: ['us'] }] })
    const order = explainNodes(nodes, wanted).sort((one, other) => distanceOf(one) - distanceOf(other))
    expect(order.map(({ nodeId }) => nodeId)).toEqual(['nearly', 'busy', 'small', 'elsewhere', 'dead'])
  })
})
