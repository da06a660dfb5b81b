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

test('nodes on one machine count its cores, memory and GPUs once; another boot or host is another machine', () => {
  const measured = { cpu: 50, cpus: [2, 2], mem: [100, 60, 40, 40], gpus: [{ utilizationGpu: 0 }] }
  const place = { hostname: 'a', ip: '127.0.0.1', bootTime: 7 }
  const figures = nodeSums(
    [
      node('ALIVE', { ...measured, ...place }),
      node('ALIVE', { ...measured, ...place }),
      node('ALIVE', { ...measured, ...place, bootTime: 8 }),
      node('ALIVE', { ...measured, ...place, hostname: 'b' }),
      node('ALIVE', measured),
      node('ALIVE', measured),
    ],
    6,
  )
  expect(figures).toEqual({
    alive: 6,
    total: 6,
    cpu: { used: 5, total: 10 },
    memory: { used: 200, total: 500 },
    gpu: { used: 0, total: 5 },
  })
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
