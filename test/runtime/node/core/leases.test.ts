import { describe, expect, it } from 'vitest'
import type { FromOwner } from '#runtime/node/core/messages.ts'
import { AgentHarness, doing, idOf, selfId, shapeOf, toHead, toOwner, viewOf } from './agent-core-harness.ts'

const otherId = idOf('b')

describe('a lease request', () => {
  it('is granted a fresh worker, which is told before the owner', () => {
    const agent = new AgentHarness({ CPU: 2 })
    agent.request('r1')
    const commands = agent.startWorkers()
    const [granted] = toOwner(commands, 'lease.granted')
    expect(granted?.requestId).toBe('r1')
    const order = commands.map((command) => command.do)
    expect(order.indexOf('assign-worker')).toBeLessThan(order.lastIndexOf('tell-owner'))
  })

  it('is answered with the same grant when it is repeated, and never granted twice', () => {
    const agent = new AgentHarness({ CPU: 2 })
    agent.request('r1')
    expect(agent.request('r1')).toEqual([])
    const [granted] = toOwner(agent.startWorkers(), 'lease.granted')
    expect(toOwner(agent.request('r1'), 'lease.granted')).toEqual([granted])
    expect(agent.state.leases.size).toBe(1)
  })

  it('is told of the loss when it is repeated after its lease is over', () => {
    const agent = new AgentHarness({ CPU: 2 })
    agent.request('r1')
    const [granted] = toOwner(agent.startWorkers(), 'lease.granted')
    const leaseId = granted?.leaseId ?? ''
    agent.send({ type: 'owner.said', message: { type: 'lease.return', leaseId, ownerId: idOf('d'), workerLeaving: false } })
    const again = agent.request('r1')
    expect(toOwner(again, 'lease.lost').map((lost) => lost.leaseId)).toEqual([leaseId])
    expect(agent.state.leases.size).toBe(0)
  })

  it('waits for room, and is served in the order of arrival when a lease is returned', () => {
    const agent = new AgentHarness({ CPU: 1 })
    for (const id of ['r1', 'r2', 'r3']) agent.request(id)
    const [first] = toOwner(agent.startWorkers(), 'lease.granted')
    expect(agent.state.leases.size).toBe(1)
    const next = agent.send({
      type: 'owner.said',
      message: { type: 'lease.return', leaseId: first?.leaseId ?? '', ownerId: idOf('d'), workerLeaving: false },
    })
    expect(toOwner(next, 'lease.granted').map((granted) => granted.requestId)).toEqual(['r2'])
  })

  it('is dropped by a cancel', () => {
    const agent = new AgentHarness({ CPU: 1 })
    agent.request('r1')
    agent.send({ type: 'owner.said', message: { type: 'lease.cancel', requestId: 'r1', ownerId: idOf('d') } })
    expect(toOwner(agent.startWorkers(), 'lease.granted')).toEqual([])
    expect(agent.state.pool.available).toEqual({ CPU: 10_000 })
  })

  it('takes whole devices above one GPU and shares one below', () => {
    const agent = new AgentHarness({ CPU: 8, GPU: 3 }, { gpuIds: ['0', '1', '2'] })
    agent.request('half-1', { shape: shapeOf({ GPU: 0.5 }) })
    agent.request('half-2', { shape: shapeOf({ GPU: 0.5 }) })
    agent.request('two', { shape: shapeOf({ GPU: 2 }) })
    const granted = toOwner(agent.startWorkers(), 'lease.granted')
    expect(Object.fromEntries(granted.map((each) => [each.requestId, each.devices['GPU']]))).toEqual({
      'half-1': ['0'],
      'half-2': ['0'],
      two: ['1', '2'],
    })
  })

  it('of more GPUs than one that are not whole can never be held', () => {
    const agent = new AgentHarness({ CPU: 8, GPU: 3 })
    const waiting = toOwner(agent.request('r1', { shape: shapeOf({ GPU: 1.5 }) }), 'lease.waiting')
    expect(waiting[0]?.why).toContain('whole devices')
  })
})

