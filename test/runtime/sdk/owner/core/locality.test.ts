import { describe, expect, it } from 'vitest'
import { doing, groupId, inGroup, kindOf, otherAgent, OwnerHarness, ownNode, pushedIds, returnOf, shapeOf } from './owner-harness.ts'

const here = { nodeId: ownNode, agentAddress: 'a.example:7000' }
const [there, elsewhere] = [otherAgent('b'), otherAgent('c')]
const stored = (sizeBytes: number, ...copies: { nodeId: string; agentAddress: string }[]) => ({ sizeBytes, copies })

/** Whom the requests of the last event went to. */
const asked = (owner: OwnerHarness) =>
  doing(owner.last, 'send-agent').flatMap(({ agent, message }) => (message.type === 'lease.request' ? [agent] : []))

describe('a task with stored arguments', () => {
  it('asks for a worker where the largest of them lies', () => {
    const owner = new OwnerHarness()
    owner.send({
      type: 'task.submit',
      task: owner.makeTask(),
      unready: [],
      stored: [stored(10, here), stored(30, there), stored(20, elsewhere)],
    })
    owner.flush()
    expect(asked(owner)).toEqual([there])
  })

  it('asks here when a copy of the largest is here, wherever else it lies', () => {
    const owner = new OwnerHarness()
    owner.send({ type: 'task.submit', task: owner.makeTask(), unready: [], stored: [stored(30, there, here), stored(20, elsewhere)] })
    owner.flush()
    expect(asked(owner)).toEqual([null])
  })

  it('learns where an argument lies when it becomes ready', () => {
    const owner = new OwnerHarness()
    const objects = [returnOf(owner.makeTask()), returnOf(owner.makeTask())]
    owner.submit({}, objects)
    owner.send({ type: 'object.ready', objectId: objects[0] ?? '', stored: stored(30, elsewhere) })
    owner.send({ type: 'object.ready', objectId: objects[1] ?? '', stored: stored(20, there) })
    owner.flush()
    expect(asked(owner)).toEqual([elsewhere])
  })

  it('shares workers with those that lie at the same node, and with no others of its shape', () => {
    const owner = new OwnerHarness()
    const kind = kindOf(shapeOf(), 0.1)
    const submit = (at: typeof there | null) => {
      const task = owner.makeTask({ kind })
      owner.send({ type: 'task.submit', task, unready: [], stored: at ? [stored(10, at)] : [] })
      return task.taskId
    }
    const [one, , three] = [submit(there), submit(null), submit(there)]
    owner.flush()
    owner.grant(there)
    expect(pushedIds(owner.last)).toEqual([one, three])
  })

  it('asks where its strategy says when it has one', () => {
    const owner = new OwnerHarness()
    const kind = kindOf(shapeOf({ strategy: { kind: 'spread' } }))
    owner.send({ type: 'task.submit', task: owner.makeTask({ kind }), unready: [], stored: [stored(10, there)] })
    owner.flush()
    expect(owner.state.shapes.size).toBe(1)
    expect([...owner.state.shapes.keys()]).toEqual([kind.shapeKey]) // not one of that node alone
  })

  it('asks its own agent when the one where it lies has just been out of reach', () => {
    const owner = new OwnerHarness()
    owner.send({ type: 'agent.link-closed', agent: there })
    owner.send({ type: 'task.submit', task: owner.makeTask(), unready: [], stored: [stored(10, there)] })
    owner.flush()
    expect(asked(owner)).toEqual([null])
  })
})

describe('an agent that cannot be reached', () => {
  /** Our own agent sends us there each time, and the link fails to stand each time. Returns the times between requests that went there. */
  function gaps(rounds: number, owner = new OwnerHarness({ askAgainMs: 1e9 })): number[] {
    owner.submit()
    owner.flush()
    const times: number[] = []
    for (let guard = 0; times.length <= rounds && guard < 100_000; guard += 1) {
      for (const agent of asked(owner)) {
        if (agent) {
          times.push(owner.nowMs)
          owner.send({ type: 'agent.link-closed', agent })
        } else {
          const [requestId] = owner.state.asks.keys()
          owner.send({ type: 'lease.spilled', requestId: requestId ?? '', ...there })
        }
        if (asked(owner).length > 0) break
      }
      if (asked(owner).length === 0) owner.tick(50)
    }
    return times.slice(1).map((time, index) => time - (times[index] ?? 0))
  }

  it('is asked again after ever longer times, up to a longest one', () => {
    expect(gaps(9)).toEqual([100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000, 5_000])
  })

  it('is asked like any other once a worker there was granted, and when its last failure is long ago', () => {
    const owner = new OwnerHarness()
    for (let count = 0; count < 5; count += 1) owner.send({ type: 'agent.link-closed', agent: there })
    owner.submit()
    owner.flush()
    owner.grant(there)
    expect(owner.state.unreachable.size).toBe(0)
    owner.send({ type: 'agent.link-closed', agent: there })
    owner.tick(120_000)
    expect(owner.state.unreachable.size).toBe(0)
  })

  it('is forgotten when its node is dead', () => {
    const owner = new OwnerHarness()
    owner.send({ type: 'agent.link-closed', agent: there })
    owner.send({ type: 'processes.gone', workerIds: [], nodeIds: [there.nodeId] })
    expect(owner.state.unreachable.size).toBe(0)
  })

  it('keeps tasks waiting that must run in its bundle, and asks there again when the time has come', () => {
    const owner = new OwnerHarness()
    owner.submit({ kind: kindOf(inGroup(0)) })
    owner.flush()
    const status = { kind: 'created' as const, bundles: [{ index: 0, ...there }] }
    owner.send({ type: 'group.changed', groupId, version: 1, status })
    expect(asked(owner)).toEqual([there])
    for (const waitMs of [100, 200]) {
      owner.send({ type: 'agent.link-closed', agent: there })
      owner.tick(waitMs - 1)
      expect(asked(owner)).toEqual([])
      owner.tick(1)
      expect(asked(owner)).toEqual([there])
    }
  })
})
