import { describe, expect, it } from 'vitest'
import { done, doing, exitOf, idOf, kindOf, otherAgent, OwnerHarness, ownNode, pushedIds, said, workerOf } from './owner-harness.ts'

function ownerWith(count: number, meanRunMs?: number, config: ConstructorParameters<typeof OwnerHarness>[0] = {}) {
  const owner = new OwnerHarness(config)
  const kind = kindOf(undefined, meanRunMs)
  const tasks = Array.from({ length: count }, () => owner.submit({ kind }))
  owner.flush()
  return { owner, tasks, kind }
}

describe('sharing work among workers', () => {
  it('sends tasks one by one while their run time is unknown, and asks for as many workers', () => {
    const { owner } = ownerWith(5)
    expect(owner.state.asks.size).toBe(5)
    expect(owner.inFlight(owner.grant())).toHaveLength(1)
  })

  it('lines up short tasks behind each other, but not beyond the pipeline time', () => {
    const { owner } = ownerWith(100, 1)
    expect(owner.inFlight(owner.grant())).toHaveLength(owner.state.config.pipelineMs)
  })

  it('sends long tasks one by one, though their run time is known', () => {
    const { owner } = ownerWith(4, 1_000)
    expect(owner.inFlight(owner.grant())).toHaveLength(1)
  })

  it('asks for few workers when the queue is short in time', () => {
    const { owner } = ownerWith(100, 0.02) // 2 ms of work
    expect(owner.state.asks.size).toBe(1)
  })

  it('shares a short queue evenly over its workers, idle ones first', () => {
    const { owner, tasks, kind } = ownerWith(2, 1_000)
    const leases = [owner.grant(), owner.grant()]
    for (const task of tasks) owner.end(task, done, { runMs: 0 })
    kind.meanRunMs = 0.01
    for (let index = 0; index < 10; index += 1) owner.submit({ kind })
    owner.flush()
    expect(leases.map((leaseId) => owner.inFlight(leaseId).length)).toEqual([5, 5])
  })

  it('lines up what may run only once behind others on our own node, and not over a network, where a lost link hides what has begun', () => {
    const onceBehind = (from: ReturnType<typeof otherAgent> | null) => {
      const owner = new OwnerHarness()
      const kind = kindOf(undefined, 0.1)
      owner.submit({ kind })
      owner.submit({ kind, maxRetries: 0 })
      owner.flush()
      return owner.inFlight(owner.grant(from)).length
    }
    expect([onceBehind(null), onceBehind(otherAgent('b'))]).toEqual([2, 1])
  })

  it('gives a single task to an idle worker rather than line it up', () => {
    const { owner, tasks, kind } = ownerWith(2, 1_000)
    const [busy, idle] = [owner.grant(), owner.grant()]
    owner.end(tasks[1] ?? owner.makeTask())
    kind.meanRunMs = 0.01
    owner.submit({ kind })
    owner.flush()
    expect([busy, idle].map((leaseId) => owner.inFlight(leaseId).length)).toEqual([1, 1])
  })

  it('looks at no full worker again before something ends on it', () => {
    const { owner } = ownerWith(50)
    for (let count = 0; count < 10; count += 1) owner.grant()
    const queue = [...owner.state.shapes.values()][0]
    expect([queue?.idle.size, queue?.roomy.size, queue?.leases.size]).toEqual([0, 0, 10])
  })
})

