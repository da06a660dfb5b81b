import { expect, test } from 'vitest'
import { expectedNodes, nodeSums } from '#src-renderer/features/clusters/node-sums.ts'

const node = (state: string, more: object = {}) => ({ raylet: { state }, ...more })

test('only nodes that live are summed up, each by what it has', () => {
  const figures = nodeSums(
    [
      node('ALIVE', { cpu: 50, cpus: [8, 4], mem: [100, 60, 40, 40], gpus: [{ utilizationGpu: 100 }, { utilizationGpu: null }] }),
      node('ALIVE', { cpu: 100, cpus: [2, 1], mem: [50, 40, 20, 10] }),
      node('DEAD', { cpu: 100, cpus: [64, 32], mem: [1_000, 0, 100, 1_000] }),
    ],
    3,
  )
  expect(figures).toEqual({ alive: 2, total: 3, cpu: { used: 6, total: 10 }, memory: { used: 50, total: 150 }, gpu: { used: 1, total: 2 } })
})

test('before the first figures came there are none, and a node that joined by itself is not more than all', () => {
  expect(nodeSums([node('ALIVE')], 0)).toEqual({ alive: 1, total: 1, cpu: null, memory: null, gpu: null })
})

test('nodes that left on purpose are not missed, and further ones on a machine are', () => {
  const member = { machineId: 'm-1', role: 'worker', payload: null, address: null, nodeId: null, sessionFolder: null } as const
  const extraNodes = [
    { name: 'b', agentPort: 1, nodeId: null },
    { name: 'c', agentPort: 2, nodeId: null },
  ]
  const members = [
    { ...member, role: 'head' as const, state: 'started' as const, extraNodes },
    { ...member, state: 'draining' as const },
    { ...member, state: 'stopped' as const },
    { ...member, state: 'planned' as const },
  ]
  expect(expectedNodes({ members })).toBe(4)
})
