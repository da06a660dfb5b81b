import { expect, test } from 'vitest'
import { ActorExit } from '#runtime/worker/actor-exit.ts'
import { anActor, aTask, aWorker, call, cancel, construct, define, endedCount, push, storedRef, taskIdOf } from './harness.ts'

class Counter {
  count = 0
  add(by: number): number {
    this.count += by
    return this.count
  }
  fail(): void {
    throw new RangeError('too far')
  }
  pid(): number {
    return this.count
  }
}

/** Methods that end when the test opens their gate, and a log of what began and ended. */
function gatedClass() {
  const log: string[] = []
  const gates = new Map<string, PromiseWithResolvers<void>>()
  const open = (name: string) => gates.get(name)?.resolve()
  class Gated {
    async work(name: string): Promise<string> {
      log.push(`${name} began`)
      const gate = Promise.withResolvers<void>()
      gates.set(name, gate)
      await gate.promise
      log.push(`${name} ended`)
      return name
    }
    other(name: string): Promise<string> {
      return this.work(name)
    }
  }
  return { log, open, Gated }
}

test('calls share the instance and run in the order of their arrival, over all callers', async () => {
  const worker = await anActor(Counter)
  const second = worker.newLink('second')
  call(worker, 1, { method: 'add', values: [1] })
  call(worker, 2, { method: 'add', values: [10], link: second })
  call(worker, 3, { method: 'add', values: [100] })
  call(worker, 4, 'fail')
  await endedCount(worker, 3)
  await worker.recorder.until(() => second.ended.length === 1)
  expect([worker.link.resultOf(1), second.resultOf(2), worker.link.resultOf(3)]).toEqual([1, 11, 111])
  expect(worker.link.outcomeOf(4)).toMatchObject({ kind: 'threw', error: { classNames: ['RangeError'] } })
})

test('an unknown method throws, in its turn, an error that names those there are', async () => {
  const worker = await anActor(Counter)
  for (const [index, method] of ['subtract', 'constructor', 'toString', '__proto__'].entries()) call(worker, index, method)
  await endedCount(worker, 4)
  expect(worker.link.resultOf(0)).toBe('Counter has no method "subtract"; it has: add, fail, pid')
  for (const index of [1, 2, 3]) expect(worker.link.resultOf(index)).toContain('has no method')
})

test('with a concurrency of 1 the next call begins when the previous has settled', async () => {
  const { log, open, Gated } = gatedClass()
  const worker = await anActor(Gated)
  for (const [index, name] of ['a', 'b'].entries()) call(worker, index, { method: 'work', values: [name] })
  expect(log).toEqual(['a began'])
  open('a')
  await endedCount(worker, 1)
  expect(log).toEqual(['a began', 'a ended', 'b began'])
})

test('with a higher concurrency so many calls run at once, and end in any order', async () => {
  const { log, open, Gated } = gatedClass()
  const worker = await anActor(Gated, { maxConcurrency: 2 })
  for (const [index, name] of ['a', 'b', 'c'].entries()) call(worker, index, { method: 'work', values: [name] })
  expect(log).toEqual(['a began', 'b began'])
  open('b')
  await endedCount(worker, 1)
  expect(log).toEqual(['a began', 'b began', 'b ended', 'c began'])
  expect(worker.link.resultOf(1)).toBe('b')
})

test('each concurrency group has its own places: of the call, of the method, or the default', async () => {
  const { log, Gated } = gatedClass()
  const worker = await anActor(Gated, { concurrencyGroups: { io: 1, compute: 2 }, methodGroups: { other: 'io' } })
  call(worker, 1, { method: 'work', values: ['default 1'] })
  call(worker, 2, { method: 'work', values: ['default 2'] })
  call(worker, 3, { method: 'other', values: ['io 1'] })
  call(worker, 4, { method: 'other', values: ['io 2'] })
  call(worker, 5, { method: 'other', values: ['compute 1'], concurrencyGroup: 'compute' })
  call(worker, 6, { method: 'work', values: ['compute 2'], concurrencyGroup: 'compute' })
  call(worker, 7, { method: 'work', concurrencyGroup: 'gpu' })
  await endedCount(worker, 1)
  expect(log).toEqual(['default 1', 'io 1', 'compute 1', 'compute 2'].map((name) => `${name} began`))
  expect(worker.link.resultOf(7)).toBe('bad-argument')
})

