import { describe, expect, test } from 'vitest'
import { amountsFrom } from '#runtime/base/fixed-point.ts'
import { seededRandom } from '#runtime/base/random.ts'
import { explainMisfit } from '#runtime/protocol/placement/explain-misfit.ts'
import { matchesLabels } from '#runtime/protocol/placement/labels.ts'
import { pickNode } from '#runtime/protocol/placement/pick-node.ts'
import { type PlacementNode, shapeKey, toPlacementShape } from '#runtime/protocol/placement/shapes.ts'
import type { Shape } from '#runtime/protocol/scheduling.ts'

const shape = (resources: Record<string, number>, more: Partial<Shape> = {}): Shape => ({
  resources,
  labels: [],
  fallbackLabels: [],
  strategy: { kind: 'default' },
  ...more,
})

type NodeOptions = { total?: Record<string, number>; free?: Record<string, number>; labels?: Record<string, string>; isOpen?: boolean }
const node = (nodeId: string, { total = { CPU: 4 }, free = total, labels = {}, isOpen = true }: NodeOptions = {}): PlacementNode => ({
  nodeId,
  nodeName: nodeId,
  labels,
  total: amountsFrom(total),
  available: amountsFrom(free),
  isOpen,
})

const pick = (
  nodes: PlacementNode[],
  asked: Shape,
  more: { preferNodeId?: string; avoid?: Set<string>; spreadCursor?: { at: number } } = {},
) => pickNode(nodes, toPlacementShape(asked), { random: seededRandom(1), ...more })?.nodeId

describe('pickNode', () => {
  test('packs on the first node while it is below half use', () => {
    expect(pick([node('a', { free: { CPU: 3 } }), node('b')], shape({ CPU: 1 }))).toBe('a')
  })
  test('goes to the next node once the first is half used', () => {
    expect(pick([node('a', { free: { CPU: 2 } }), node('b')], shape({ CPU: 1 }))).toBe('b')
  })
  test('takes the least used when all are over half', () => {
    expect(pick([node('a', { free: { CPU: 1 } }), node('b', { free: { CPU: 2 } })], shape({ CPU: 1 }))).toBe('b')
  })
  test('takes the preferred node first, unless it is over half used', () => {
    expect(pick([node('a'), node('b')], shape({ CPU: 1 }), { preferNodeId: 'b' })).toBe('b')
    expect(pick([node('a'), node('b', { free: { CPU: 1 } })], shape({ CPU: 1 }), { preferNodeId: 'b' })).toBe('a')
  })
  test('keeps work without a GPU off GPU nodes while others have room', () => {
    const gpu = node('a', { total: { CPU: 4, GPU: 1 } })
    expect(pick([gpu, node('b')], shape({ CPU: 1 }))).toBe('b')
    expect(pick([gpu, node('b', { free: {} })], shape({ CPU: 1 }))).toBe('a')
  })
  test('finds the one node with room among a thousand', () => {
    const nodes = Array.from({ length: 1_000 }, (_, index) => node(`n${index}`, { free: index === 777 ? { CPU: 1 } : {} }))
    expect(pick(nodes, shape({ CPU: 1 }))).toBe('n777')
  })
  test('chooses at random among the best fifth, so that schedulers with one view do not collide', () => {
    const nodes = Array.from({ length: 10 }, (_, index) => node(`n${index}`))
    const random = seededRandom(7)
    const picked = new Set(Array.from({ length: 50 }, () => pickNode(nodes, toPlacementShape(shape({ CPU: 1 })), { random })?.nodeId))
    expect(picked).toEqual(new Set(['n0', 'n1']))
  })
  test('passes over closed, avoided and full nodes', () => {
    expect(
      pick([node('a', { isOpen: false }), node('b'), node('c', { free: {} }), node('d')], shape({ CPU: 1 }), { avoid: new Set(['b']) }),
    ).toBe('d')
    expect(pick([node('a', { free: {} })], shape({ CPU: 1 }))).toBeUndefined()
  })
  test('spreads round robin from its cursor', () => {
    const spreadCursor = { at: 0 }
    const nodes = [node('a'), node('b'), node('c', { free: {} })]
    const asked = shape({ CPU: 1 }, { strategy: { kind: 'spread' } })
    expect([1, 2, 3].map(() => pick(nodes, asked, { spreadCursor }))).toEqual(['a', 'b', 'a'])
  })
  test('waits for the node a hard or soft affinity names, and leaves only a soft one that is gone', () => {
    const busy = [node('a', { free: {} }), node('b')]
    const bound = (nodeId: string, soft: boolean) => shape({ CPU: 1 }, { strategy: { kind: 'node', nodeId, soft } })
    expect(pick(busy, bound('a', false))).toBeUndefined()
    expect(pick(busy, bound('a', true))).toBeUndefined()
    expect(pick(busy, bound('z', false))).toBeUndefined()
    expect(pick(busy, bound('z', true))).toBe('b')
  })
  test('falls back to the next labels only when no node could ever match the ones before', () => {
    const inRegion = (value: string) => [{ key: 'region', operator: 'in' as const, values: [value] }]
    const asked = shape({ CPU: 1 }, { labels: inRegion('eu'), fallbackLabels: [inRegion('us')] })
    const us = node('us', { labels: { region: 'us' } })
    expect(pick([us], asked)).toBe('us')
    expect(pick([node('eu', { labels: { region: 'eu' }, free: {} }), us], asked)).toBeUndefined()
  })
})

