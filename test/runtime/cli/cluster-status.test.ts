import { describe, expect, test } from 'vitest'
import { type Replies, statusOf } from '#runtime/cli/cluster-status.ts'
import { formatStatus } from '#runtime/cli/format-status.ts'

const heading = { clusterId: 'c'.repeat(32), address: '10.0.0.5:6379', tempDir: '/tmp/x', nowMs: 0 }

type Node = Replies['nodes'][number]
function node(
  id: string,
  more: { total: Record<string, number>; free?: Record<string, number>; state?: Node['state']; deathReason?: string },
): Node {
  const { total, free = total, state = 'alive', deathReason = '' } = more
  const facts = {
    nodeId: id.repeat(56),
    agentAddress: `10.0.0.${id}:7000`,
    hostname: `host-${id}`,
    pid: 1,
    isHead: id === '1',
    resources: total,
    labels: {},
    objectStoreBytes: 1,
    startedAtMs: 0,
    nodeName: '',
    version: '0.1.0',
  }
  return { facts, available: free, storeUsedBytes: 0, state, deathReason, diedAtMs: 0 }
}
const group = (status: Replies['groups'][number]['status'], bundles: Record<string, number>[]): Replies['groups'][number] => ({
  spec: {
    groupId: 'a'.repeat(36),
    jobId: '00000001',
    creatorId: 'b'.repeat(56),
    name: 'train',
    strategy: 'PACK',
    bundles: bundles.map((resources) => ({ resources, labels: [] })),
    detached: false,
  },
  status,
})
const noDemand: Replies['demand'] = { leases: [], actors: 0, groups: 0 }

describe('resources', () => {
  test('are summed over the nodes that are not dead', () => {
    const nodes = [
      node('1', { total: { CPU: 2, GPU: 0.3 }, free: { CPU: 1.5 } }),
      node('2', { total: { CPU: 4 }, state: 'draining' }),
      node('3', { total: { CPU: 8 }, free: {}, state: 'dead' }),
    ]
    const { resources } = statusOf(heading, { nodes, demand: noDemand, groups: [] })
    expect(resources).toEqual({ CPU: { used: 0.5, total: 6, reserved: 0 }, GPU: { used: 0.3, total: 0.3, reserved: 0 } })
  })

  test('count bundles that have a place as reserved, and those that wait not', () => {
    const placed = group({ kind: 'rescheduling', bundles: [{ index: 1, nodeId: '1'.repeat(56), agentAddress: '' }] }, [
      { CPU: 2 },
      { CPU: 0.5 },
    ])
    const { resources, placementGroups } = statusOf(heading, {
      nodes: [node('1', { total: { CPU: 2 } })],
      demand: noDemand,
      groups: [placed],
    })
    expect(resources['CPU']?.reserved).toBe(0.5)
    expect(placementGroups[0]?.bundles.map(({ nodeId }) => nodeId)).toEqual([null, '1'.repeat(56)])
  })
})

describe('the reason why tasks wait', () => {
  const nodes = [node('1', { total: { CPU: 2, GPU: 1 } }), node('2', { total: { CPU: 8 } })]
  test.each([
    [{ CPU: 8 }, 'waits for room on the one node with that much'],
    [{ CPU: 1 }, 'waits for room on one of the 2 nodes with that much'],
    [{ CPU: 16, TPU: 1 }, 'no node has CPU 16 (the most on one node: 8), TPU 1 (the most on one node: 0)'],
    [{ CPU: 4, GPU: 1 }, 'no one node has all of it together'],
  ])('%j: %s', (resources, reason) => {
    const demand = { ...noDemand, leases: [{ resources, count: 3, infeasible: false }] }
    expect(statusOf(heading, { nodes, demand, groups: [] }).demand.tasks).toEqual([{ resources, count: 3, infeasible: false, reason }])
  })
})

test('people read nodes, resources and what waits', () => {
  const nodes = [
    node('1', { total: { CPU: 2, memory: 2 ** 33, 'node:10.0.0.1': 1 }, free: { CPU: 1, memory: 2 ** 32, 'node:10.0.0.1': 1 } }),
    node('2', { total: { CPU: 4 }, state: 'dead', deathReason: 'no heartbeat for 10 s' }),
  ]
  const demand = { leases: [{ resources: { CPU: 8 }, count: 3, infeasible: true }], actors: 1, groups: 1 }
  const groups = [group({ kind: 'pending', why: 'no room for bundle 1' }, [{ CPU: 1 }, { CPU: 1 }])]
  expect(formatStatus(statusOf(heading, { nodes, demand, groups })).split('\n')).toEqual([
    'Cluster cccccccc at 10.0.0.5:6379, 1970-01-01T00:00:00.000Z',
    '',
    'Nodes: 1 alive, 1 dead',
    '  11111111  host-1  10.0.0.1:7000  alive  head  1/2 CPU',
    '',
    'Dead nodes',
    '  22222222  host-2  no heartbeat for 10 s',
    '',
    'Resources (used / total)',
    '  1/2 CPU',
    '  4GiB/8GiB memory',
    '',
    'Demand',
    '  3 × {CPU: 8}: no node has CPU 8 (the most on one node: 2)',
    '  1 actor waits to be placed',
    '  placement group aaaaaaaa: no room for bundle 1',
    '',
    'Placement groups',
    '  aaaaaaaa  train  pending  PACK  {CPU: 1} {CPU: 1}',
  ])
})

test('a long list is cut, and says how much is left out', () => {
  const nodes = Array.from({ length: 30 }, () => node('2', { total: { CPU: 1 } }))
  expect(formatStatus(statusOf(heading, { nodes, demand: noDemand, groups: [] }))).toContain('  … and 10 more; --json lists all\n')
})
