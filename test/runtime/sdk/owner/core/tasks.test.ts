import { describe, expect, it } from 'vitest'
import { createOwnerState, ownerDefaults } from '#runtime/sdk/owner/core/state.ts'
import { done, doing, idOf, kindOf, OwnerHarness, pushedIds, returnOf, said, threw } from './owner-harness.ts'

/** One task in flight on a lease of its own. */
function running(more: Parameters<OwnerHarness['submit']>[0] = {}) {
  const owner = new OwnerHarness()
  const task = owner.submit(more)
  owner.flush()
  const leaseId = owner.grant()
  return { owner, task, leaseId }
}

describe('a task', () => {
  it('asks for a worker, is pushed when one is granted, and ends with its result', () => {
    const owner = new OwnerHarness()
    const task = owner.submit()
    expect(owner.last).toEqual([]) // submissions gather
    const [ask] = said(owner.flush(), 'lease.request')
    expect(ask).toMatchObject({ spills: 0, backlog: 1 })
    owner.grant()
    expect(pushedIds(owner.last)).toEqual([task.taskId])
    expect(doing(owner.end(task), 'end')).toMatchObject([{ end: { kind: 'outcome', outcome: done } }])
    expect(owner.state.tasks.size).toBe(0)
  })

  it('waits for its arguments, each counted once for each place it stands in', () => {
    const owner = new OwnerHarness()
    const object = returnOf(owner.makeTask())
    owner.submit({}, [object, object])
    expect(said(owner.flush(), 'lease.request')).toEqual([])
    owner.send({ type: 'object.ready', objectId: object })
    expect(said(owner.flush(), 'lease.request')).toHaveLength(1)
  })

  it('fails as its argument failed, without running', () => {
    const owner = new OwnerHarness()
    const object = returnOf(owner.makeTask())
    const task = owner.submit({}, [object])
    owner.send({ type: 'object.failed', objectId: object })
    expect(owner.ends.get(task.taskId)).toEqual({ kind: 'as-object', objectId: object })
  })

  it('runs again for errors of the classes that its options name, and for no others', () => {
    const { owner, task } = running({ retryErrors: ['Flaky'], maxRetries: 1 })
    expect(pushedIds(owner.end(task, threw('NetFlaky', 'Flaky', 'Error')))).toEqual([task.taskId])
    expect(task).toMatchObject({ attempt: 1, retriesLeft: 0 })
    owner.end(task, threw('Flaky'))
    expect(owner.ends.get(task.taskId)).toMatchObject({ kind: 'outcome', outcome: { kind: 'threw' } })
    const other = running({ retryErrors: ['Flaky'] })
    other.owner.end(other.task, threw('TypeError'))
    expect(other.owner.failure(other.task)).toBe('outcome')
  })

  it('drops results of an attempt that is not current', () => {
    const { owner, task } = running({ retryErrors: true })
    owner.end(task, threw('Error'))
    expect(owner.end(task, done, { attempt: 0 })).toEqual([])
    owner.end(task, done)
    expect(owner.end(task, done)).toEqual([]) // said twice
  })

  it('has a lost argument made again and then runs, at no cost to its retries', () => {
    const objectId = `${idOf('b', 48)}01000000`
    const { owner, task } = running({ refArgs: [{ index: 0, objectId }], maxRetries: 0 })
    const lost = { kind: 'failed', failure: { code: 'object.lost', message: 'gone', details: { objectId } } } as const
    expect(doing(owner.end(task, lost), 'recover')).toMatchObject([{ objectId }])
    owner.send({ type: 'object.ready', objectId })
    expect(pushedIds(owner.flush())).toEqual([task.taskId])
    expect(task).toMatchObject({ attempt: 1, retriesLeft: 0 })
  })

  it('gives up on an argument that is lost again and again', () => {
    const objectId = `${idOf('b', 48)}01000000`
    const { owner, task } = running({ refArgs: [{ index: 0, objectId }] })
    const lost = { kind: 'failed', failure: { code: 'object.lost', message: 'gone', details: { objectId } } } as const
    for (let round = 0; round < owner.state.config.maxRecoveries; round += 1) {
      owner.end(task, lost)
      owner.send({ type: 'object.ready', objectId })
      owner.flush()
    }
    owner.end(task, lost)
    expect(owner.failure(task)).toBe('outcome')
  })

  it('waits longer and longer, up to 5 s, before an argument that is lost once more is made again', () => {
    const objectId = `${idOf('b', 48)}01000000`
    const { owner, task } = running({ refArgs: [{ index: 0, objectId }] })
    const lost = { kind: 'failed', failure: { code: 'object.lost', message: 'gone', details: { objectId } } } as const
    for (const waitMs of [0, 100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]) {
      const ended = owner.end(task, lost)
      const early = waitMs === 0 ? [] : doing([...ended, ...owner.tick(waitMs - 1)], 'recover')
      const due = waitMs === 0 ? ended : owner.tick(1)
      expect([waitMs, early, doing(due, 'recover').length, doing(owner.tick(1), 'recover')]).toEqual([waitMs, [], 1, []])
      owner.send({ type: 'object.ready', objectId })
      owner.flush()
      if (owner.state.asks.size > 0) owner.grant() // the worker went back meanwhile
    }
  })

  it('gives each item of a stream once, also when a run again repeats them', () => {
    const { owner, task } = running({ retryErrors: true })
    const place = { kind: 'inline', bytes: new Uint8Array() } as const
    const item = (attempt: number, index: number) =>
      owner.send({ type: 'task.yielded', taskId: task.taskId, attempt, index, result: { place, nested: [] } })
    expect(doing(item(0, 0), 'yield')).toHaveLength(1)
    owner.end(task, threw('Error'))
    expect(item(0, 1)).toEqual([])
    expect(item(1, 0)).toEqual([])
    expect(doing(item(1, 1), 'yield')).toMatchObject([{ index: 1 }])
  })

  it('runs again when its stored result was lost', () => {
    const { owner, task } = running()
    owner.end(task)
    owner.ends.clear()
    task.attempt += 1
    owner.send({ type: 'task.resubmit', task, unready: [] })
    expect(pushedIds(owner.last)).toEqual([task.taskId])
  })

  it('fails at once, on submission or resubmission, when our agent is gone', () => {
    const { owner, task } = running()
    const later = owner.makeTask()
    owner.send({ type: 'agent.link-closed', agent: null })
    expect(owner.failure(task)).toBe('node.died')
    owner.send({ type: 'task.submit', task: later, unready: [] })
    expect(owner.failure(later)).toBe('node.died')
    owner.ends.clear()
    owner.send({ type: 'task.resubmit', task, unready: [] })
    expect(owner.failure(task)).toBe('node.died')
  })
})

