import { expect, test } from 'vitest'
import { aTask, aWorker, cancel, define, endedCount, type Harness, push, taskIdOf } from './harness.ts'

const consumed = (worker: Harness, number: number, count: number) =>
  worker.executor.onOwnerMessage(worker.link, { type: 'task.consumed', taskId: taskIdOf(number), count })
const yieldedCount = (worker: Harness, count: number) => worker.recorder.until(() => worker.link.yielded.length >= count)

test('items of sync and async generators and of plain lists are sent in order, before the end', async () => {
  const worker = aWorker()
  const stream = { returnCount: -1 }
  define(worker, 1, {
    run: function* (count) {
      for (let index = 0; index < Number(count); index += 1) yield index
    },
    ...stream,
  })
  define(worker, 2, {
    run: async function* () {
      yield 'a'
      await Promise.resolve()
      yield 'b'
    },
    ...stream,
  })
  define(worker, 3, { run: async () => [Promise.resolve('x'), 'y'], ...stream })
  push(worker, [aTask(1, 1, [3]), aTask(2, 2), aTask(3, 3)])
  await endedCount(worker, 3)
  expect(worker.link.yielded).toEqual([0, 1, 2, 'a', 'b', 'x', 'y'])
  const indexes = worker.link.sent.flatMap((message) => (message.type === 'task.yielded' ? [message.index] : []))
  expect(indexes).toEqual([0, 1, 2, 0, 1, 0, 1])
  expect(worker.link.outcomeOf(1)).toEqual({ kind: 'done', results: [] })
  expect(worker.recorder.events.at(-1)).toBe('owner:tasks.ended')
})

test('what a generator throws ends the stream behind the items that came before', async () => {
  const worker = aWorker()
  define(worker, 1, {
    run: async function* () {
      yield 1
      throw new Error('half way')
    },
    returnCount: -1,
  })
  define(worker, 2, { run: () => 7, returnCount: -1 })
  push(worker, [aTask(1, 1), aTask(2, 2)])
  await endedCount(worker, 2)
  expect(worker.link.yielded).toEqual([1])
  expect(worker.link.resultOf(1)).toBe('half way')
  expect(worker.link.resultOf(2)).toBe('f2 streams, so it must return a generator or another iterable, but returned number')
})

test('a producer stays at most so many items ahead of its consumer, and counts as blocked while it waits long', async () => {
  const worker = aWorker()
  let produced = 0
  define(worker, 1, {
    run: function* () {
      for (;;) yield (produced += 1)
    },
    returnCount: -1,
    generatorBackpressure: 2,
  })
  push(worker, [aTask(1, 1), aTask(2, 1)])
  await worker.recorder.until(() => worker.agentSent.length > 0)
  expect([produced, worker.link.yielded, worker.link.returned]).toEqual([2, [1, 2], [taskIdOf(2)]])
  consumed(worker, 1, 1)
  await yieldedCount(worker, 3)
  expect(produced).toBe(3)
  consumed(worker, 1, 3)
  await yieldedCount(worker, 5)
  expect(produced).toBe(5)
  cancel(worker, 1)
  await endedCount(worker, 1)
  expect(worker.link.resultOf(1)).toBe('task.cancelled')
  expect(produced).toBe(5)
})

test('a cancelled stream stops, its generator cleans up, and user code inside knows its task', async () => {
  const worker = aWorker()
  const seen: string[] = []
  define(worker, 1, {
    run: async function* () {
      try {
        for (;;) {
          seen.push(worker.services.task.taskId)
          yield 1
          await new Promise((resolve) => setImmediate(resolve))
        }
      } finally {
        seen.push('closed')
      }
    },
    returnCount: -1,
  })
  push(worker, [aTask(1, 1)])
  await yieldedCount(worker, 3)
  cancel(worker, 1)
  await endedCount(worker, 1)
  expect(worker.link.resultOf(1)).toBe('task.cancelled')
  expect(new Set(seen)).toEqual(new Set([taskIdOf(1), 'closed']))
})

test('an item that cannot be encoded fails the stream and closes the generator', async () => {
  const worker = aWorker()
  let isClosed = false
  define(worker, 1, {
    run: function* () {
      try {
        yield 1
        yield 2n // JSON has no such numbers
      } finally {
        isClosed = true
      }
    },
    returnCount: -1,
  })
  push(worker, [aTask(1, 1)])
  await endedCount(worker, 1)
  expect(worker.link.outcomeOf(1)?.kind).toBe('threw')
  expect([worker.link.yielded, isClosed]).toEqual([[1], true])
})

test('a stream of an owner that is gone ends without another word', async () => {
  const worker = aWorker()
  const closed = Promise.withResolvers<void>()
  define(worker, 1, {
    run: function* () {
      try {
        for (;;) yield 1
      } finally {
        closed.resolve()
      }
    },
    returnCount: -1,
    generatorBackpressure: 3,
  })
  push(worker, [aTask(1, 1)])
  await yieldedCount(worker, 3)
  worker.executor.onOwnerGone(worker.link)
  await closed.promise
  expect(worker.link.sent.every(({ type }) => type === 'task.yielded')).toBe(true)
  expect(worker.link.yielded).toHaveLength(3)
})

test('a long synchronous stream leaves room for the event loop, so that it can be cancelled', async () => {
  const worker = aWorker()
  define(worker, 1, {
    run: function* () {
      for (;;) yield 1
    },
    returnCount: -1,
  })
  push(worker, [aTask(1, 1)])
  setImmediate(() => cancel(worker, 1))
  await endedCount(worker, 1)
  expect(worker.link.resultOf(1)).toBe('task.cancelled')
})