describe('a request that nothing can hold', () => {
  it('is told at once why, naming what is nearest, and refused after the time set for it', () => {
    const agent = new AgentHarness({ CPU: 2 }, { infeasibleTimeoutMs: 5_000 })
    const [waiting] = toOwner(agent.request('r1', { shape: shapeOf({ CPU: 64 }) }), 'lease.waiting')
    expect(waiting?.why).toContain('2 CPU')
    expect(toOwner(agent.tick(4_000), 'lease.refused')).toEqual([])
    const [refused] = toOwner(agent.tick(2_000), 'lease.refused')
    expect(refused?.failure.code).toBe('task.unschedulable')
  })

  it('goes to a node that joins and can hold it', () => {
    const agent = new AgentHarness({ CPU: 2 })
    agent.send({ type: 'head.registered', heartbeatMs: 1_000, deadAfterMs: 10_000 })
    agent.request('r1', { shape: shapeOf({ CPU: 64 }) })
    const commands = agent.head({ type: 'cluster.changed', version: 1, nodes: [viewOf(otherId, { CPU: 64 })] })
    expect(toOwner(commands, 'lease.spilled')[0]?.nodeId).toBe(otherId)
  })

  it('is refused when it is bound to a node that is not alive, after news of one that has just joined would have come', () => {
    const agent = new AgentHarness({ CPU: 2 })
    agent.send({ type: 'head.registered', heartbeatMs: 1_000, deadAfterMs: 10_000 })
    agent.head({ type: 'cluster.changed', version: 1, nodes: [] })
    const shape = shapeOf({ CPU: 1 }, { strategy: { kind: 'node', nodeId: otherId, soft: false } })
    expect(toOwner(agent.request('r1', { shape }), 'lease.refused')).toEqual([])
    expect(toOwner(agent.tick(1_000), 'lease.refused')[0]?.failure.code).toBe('task.unschedulable')
  })
  it('waits for the news of a node that has just joined', () => {
    const agent = new AgentHarness({ CPU: 2 })
    agent.send({ type: 'head.registered', heartbeatMs: 1_000, deadAfterMs: 10_000 })
    agent.head({ type: 'cluster.changed', version: 1, nodes: [] })
    agent.request('r1', { shape: shapeOf({ CPU: 1 }, { strategy: { kind: 'node', nodeId: otherId, soft: false } }) })
    const commands = agent.head({ type: 'cluster.changed', version: 2, nodes: [viewOf(otherId, { CPU: 4 })] })
    expect(toOwner(commands, 'lease.spilled')[0]?.nodeId).toBe(otherId)
  })
})

describe('spilling', () => {
  const withOther = (available: Record<string, number>) => {
    const agent = new AgentHarness({ CPU: 1 })
    agent.send({ type: 'head.registered', heartbeatMs: 1_000, deadAfterMs: 10_000 })
    agent.head({ type: 'cluster.changed', version: 1, nodes: [viewOf(otherId, { CPU: 4 }, { available })] })
    return agent
  }

  it('sends a request on when another node has room and this one has none', () => {
    const agent = withOther({ CPU: 4 })
    agent.request('r1')
    agent.startWorkers()
    expect(toOwner(agent.request('r2'), 'lease.spilled')[0]).toMatchObject({ requestId: 'r2', nodeId: otherId })
  })

  it('does not send one to a node that late news would bring back', () => {
    const agent = new AgentHarness({ CPU: 1 })
    const other = viewOf(otherId, { CPU: 4 })
    agent.send({ type: 'head.registered', heartbeatMs: 1_000, deadAfterMs: 10_000 })
    agent.head({ type: 'cluster.changed', version: 1, nodes: [other] })
    agent.head({ type: 'cluster.changed', version: 2, nodes: [{ ...other, state: 'dead' }] })
    agent.head({ type: 'cluster.changed', version: 1, nodes: [other] })
    agent.request('r1')
    expect(toOwner(agent.request('r2'), 'lease.spilled')).toEqual([])
  })
  it('reckons with what it sent until the other reports again', () => {
    const agent = withOther({ CPU: 2 })
    agent.request('r1')
    const spilled = ['r2', 'r3', 'r4', 'r5'].flatMap((id) => toOwner(agent.request(id), 'lease.spilled'))
    expect(spilled.map((each) => each.requestId)).toEqual(['r2', 'r3'])
    const later = agent.head({ type: 'cluster.changed', version: 2, nodes: [viewOf(otherId, { CPU: 4 }, { available: { CPU: 1 } })] })
    expect(toOwner(later, 'lease.spilled').map((each) => each.requestId)).toEqual(['r4'])
  })

  it('queues a request that came from elsewhere, though another has room', () => {
    const agent = withOther({ CPU: 4 })
    agent.request('r1')
    expect(toOwner(agent.request('r2', { spills: 1 }), 'lease.spilled')).toEqual([])
    expect(toOwner(agent.tick(1_000), 'lease.spilled')).toHaveLength(1)
  })

  it('answers a repeated request with the same spill, but takes it when it comes back with another count', () => {
    const agent = withOther({ CPU: 1 })
    agent.request('r1')
    agent.startWorkers()
    agent.request('r2')
    expect(toOwner(agent.request('r2'), 'lease.spilled')).toHaveLength(1)
    expect(agent.request('r2', { spills: 2 })).toEqual([])
    expect(agent.state.wishes.size).toBe(1)
  })
})