describe('matchesLabels', () => {
  test('not-in also holds for a node without the label', () => {
    const selector = [{ key: 'kind', operator: 'not-in' as const, values: ['spot'] }]
    expect([matchesLabels({}, selector), matchesLabels({ kind: 'spot' }, selector), matchesLabels({ kind: 'x' }, selector)]).toEqual([
      true,
      false,
      true,
    ])
  })
  test('a key of Object.prototype is no label', () => {
    expect(matchesLabels({}, [{ key: 'constructor', operator: 'in', values: ['x'] }])).toBe(false)
  })
})

describe('explainMisfit', () => {
  const explain = (nodes: PlacementNode[], asked: Shape) => explainMisfit(nodes, toPlacementShape(asked))
  test('names what is asked and the nearest node when none could ever hold it', () => {
    expect(explain([node('a'), node('b', { total: { CPU: 8, GPU: 2 } })], shape({ CPU: 4, GPU: 4 }))).toEqual({
      infeasible: true,
      final: false,
      nearest: 'b',
      why: 'no node can ever hold 4 CPU, 4 GPU; the nearest, b (b), has 8 CPU, 2 GPU',
    })
  })
  test('says that nodes are busy when they could hold it', () => {
    expect(explain([node('a', { free: { CPU: 1 } }), node('b', { free: {} })], shape({ CPU: 2 }))).toMatchObject({
      infeasible: false,
      nearest: 'a',
      why: 'it asks for 2 CPU; 2 nodes can hold it, all are busy; a (a) has 1 CPU free',
    })
  })
  test('says that no node has the labels', () => {
    const labels = [{ key: 'region', operator: 'in' as const, values: ['eu'] }]
    expect(explain([node('a')], shape({ CPU: 1 }, { labels })).why).toBe(
      'no node has the labels asked for: region in [eu] (nodes looked at: 1)',
    )
  })
  test('is final for hard affinity to a node that is gone', () => {
    const bound = shape({ CPU: 1 }, { strategy: { kind: 'node', nodeId: 'z', soft: false } })
    expect(explain([node('a')], bound)).toMatchObject({ infeasible: true, final: true })
  })
})

test('shapeKey ignores the order of resource names and tells strategies apart', () => {
  expect(shapeKey(shape({ CPU: 1, GPU: 2 }))).toBe(shapeKey(shape({ GPU: 2, CPU: 1 })))
  expect(shapeKey(shape({ CPU: 1 }))).not.toBe(shapeKey(shape({ CPU: 1 }, { strategy: { kind: 'spread' } })))
})
