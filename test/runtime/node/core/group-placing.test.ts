import { describe, expect, it } from 'vitest'
import { AgentHarness, doing, groupId, idOf, selfId, shapeOf, toHead, toOwner, viewOf } from './agent-core-harness.ts'

const otherId = idOf('b')

describe('a request inside a placement group', () => {
  const inGroup = (bundleIndex: number) =>
    shapeOf({ CPU: 1 }, { strategy: { kind: 'group', groupId, bundleIndex, captureChildren: false } })
  const withBundle = () => {
    const agent = new AgentHarness({ CPU: 4 })
    agent.head({ type: 'bundles.prepare', groupId, round: 1, bundles: [{ index: 0, resources: { CPU: 2 } }] })
    agent.head({ type: 'bundles.commit', groupId, round: 1 })
    return agent
  }

  it('draws from its bundle and from nothing else', () => {
    const agent = withBundle()
    for (const id of ['g1', 'g2', 'g3']) agent.request(id, { shape: inGroup(0) })
    expect(toOwner(agent.startWorkers(), 'lease.granted').map((grant) => grant.requestId)).toEqual(['g1', 'g2'])
    expect(agent.state.pool.available).toEqual({ CPU: 20_000 })
  })

  it('asks where the bundles are, and goes there', () => {
    const agent = new AgentHarness({ CPU: 4 })
    agent.head({ type: 'cluster.changed', version: 1, nodes: [viewOf(otherId, { CPU: 4 })] })
    expect(doing(agent.request('g1', { shape: inGroup(-1) }), 'watch-group')).toEqual([{ do: 'watch-group', groupId }])
    const bundles = [{ index: 0, nodeId: otherId, agentAddress: 'b:1' }]
    const commands = agent.head({ type: 'group.changed', groupId, version: 1, status: { kind: 'created', bundles } })
    expect(toOwner(commands, 'lease.spilled')[0]?.nodeId).toBe(otherId)
  })

  it('for any bundle goes on from where it was sent in vain, when another has room', () => {
    const agent = withBundle()
    const elsewhere = (free: number, version: number) => {
      const available = { [`CPU_group_1_${groupId}`]: free, [`CPU_group_${groupId}`]: free }
      return agent.head({ type: 'cluster.changed', version, nodes: [viewOf(otherId, { CPU: 4 }, { available })] })
    }
    elsewhere(0, 1)
    for (const id of ['g1', 'g2']) agent.request(id, { shape: inGroup(0) })
    agent.startWorkers()
    agent.request('g3', { shape: inGroup(-1), spills: 1 }) // sent here by one that had not heard yet that it is full
    agent.request('g4', { shape: inGroup(0), spills: 1 })
    elsewhere(2, 2)
    const waited = agent.tick(600)
    expect(doing(waited, 'watch-group')).toEqual([{ do: 'watch-group', groupId }])
    const bundles = [
      { index: 0, nodeId: selfId, agentAddress: 'self.example:7000' },
      { index: 1, nodeId: otherId, agentAddress: 'b:1' },
    ]
    const commands = agent.head({ type: 'group.changed', groupId, version: 1, status: { kind: 'created', bundles } })
    expect(toOwner(commands, 'lease.spilled').map(({ requestId, nodeId }) => [requestId, nodeId])).toEqual([['g3', otherId]])
  })

  it('is refused when the group is gone', () => {
    const agent = new AgentHarness({ CPU: 4 })
    agent.request('g1', { shape: inGroup(-1) })
    expect(toOwner(agent.send({ type: 'group.unknown', groupId }), 'lease.refused')[0]?.failure.code).toBe('group.removed')
  })

  it('loses its worker when the bundle is given back, and the node has its amounts once the process is gone', () => {
    const agent = withBundle()
    agent.request('g1', { shape: inGroup(0) })
    const [grant] = toOwner(agent.startWorkers(), 'lease.granted')
    const commands = agent.head({ type: 'bundles.return', groupId, round: 1, indexes: [0], endUsers: true })
    expect(doing(commands, 'end-worker')[0]?.reason).toBe('group-removed')
    expect(agent.state.pool.available).toEqual({ CPU: 20_000 })
    const after = agent.exit(grant?.worker.workerId ?? '')
    expect(toOwner(after, 'lease.lost')[0]?.exit.reason).toBe('group-removed')
    expect(agent.state.pool.available).toEqual({ CPU: 40_000 })
  })

  it('reports the amounts of bundles under their names', () => {
    const agent = withBundle()
    agent.send({ type: 'head.registered', heartbeatMs: 1_000, deadAfterMs: 10_000 })
    const [report] = toHead(agent.tick(1_000), 'node.reported')
    expect(report?.available ?? toHead(agent.last, 'node.reported')).toMatchObject({
      CPU: 2,
      [`CPU_group_0_${groupId}`]: 2,
      [`CPU_group_${groupId}`]: 2,
    })
  })
})