test('a call whose arguments are still on their way keeps its place before later ones', async () => {
  const worker = await anActor(Counter)
  const pull = Promise.withResolvers<void>()
  worker.services.pulls.set(taskIdOf(1), pull.promise)
  call(worker, 1, { method: 'add', values: [1], refArgs: [storedRef(0)] })
  call(worker, 2, { method: 'add', values: [10] })
  pull.resolve()
  await endedCount(worker, 2)
  expect(worker.link.ended.map(({ taskId }) => taskId)).toEqual([taskIdOf(1), taskIdOf(2)])
  expect(worker.link.resultOf(2)).toBe(11)
})

test('calls that come while the actor is built wait for it; one whose constructor throws answers each with its death', async () => {
  class Broken {
    constructor() {
      throw new Error('no weights')
    }
    work(): void {}
  }
  const worker = aWorker({ assigned: false })
  const building = construct(worker, Counter)
  call(worker, 1, '__shoal_ready__')
  expect(await building).toEqual({ kind: 'ready' })
  expect(await construct(worker, Counter)).toEqual({ kind: 'ready' })
  await endedCount(worker, 1)
  expect(worker.link.resultOf(1)).toBe(true)

  const other = aWorker({ assigned: false })
  const failing = construct(other, Broken)
  call(other, 1, 'work')
  expect(await failing).toMatchObject({ kind: 'threw', error: { classNames: ['Error'] } })
  call(other, 2, 'work')
  await endedCount(other, 2)
  expect([other.link.resultOf(1), other.link.resultOf(2)]).toEqual(['actor.died', 'actor.died'])
})

test('calls for an actor that does not live here are told so', async () => {
  const worker = aWorker()
  call(worker, 1, 'add')
  await endedCount(worker, 1)
  expect(worker.link.resultOf(1)).toBe('actor.unavailable')
})

test('cancelling one call leaves the others alone: a waiting one never begins, a running one sees its signal', async () => {
  const { log, open, Gated } = gatedClass()
  class Cancellable extends Gated {
    waitForAbort(): Promise<void> {
      const { signal } = worker.services.task.abort
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))
    }
  }
  const worker = await anActor(Cancellable, { maxConcurrency: 2 })
  call(worker, 1, { method: 'work', values: ['a'] })
  call(worker, 2, 'waitForAbort')
  call(worker, 3, { method: 'work', values: ['never'] })
  cancel(worker, 3)
  await endedCount(worker, 1)
  cancel(worker, 2)
  await endedCount(worker, 2)
  open('a')
  await endedCount(worker, 3)
  expect([1, 2, 3].map((number) => worker.link.resultOf(number))).toEqual(['a', 'task.cancelled', 'task.cancelled'])
  expect(log).toEqual(['a began', 'a ended'])
})

test('__shoal_terminate__ ends the actor after the calls before it; later ones go back', async () => {
  const { open, Gated } = gatedClass()
  const worker = await anActor(Gated)
  call(worker, 1, { method: 'work', values: ['a'] })
  call(worker, 2, { method: 'work', values: ['b'] })
  call(worker, 3, '__shoal_terminate__')
  call(worker, 4, { method: 'work', values: ['late'] })
  expect(worker.link.returned).toEqual([taskIdOf(4)])
  open('a')
  await endedCount(worker, 1)
  expect(worker.exits).toEqual([])
  open('b')
  await worker.recorder.until(() => worker.exits.length > 0)
  expect(worker.link.ended.map(({ taskId, outcome }) => [taskId, outcome.kind])).toEqual(
    [1, 2, 3].map((number) => [taskIdOf(number), 'done']),
  )
  expect(worker.agentSent).toContainEqual({ type: 'worker.leaving', reason: 'exit-actor' })
})