describe('a worker', () => {
  const granted = (resources: Record<string, number>, asked: Record<string, number>) => {
    const agent = new AgentHarness(resources)
    agent.request('r1', { shape: shapeOf(asked) })
    const [grant] = toOwner(agent.startWorkers(), 'lease.granted')
    return { agent, leaseId: grant?.leaseId ?? '', workerId: grant?.worker.workerId ?? '' }
  }

  it('that dies costs the owner its lease, with how it ended', () => {
    const { agent, leaseId, workerId } = granted({ CPU: 1 }, { CPU: 1 })
    const commands = agent.exit(workerId, { exitCode: null, signal: 'SIGKILL', lastLines: ['ouch'] })
    expect(toOwner(commands, 'lease.lost')).toEqual([
      { type: 'lease.lost', leaseId, exit: { exitCode: null, signal: 'SIGKILL', pid: 7, reason: null, lastLines: ['ouch'] } },
    ])
    expect(toHead(commands, 'clients.gone')[0]?.workerIds).toEqual([workerId])
    expect(agent.state.pool.available).toEqual({ CPU: 10_000 })
  })

  it('that waits for others lends its CPU, and takes it back even when it is gone', () => {
    const { agent, workerId } = granted({ CPU: 1 }, { CPU: 1 })
    agent.request('r2', { owner: workerId })
    agent.send({ type: 'worker.blocked', workerId })
    expect(toOwner(agent.startWorkers(), 'lease.granted').map((grant) => grant.requestId)).toEqual(['r2'])
    agent.send({ type: 'worker.unblocked', workerId })
    expect(agent.state.pool.available).toEqual({ CPU: -10_000 })
  })

  it('that had a GPU leaves after its lease, and the GPU is free when its process is gone', () => {
    const { agent, leaseId, workerId } = granted({ CPU: 1, GPU: 1 }, { GPU: 1 })
    const commands = agent.send({
      type: 'owner.said',
      message: { type: 'lease.return', leaseId, ownerId: idOf('d'), workerLeaving: false },
    })
    expect(doing(commands, 'ask-worker-to-leave').map((command) => command.workerId)).toEqual([workerId])
    expect(agent.state.pool.available['GPU']).toBeUndefined()
    expect(doing(agent.tick(10_000), 'end-worker')).toHaveLength(1)
    agent.exit(workerId)
    expect(agent.state.pool.available['GPU']).toBe(10_000)
  })

  it('is ended when its owner is gone, with the leases it owns itself', () => {
    const { agent, workerId } = granted({ CPU: 2 }, { CPU: 1 })
    agent.request('child', { owner: workerId })
    agent.startWorkers()
    const gone = agent.send({ type: 'owner.gone', ownerId: idOf('d') })
    expect(doing(gone, 'ask-worker-to-leave')).toMatchObject([{ workerId, graceful: false }])
    expect(doing(agent.exit(workerId), 'ask-worker-to-leave')).toHaveLength(1)
    expect(agent.state.leases.size).toBe(0)
    expect(doing(agent.tick(300), 'end-worker')).toHaveLength(1) // it computes, and has not said its last word in time
  })

  it('is reused for the same job and not for another', () => {
    const { agent, leaseId, workerId } = granted({ CPU: 2 }, { CPU: 1 })
    agent.send({ type: 'owner.said', message: { type: 'lease.return', leaseId, ownerId: idOf('d'), workerLeaving: false } })
    const shape = shapeOf({ CPU: 1 })
    const foreign = {
      type: 'lease.request',
      requestId: 'f',
      ownerId: idOf('e'),
      jobId: '00000002',
      shape,
      spills: 0,
      backlog: 1,
      retriable: true,
    } as const
    expect(doing(agent.send({ type: 'owner.said', message: foreign }), 'spawn-worker')).toHaveLength(1)
    expect(toOwner(agent.request('r2'), 'lease.granted')[0]?.worker.workerId).toBe(workerId)
  })

  it('that never starts makes what waits for it fail with what it wrote', () => {
    const agent = new AgentHarness({ CPU: 1 })
    const commands = [...agent.request('r1')]
    for (let attempt = 0; attempt < 5; attempt += 1) {
      const [starting] = agent.state.workers.keys()
      commands.push(...agent.exit(starting ?? '', { lastLines: ['cannot find module'] }))
      agent.tick(20_000)
    }
    const refused = toOwner([...commands, ...agent.last], 'lease.refused')
    expect(refused[0]?.failure.message).toContain('cannot find module')
  })

  it('is ended for memory one at a time: what may run again first, the newest of these first', () => {
    const agent = new AgentHarness({ CPU: 4 })
    agent.request('old')
    agent.request('new')
    agent.request('once', { retriable: false })
    const grants = toOwner(agent.startWorkers(), 'lease.granted')
    const short = { type: 'memory.short', usedBytes: 96, totalBytes: 100 } as const
    const next = () => {
      const [ended] = doing(agent.send(short), 'end-worker')
      expect(ended?.reason).toBe('out-of-memory')
      expect(agent.send(short)).toEqual([]) // its memory comes back first
      const [lost] = toOwner(agent.exit(ended?.workerId ?? '', { signal: 'SIGKILL' }), 'lease.lost')
      expect(lost?.exit).toMatchObject({ reason: 'out-of-memory', memory: { usedBytes: 96, totalBytes: 100 } })
      return grants.find((grant) => grant.worker.workerId === ended?.workerId)?.requestId
    }
    expect([next(), next(), next()]).toEqual(['new', 'old', 'once'])
    expect(agent.send(short)).toEqual([])
  })
})