describe('cancelling', () => {
  it('ends what waits for arguments or for a worker at once', () => {
    const owner = new OwnerHarness()
    const waiting = owner.submit({}, [returnOf(owner.makeTask())])
    const ready = owner.submit()
    owner.flush()
    owner.send({ type: 'task.cancel', taskId: waiting.taskId, force: false, recursive: true })
    owner.send({ type: 'task.cancel', taskId: ready.taskId, force: false, recursive: true })
    expect([owner.failure(waiting), owner.failure(ready)]).toEqual(['task.cancelled', 'task.cancelled'])
  })

  it('takes back the requests of tasks that are all cancelled', () => {
    const owner = new OwnerHarness()
    const tasks = [owner.submit(), owner.submit()]
    expect(said(owner.flush(), 'lease.request')).toHaveLength(2)
    const commands = tasks.flatMap(({ taskId }) => owner.send({ type: 'task.cancel', taskId, force: false, recursive: true }))
    expect(said(commands, 'lease.cancel')).toHaveLength(2)
    expect(owner.state.asks.size).toBe(0)
  })

  it('tells the worker of a running task, and what comes back is a cancelled one, never retried', () => {
    const { owner, task } = running({ retryErrors: true })
    const [cancel] = doing(owner.send({ type: 'task.cancel', taskId: task.taskId, force: false, recursive: true }), 'cancel')
    expect(cancel).toMatchObject({ taskId: task.taskId, recursive: true })
    owner.end(task, threw('AbortError'))
    expect(owner.failure(task)).toBe('task.cancelled')
  })

  it('leaves a task that finished all the same its result', () => {
    const { owner, task } = running()
    owner.send({ type: 'task.cancel', taskId: task.taskId, force: false, recursive: true })
    owner.end(task)
    expect(owner.failure(task)).toBe('outcome')
  })

  it('with force ends the worker only of the task that runs, and those behind it lose nothing', () => {
    const owner = new OwnerHarness()
    const kind = kindOf(undefined, 0.1)
    const [first, second, third] = [
      owner.submit({ kind }),
      owner.submit({ kind, maxRetries: 1 }),
      owner.submit({ kind, maxRetries: 1 }),
    ] as const
    owner.flush()
    const leaseId = owner.grant()
    expect(owner.inFlight(leaseId)).toHaveLength(3)
    expect(said(owner.send({ type: 'task.cancel', taskId: second.taskId, force: true, recursive: true }), 'lease.kill')).toEqual([])
    const kill = owner.send({ type: 'task.cancel', taskId: first.taskId, force: true, recursive: true })
    expect(said(kill, 'lease.kill')).toMatchObject([{ leaseId }])
    owner.end(first) // it ended before the kill reached it: the next one is hit, and is not to blame
    owner.die(leaseId, 'cancelled')
    expect(owner.failure(second)).toBe('task.cancelled')
    expect(third).toMatchObject({ attempt: 1, retriesLeft: 1, alone: false })
  })

  it('with force sends nothing more to the worker that is to end', () => {
    const { owner, task, leaseId } = running()
    owner.send({ type: 'task.cancel', taskId: task.taskId, force: true, recursive: true })
    owner.end(task) // it ended before the kill reached it
    const next = owner.submit({ maxRetries: 0 })
    expect(pushedIds(owner.flush())).toEqual([])
    expect(owner.state.leases.has(leaseId)).toBe(false)
    owner.grant()
    expect(owner.state.tasks.get(next.taskId)?.phase).toBe('pushed')
  })

  it('does nothing to what has finished', () => {
    const { owner, task } = running()
    owner.end(task)
    expect(owner.send({ type: 'task.cancel', taskId: task.taskId, force: true, recursive: true })).toEqual([])
  })
})

it('a state that was just made holds nothing', () => {
  expect(createOwnerState({ ...ownerDefaults, ownerId: idOf('d') }).tasks.size).toBe(0)
})