test('exitActor ends the actor in the middle: its call, running and waiting ones are told that it died', async () => {
  let laterRuns = 0
  class Leaver {
    forever(): Promise<void> {
      return new Promise(() => {})
    }
    async leave(): Promise<void> {
      await Promise.resolve()
      worker.executor.exitActor()
    }
    later(): void {
      laterRuns += 1
    }
  }
  const worker = await anActor(Leaver, { maxConcurrency: 2 })
  call(worker, 1, 'forever')
  call(worker, 2, 'leave')
  call(worker, 3, 'later')
  await worker.recorder.until(() => worker.exits.length > 0)
  expect([1, 2, 3].map((number) => worker.link.resultOf(number))).toEqual(['actor.died', 'actor.died', 'actor.died'])
  expect(laterRuns).toBe(0)
  expect(worker.exits).toEqual([0])
  expect(worker.recorder.events.filter((event) => !event.startsWith('owner:')).slice(-3)).toEqual([
    'agent:events.batch',
    'agent:worker.leaving',
    'exit',
  ])
})

test('exitActor ends the actor even when a method catches what unwinds it, and is refused outside one', async () => {
  class Catcher {
    leave(): string {
      try {
        return worker.executor.exitActor()
      } catch (error) {
        return error instanceof ActorExit ? 'caught' : 'other'
      }
    }
  }
  const worker = await anActor(Catcher)
  call(worker, 1, 'leave')
  expect(worker.exits).toEqual([0])
  expect(worker.link.resultOf(1)).toBe('caught')
  expect(() => aWorker().executor.exitActor()).toThrow('outside an actor')
})

test('a graceful leave lets an actor finish what waits; later calls go back', async () => {
  const { open, Gated } = gatedClass()
  const worker = await anActor(Gated)
  call(worker, 1, { method: 'work', values: ['a'] })
  call(worker, 2, { method: 'work', values: ['b'] })
  const left = worker.executor.leave({ graceful: true, reason: 'drain' })
  call(worker, 3, { method: 'work', values: ['c'] })
  open('a')
  await endedCount(worker, 1)
  open('b')
  await left
  expect([worker.link.ended.length, worker.link.returned, worker.exits]).toEqual([2, [taskIdOf(3)], [0]])
})

test('an actor that holds CPU counts as blocked while each of its running calls waits; another never does', async () => {
  const gate = Promise.withResolvers<void>()
  class Waiter {
    async wait(): Promise<void> {
      const { task } = worker.services
      task.blocked()
      await gate.promise
      task.unblocked()
    }
  }
  let worker = await anActor(Waiter, { maxConcurrency: 2, heldResources: { CPU: 1 } })
  const told = () => worker.agentSent.map(({ type }) => type)
  call(worker, 1, 'wait')
  call(worker, 2, 'wait')
  gate.resolve()
  await endedCount(worker, 2)
  expect(told()).toEqual(['worker.blocked', 'worker.unblocked'])
  worker = await anActor(Waiter)
  call(worker, 1, 'wait')
  await endedCount(worker, 1)
  expect(told()).toEqual([])
})

test('a method streams, and plain tasks may not run beside it', async () => {
  class Streamer {
    *items(count: number): Generator<number> {
      for (let index = 0; index < count; index += 1) yield index
    }
  }
  const worker = await anActor(Streamer)
  call(worker, 1, { method: 'items', values: [3], returnCount: -1 })
  await endedCount(worker, 1)
  expect(worker.link.yielded).toEqual([0, 1, 2])
  define(worker, 1, () => 1)
  push(worker, [aTask(2, 1)])
  await worker.executor.leave({ graceful: true, reason: 'test' })
  expect(worker.link.returned).toEqual([taskIdOf(2)])
})