describe('held leases', () => {
  it('are taken back when their owner leaves them out twice', () => {
    const agent = new AgentHarness({ CPU: 1 })
    agent.request('r1')
    agent.startWorkers()
    const held = { type: 'leases.held', ownerId: idOf('d'), leaseIds: [], requestIds: [] } satisfies FromOwner
    expect(doing(agent.send({ type: 'owner.said', message: held }), 'end-worker')).toEqual([])
    expect(doing(agent.send({ type: 'owner.said', message: held }), 'end-worker')).toHaveLength(1)
  })

  it('that are not known here are said to be lost', () => {
    const agent = new AgentHarness({ CPU: 1 })
    const held = { type: 'leases.held', ownerId: idOf('d'), leaseIds: ['x-1'], requestIds: [] } satisfies FromOwner
    expect(toOwner(agent.send({ type: 'owner.said', message: held }), 'lease.lost')[0]?.leaseId).toBe('x-1')
  })

  it('are asked for when others wait, but not again at once', () => {
    const agent = new AgentHarness({ CPU: 1 })
    agent.request('r1')
    agent.startWorkers()
    const asked = doing(agent.request('r2', { owner: idOf('e') }), 'tell-owner')
    expect(asked.map((command) => [command.ownerId, command.message.type])).toEqual([[idOf('d'), 'lease.wanted']])
    expect(agent.request('r3', { owner: idOf('f') })).toEqual([])
    expect(toOwner(agent.tick(200), 'lease.wanted')).toHaveLength(1)
  })
})

describe('a node', () => {
  it('reports what is free and what waits', () => {
    const agent = new AgentHarness({ CPU: 1 })
    agent.send({ type: 'head.registered', heartbeatMs: 1_000, deadAfterMs: 10_000 })
    agent.request('r1')
    agent.request('r2')
    const [report] = toHead(agent.tick(1_000), 'node.reported')
    expect(report?.available).toEqual({})
    expect(report?.demand).toEqual([{ shape: shapeOf({ CPU: 1 }), count: 1, infeasible: false }])
  })

  it('that is drained takes nothing new, and leaves when its last lease is over', () => {
    const agent = new AgentHarness({ CPU: 2 })
    agent.request('r1')
    const [grant] = toOwner(agent.startWorkers(), 'lease.granted')
    agent.head({ type: 'node.drain', reason: 'maintenance', deadlineMs: 0 })
    expect(toOwner(agent.request('r2'), 'lease.granted')).toEqual([])
    const back = { type: 'lease.return', leaseId: grant?.leaseId ?? '', ownerId: idOf('d'), workerLeaving: false } as const
    expect(doing(agent.send({ type: 'owner.said', message: back }), 'leave-cluster')).toHaveLength(1)
  })

  it('that was declared dead ends its workers, tells their owners and starts over', () => {
    const agent = new AgentHarness({ CPU: 1 })
    agent.request('r1')
    agent.startWorkers()
    const commands = agent.head({ type: 'node.fenced' })
    expect(commands.map((command) => command.do)).toEqual(['end-worker', 'tell-owner', 'start-over'])
  })

  it('keeps its pool of workers at its size and lets idle ones above it go', () => {
    const agent = new AgentHarness({ CPU: 3 }, { preforkWorkers: 1, idleWorkerMs: 1_000 })
    agent.tick(300)
    for (const id of ['r1', 'r2', 'r3']) agent.request(id)
    for (const grant of toOwner(agent.startWorkers(), 'lease.granted')) {
      agent.send({
        type: 'owner.said',
        message: { type: 'lease.return', leaseId: grant.leaseId, ownerId: idOf('d'), workerLeaving: false },
      })
    }
    expect(doing(agent.tick(2_000), 'ask-worker-to-leave').map((command) => command.reason)).toEqual(['idle', 'idle'])
  })
})

it('names itself in what it registers', () => {
  const agent = new AgentHarness({ CPU: 1 })
  agent.request('r1')
  const [grant] = toOwner(agent.startWorkers(), 'lease.granted')
  expect(grant?.worker.nodeId).toBe(selfId)
})