describe('lease requests', () => {
  it('go where the agent sends them on, and to our own agent when that is our node', () => {
    const { owner } = ownerWith(1)
    const [requestId = ''] = owner.state.asks.keys()
    const other = otherAgent('b')
    owner.send({ type: 'lease.spilled', requestId, ...other })
    expect(doing(owner.last, 'send-agent')).toMatchObject([{ agent: other, message: { type: 'lease.request', spills: 1 } }])
    owner.send({ type: 'lease.spilled', requestId, nodeId: ownNode, agentAddress: 'a.example:7000' })
    expect(doing(owner.last, 'send-agent')).toMatchObject([{ agent: null, message: { spills: 2 } }])
  })

  it('are sent again until they are answered', () => {
    const { owner } = ownerWith(1)
    expect(said(owner.tick(owner.state.config.askAgainMs), 'lease.request')).toHaveLength(1)
  })

  it('that are refused fail every task of the shape', () => {
    const { owner, tasks } = ownerWith(3)
    const [requestId = ''] = owner.state.asks.keys()
    owner.send({ type: 'lease.refused', requestId, failure: { code: 'task.unschedulable', message: 'no', details: {} } })
    expect(tasks.map((task) => owner.failure(task))).toEqual(['task.unschedulable', 'task.unschedulable', 'task.unschedulable'])
    expect(said(owner.last, 'lease.cancel')).toHaveLength(2)
    expect(owner.state.shapes.size).toBe(0)
  })

  it('that an agent has no place for are asked again later', () => {
    const { owner, tasks } = ownerWith(1)
    const [requestId = ''] = owner.state.asks.keys()
    owner.send({ type: 'lease.refused', requestId, failure: { code: 'link.overloaded', message: 'later', details: {} } })
    expect(tasks.map((task) => owner.failure(task))).toEqual([undefined])
    expect(said(owner.tick(owner.state.config.askAgainMs), 'lease.request')).toHaveLength(1)
  })

  it('that cannot be placed warn once for their shape', () => {
    const { owner } = ownerWith(2)
    const [first = '', second = ''] = owner.state.asks.keys()
    expect(doing(owner.send({ type: 'lease.waiting', requestId: first, why: 'no GPU' }), 'warn')).toHaveLength(1)
    expect(doing(owner.send({ type: 'lease.waiting', requestId: second, why: 'no GPU' }), 'warn')).toEqual([])
  })

  it('at an agent that is out of reach are made anew at our own', () => {
    const { owner } = ownerWith(1)
    const [requestId = ''] = owner.state.asks.keys()
    const other = otherAgent('b')
    owner.send({ type: 'lease.spilled', requestId, ...other })
    owner.send({ type: 'agent.link-closed', agent: other })
    expect(said(owner.last, 'lease.request')).toEqual([]) // our agent may not know yet, and would send it there again
    const [again] = doing(owner.tick(100), 'send-agent')
    expect(again).toMatchObject({ agent: null, message: { type: 'lease.request', spills: 0 } })
    expect(owner.state.asks.has(requestId)).toBe(false) // under the old id it would be sent on to the same place again
  })

  it('that were dropped meanwhile give the worker back to who lent it', () => {
    const { owner, tasks } = ownerWith(1)
    const [requestId = ''] = owner.state.asks.keys()
    for (const { taskId } of tasks) owner.send({ type: 'task.cancel', taskId, force: false, recursive: true })
    owner.flush()
    const other = otherAgent('b')
    owner.send({ type: 'lease.granted', requestId, leaseId: 'late', worker: workerOf('w', other.nodeId), from: other })
    expect(doing(owner.last, 'send-agent')).toMatchObject([{ agent: other, message: { type: 'lease.return', leaseId: 'late' } }])
  })
})

describe('giving workers back', () => {
  it('returns an idle one after a while', () => {
    const { owner, tasks } = ownerWith(1)
    const leaseId = owner.grant()
    for (const task of tasks) owner.end(task)
    expect(said(owner.tick(owner.state.config.leaseIdleMs - 1), 'lease.return')).toEqual([])
    expect(said(owner.tick(1), 'lease.return')).toMatchObject([{ leaseId, workerLeaving: false }])
    expect(owner.state.shapes.size).toBe(0)
  })

  it('returns idle ones at once, and old ones after their task, when others wait', () => {
    const { owner, tasks } = ownerWith(2, 1_000)
    const [busy, idle] = [owner.grant(), owner.grant()]
    owner.end(tasks[1] ?? owner.makeTask())
    owner.nowMs += owner.state.config.leaseShareMs
    expect(said(owner.send({ type: 'lease.wanted', from: null }), 'lease.return')).toMatchObject([{ leaseId: idle }])
    expect(said(owner.end(tasks[0] ?? owner.makeTask()), 'lease.return')).toMatchObject([{ leaseId: busy }])
  })

  it('gives back only what the agent that wants it has lent', () => {
    const { owner } = ownerWith(2, 1_000)
    owner.grant()
    const far = owner.grant(otherAgent('b'))
    owner.nowMs += owner.state.config.leaseShareMs
    owner.send({ type: 'lease.wanted', from: otherAgent('b') })
    expect([...owner.state.leases.values()].filter((lease) => lease.closing).map((lease) => lease.leaseId)).toEqual([far])
  })

  it('tells every agent what it holds there, and that it is nothing, a few times', () => {
    const { owner, tasks } = ownerWith(1, 1_000, { heldEveryMs: 5_000 })
    const leaseId = owner.grant(otherAgent('b'))
    const held = () => doing(owner.tick(5_000), 'send-agent').filter(({ agent }) => agent !== null && agent.nodeId === idOf('b'))
    expect(held()).toMatchObject([{ message: { type: 'leases.held', leaseIds: [leaseId] } }])
    for (const task of tasks) owner.end(task)
    owner.tick(1_000)
    expect([held(), held(), held(), held()].map((messages) => messages.length)).toEqual([1, 1, 1, 0])
  })
})

describe('a worker that gives tasks back', () => {
  it('gets no more of them while it is blocked', () => {
    const { owner, tasks } = ownerWith(4, 0.5)
    const leaseId = owner.grant()
    const taskIds = tasks.slice(1).map((task) => task.taskId)
    owner.send({ type: 'tasks.returned', leaseId, taskIds, leaving: false })
    expect(owner.inFlight(leaseId)).toEqual([tasks[0]?.taskId])
    expect(pushedIds(owner.flush())).toEqual([])
    expect(tasks.map((task) => task.attempt)).toEqual([0, 0, 0, 0])
    expect(pushedIds(owner.end(tasks[0] ?? owner.makeTask(), done, { runMs: 0.5 }))).toEqual(taskIds)
  })

  it('is returned as leaving once what it runs has ended, when it leaves', () => {
    const { owner, tasks } = ownerWith(2, 0.5)
    const leaseId = owner.grant()
    owner.send({ type: 'tasks.returned', leaseId, taskIds: [tasks[1]?.taskId ?? ''], leaving: true })
    expect(said(owner.last, 'lease.return')).toEqual([])
    expect(said(owner.end(tasks[0] ?? owner.makeTask()), 'lease.return')).toMatchObject([{ leaseId, workerLeaving: true }])
  })
})

describe('a worker that dies', () => {
  it('costs the task it ran a retry; those behind it go on alone at no cost', () => {
    const { owner, tasks } = ownerWith(3, 0.5)
    owner.die(owner.grant())
    expect(tasks.map(({ attempt, retriesLeft, alone }) => ({ attempt, retriesLeft, alone }))).toEqual([
      { attempt: 1, retriesLeft: 2, alone: true },
      { attempt: 1, retriesLeft: 3, alone: true },
      { attempt: 1, retriesLeft: 3, alone: true },
    ])
    expect(owner.inFlight(owner.grant())).toHaveLength(1)
  })

  it('fails a task without retries, and one with endless retries never', () => {
    const owner = new OwnerHarness()
    const [never, ever] = [owner.submit({ maxRetries: 0 }), owner.submit({ maxRetries: -1 })]
    owner.flush()
    const leases = [owner.grant(), owner.grant()]
    for (const leaseId of leases) owner.die(leaseId)
    for (let round = 0; round < 10; round += 1) owner.die(owner.grant())
    expect(owner.failure(never)).toBe('crashed')
    expect(ever).toMatchObject({ attempt: 11, retriesLeft: -1 })
  })

  it('leaves word of the attempt that it is charged to, for the lists of tasks', () => {
    const { owner, tasks } = ownerWith(1)
    owner.die(owner.grant())
    expect(owner.state.lostAttempts).toMatchObject([{ task: tasks[0], attempt: 0, why: 'worker-died', exit: { exitCode: 1 } }])
    owner.die(owner.grant())
    expect(owner.state.lostAttempts.map(({ attempt }) => attempt)).toEqual([0, 1])
  })

  it('for lack of memory makes its task wait longer each time, at no cost', () => {
    const { owner, tasks } = ownerWith(1)
    owner.die(owner.grant(), 'out-of-memory')
    expect(tasks[0]).toMatchObject({ retriesLeft: 3, attempt: 1 })
    expect(said(owner.tick(999), 'lease.request')).toEqual([])
    expect(said(owner.tick(1), 'lease.request')).toHaveLength(1)
    owner.die(owner.grant(), 'out-of-memory')
    expect(said(owner.tick(1_999), 'lease.request')).toEqual([])
    expect(said(owner.tick(1), 'lease.request')).toHaveLength(1)
  })

  it('is buried when both its link is closed and its agent has said so, in any order', () => {
    const { owner, tasks } = ownerWith(1)
    const leaseId = owner.grant()
    owner.send({ type: 'lease.lost', leaseId, exit: exitOf() })
    owner.end(tasks[0] ?? owner.makeTask()) // written before it died
    expect(owner.failure(tasks[0] ?? owner.makeTask())).toBe('outcome')
    owner.send({ type: 'worker.link-closed', leaseId })
    expect(owner.state.leases.size).toBe(0)
    expect(said(owner.last, 'lease.return')).toEqual([])
  })

  it('is given up after a grace when only half of that is known', () => {
    const { owner, tasks } = ownerWith(1)
    const leaseId = owner.grant()
    owner.send({ type: 'worker.link-closed', leaseId })
    expect(tasks[0]?.attempt).toBe(0)
    expect(said(owner.tick(owner.state.config.lostGraceMs), 'lease.return')).toMatchObject([{ leaseId, workerLeaving: true }])
    expect(tasks[0]?.attempt).toBe(1)
  })

  it('with its node takes its tasks along at once', () => {
    const { owner, tasks } = ownerWith(1)
    owner.grant(otherAgent('b'))
    const commands = owner.send({ type: 'processes.gone', workerIds: [], nodeIds: [idOf('b')] })
    expect(doing(commands, 'close-worker')).toMatchObject([{ lease: { lost: { reason: 'node-lost' } } }])
    expect(tasks[0]).toMatchObject({ attempt: 1, retriesLeft: 2 })
  })

  it('whose agent is out of reach is waited for until its link closes', () => {
    const { owner, tasks } = ownerWith(1)
    const leaseId = owner.grant(otherAgent('b'))
    owner.send({ type: 'agent.link-closed', agent: otherAgent('b') })
    expect(tasks[0]?.attempt).toBe(0)
    owner.send({ type: 'worker.link-closed', leaseId })
    expect(tasks[0]?.attempt).toBe(1)
  })
})
