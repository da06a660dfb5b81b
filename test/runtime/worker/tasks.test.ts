import { expect, test } from 'vitest'
import { aTask, aWorker, cancel, define, endedCount, push, storedRef, taskIdOf } from './harness.ts'

const range = (count: number) => Array.from({ length: count }, (_, index) => index)
const busyFor = (ms: number) => {
  const endMs = performance.now() + ms
  while (performance.now() < endMs);
}

test('tasks run in the order they were pushed, one at a time, an async one holding up the next', async () => {
  const worker = aWorker()
  const order: string[] = []
  const gate = Promise.withResolvers<void>()
  define(worker, 1, async (name) => {
    order.push(`${String(name)} began`)
    await gate.promise
    order.push(`${String(name)} ended`)
    return name
  })
  define(worker, 2, (name) => order.push(String(name)))
  push(worker, [aTask(1, 1, ['a']), aTask(2, 2, ['b']), aTask(3, 1, ['c'])])
  expect(order).toEqual(['a began'])
  gate.resolve()
  await endedCount(worker, 3)
  expect(order).toEqual(['a began', 'a ended', 'b', 'c began', 'c ended'])
  expect(worker.link.resultOf(1)).toBe('a')
})

test('results of many tiny tasks leave in few messages, in order', async () => {
  const worker = aWorker({ clock: { nowMs: () => 0, monotonicMs: () => 0 } }) // so that only their bytes and the end of the turn count
  define(worker, 1, (x) => (x as number) * 2)
  push(
    worker,
    range(5_000).map((index) => aTask(index, 1, [index])),
  )
  await endedCount(worker, 5_000)
  expect(worker.link.ended.map(({ taskId }) => taskId)).toEqual(range(5_000).map(taskIdOf))
  expect(worker.link.resultOf(4_999)).toBe(9_998)
  expect(worker.link.sent.length).toBeLessThan(20)
})

test('a result does not wait while a task known to be slow, or not known yet, runs synchronously', async () => {
  const worker = aWorker()
  const seenBySlow: number[] = []
  define(worker, 1, () => 1)
  define(worker, 2, () => {
    seenBySlow.push(worker.link.ended.length)
    busyFor(1)
  })
  push(worker, [aTask(1, 1), aTask(2, 2), aTask(3, 1), aTask(4, 2)])
  await endedCount(worker, 4)
  expect(seenBySlow).toEqual([1, 3])
})

test('earlier results are on their way before a task that may run at most once begins', async () => {
  const worker = aWorker()
  const seen: number[] = []
  define(worker, 1, { run: () => seen.push(worker.link.ended.length), atMostOnce: true })
  push(
    worker,
    range(4).map((index) => aTask(index, 1)),
  )
  await endedCount(worker, 4)
  expect(seen).toEqual([0, 1, 2, 3])
})

test('tasks of a lease that is not assigned yet wait, and those of an old lease go back', async () => {
  const worker = aWorker({ assigned: false })
  define(worker, 1, () => worker.env['CUDA_VISIBLE_DEVICES'])
  push(worker, [aTask(1, 1)], 'lease-a')
  const assign = (leaseId: string, gpus: string[]) =>
    worker.executor.assign({ type: 'worker.assign', leaseId, jobId: '00000001', ownerId: '9'.repeat(56), devices: { GPU: gpus } })
  assign('lease-a', ['2', '3'])
  await endedCount(worker, 1)
  expect(worker.link.resultOf(1)).toBe('2,3')
  assign('lease-b', [])
  expect(worker.env['CUDA_VISIBLE_DEVICES']).toBeUndefined()
  push(worker, [aTask(2, 1)], 'lease-a')
  expect(worker.link.sent.at(-1)).toEqual({ type: 'tasks.returned', taskIds: [taskIdOf(2)], leaving: true })
})

test('what a task throws is its outcome, and a template nobody defined fails the task', async () => {
  const worker = aWorker()
  define(worker, 1, () => {
    throw new TypeError('no such thing')
  })
  push(worker, [aTask(1, 1), aTask(2, 77)])
  await endedCount(worker, 2)
  expect(worker.link.outcomeOf(1)).toMatchObject({ kind: 'threw', error: { classNames: ['TypeError'] } })
  expect(worker.link.resultOf(2)).toBe('protocol.violation')
})

test('a function must return as many values as were asked for', async () => {
  const worker = aWorker()
  define(worker, 1, { run: (...values) => values, returnCount: 2 })
  define(worker, 2, { run: () => 5, returnCount: 2 })
  define(worker, 3, { run: () => 5, returnCount: 0 })
  define(worker, 4, {
    run: function* () {
      for (;;) yield 1
    },
    returnCount: 2,
  })
  push(worker, [aTask(1, 1, ['x', 'y']), aTask(2, 1, [1, 2, 3]), aTask(3, 2), aTask(4, 3), aTask(5, 4)])
  await endedCount(worker, 5)
  expect(worker.link.resultOf(1)).toEqual(['x', 'y'])
  expect(worker.link.resultOf(2)).toBe('f1 must return 2 values, but returned 3')
  expect(worker.link.resultOf(3)).toContain('returned 1 value that is no list: number')
  expect(worker.link.outcomeOf(4)).toEqual({ kind: 'done', results: [] })
  expect(worker.link.resultOf(5)).toBe('f4 must return 2 values, but returned more than 2')
})

test('arguments of the next tasks are brought near while one runs, a few ahead, and opened in their turn', async () => {
  const worker = aWorker()
  const gate = Promise.withResolvers<void>()
  define(worker, 1, () => gate.promise)
  define(worker, 2, (x) => x)
  const late = range(20).map((index) => ({ ...aTask(10 + index, 2, [index]), refArgs: [storedRef(0)] }))
  push(worker, [aTask(1, 1), ...late])
  expect(worker.services.prefetched).toBe(8)
  expect(worker.services.opened).toHaveLength(1)
  gate.resolve()
  await endedCount(worker, 21)
  expect(worker.services.opened).toHaveLength(21)
  expect(worker.services.prefetched).toBe(20)
  expect(worker.services.settled).toBe(21)
})

test('arguments that cannot be had fail the task, which does not run', async () => {
  const worker = aWorker()
  let runs = 0
  define(worker, 1, () => (runs += 1))
  worker.services.pulls.set(taskIdOf(1), Promise.reject(new Error('codec broke')))
  push(worker, [aTask(1, 1), aTask(2, 1)])
  await endedCount(worker, 2)
  expect(worker.link.resultOf(1)).toBe('codec broke')
  expect(runs).toBe(1)
})

test('a waiting task is cancelled without running, and its neighbours run', async () => {
  const worker = aWorker()
  const gate = Promise.withResolvers<void>()
  const ran: unknown[] = []
  define(worker, 1, () => gate.promise)
  define(worker, 2, (x) => ran.push(x))
  push(worker, [aTask(1, 1), aTask(2, 2, ['b']), aTask(3, 2, ['c'])])
  cancel(worker, 2)
  await endedCount(worker, 1)
  expect(worker.link.resultOf(2)).toBe('task.cancelled')
  gate.resolve()
  await endedCount(worker, 3)
  expect(ran).toEqual(['c'])
})

test('a running task sees its signal, its children are cancelled, and it is reported cancelled even if it returns', async () => {
  const worker = aWorker()
  define(worker, 1, () => {
    const { signal } = worker.services.task.abort
    return new Promise((resolve) => signal.addEventListener('abort', () => resolve((signal.reason as Error).message)))
  })
  push(worker, [aTask(1, 1)])
  cancel(worker, 1, true)
  await endedCount(worker, 1)
  expect(worker.link.resultOf(1)).toBe('task.cancelled')
  expect(worker.services.childrenCancelled).toEqual([taskIdOf(1)])
})

test('a task whose arguments are still on their way is cancelled at once', async () => {
  const worker = aWorker()
  const pull = Promise.withResolvers<void>()
  let runs = 0
  define(worker, 1, () => (runs += 1))
  worker.services.pulls.set(taskIdOf(1), pull.promise)
  push(worker, [aTask(1, 1), aTask(2, 1)])
  cancel(worker, 1)
  await endedCount(worker, 1)
  expect(worker.link.resultOf(1)).toBe('task.cancelled')
  pull.resolve()
  await endedCount(worker, 2)
  expect([runs, worker.services.settled, worker.link.ended.length]).toEqual([1, 2, 2])
})

test('a task that blocks tells the agent once, and what waits behind it goes back to its owner', async () => {
  const worker = aWorker()
  const gate = Promise.withResolvers<void>()
  define(worker, 1, async () => {
    const { task } = worker.services
    task.blocked()
    task.blocked()
    await gate.promise
    task.unblocked()
    task.unblocked()
  })
  push(worker, [aTask(1, 1), aTask(2, 1), aTask(3, 1)])
  expect(worker.agentSent).toEqual([{ type: 'worker.blocked' }])
  push(worker, [aTask(4, 1)])
  expect(worker.link.returned).toEqual([taskIdOf(2), taskIdOf(3), taskIdOf(4)])
  expect(worker.link.sent.every((message) => message.type === 'tasks.returned' && !message.leaving)).toBe(true)
  gate.resolve()
  await endedCount(worker, 1)
  expect(worker.agentSent.map(({ type }) => type)).toEqual(['worker.blocked', 'worker.unblocked'])
})

test('a task that ends while it still counts as blocked takes its place back', async () => {
  const worker = aWorker()
  define(worker, 1, () => worker.services.task.blocked())
  push(worker, [aTask(1, 1)])
  await endedCount(worker, 1)
  expect(worker.agentSent.map(({ type }) => type)).toEqual(['worker.blocked', 'worker.unblocked'])
})

test('after its last allowed run a worker hands back what waits, says so, and exits', async () => {
  const worker = aWorker()
  define(worker, 1, { run: () => process.pid, maxCalls: 2 })
  push(worker, [aTask(1, 1), aTask(2, 1), aTask(3, 1)])
  await worker.recorder.until(() => worker.exits.length > 0)
  expect([...new Set(worker.recorder.events)]).toEqual([
    'agent:events.batch',
    'owner:tasks.ended',
    'owner:tasks.returned',
    'agent:worker.leaving',
    'exit',
  ])
  expect(worker.link.ended).toHaveLength(2)
  expect(worker.link.sent.at(-1)).toEqual({ type: 'tasks.returned', taskIds: [taskIdOf(3)], leaving: true })
  expect(worker.agentSent).toContainEqual({ type: 'worker.leaving', reason: 'max-calls' })
})

test('after its last allowed run a worker that owns what others use takes no more, and exits when that is done', async () => {
  const worker = aWorker()
  const used = Promise.withResolvers<void>()
  worker.services.owned = used.promise
  define(worker, 1, { run: () => process.pid, maxCalls: 1 })
  push(worker, [aTask(1, 1)])
  await worker.recorder.until(() => worker.link.sent.length >= 2)
  expect(worker.link.sent.map(({ type }) => type)).toEqual(['tasks.ended', 'tasks.returned'])
  expect(worker.link.sent.at(-1)).toMatchObject({ taskIds: [], leaving: true }) // its lease ends though nothing waited
  push(worker, [aTask(2, 1)])
  expect(worker.link.returned).toEqual([taskIdOf(2)])
  const left = worker.executor.leave({ graceful: true, reason: 'max-calls' }) // as its agent says then
  expect(worker.exits).toEqual([])
  expect(worker.agentSent.filter(({ type }) => type === 'worker.leaving')).toEqual([])
  used.resolve()
  await left
  expect(worker.exits).toEqual([0])
})

test('a worker that is asked to leave and owns what others use takes no more, and stays until that is done', async () => {
  const worker = aWorker()
  const used = Promise.withResolvers<void>()
  worker.services.owned = used.promise
  define(worker, 1, () => 1)
  const left = worker.executor.leave({ graceful: false, reason: 'idle' }) // its agent may not know yet
  push(worker, [aTask(1, 1)])
  expect(worker.link.returned).toEqual([taskIdOf(1)])
  expect(worker.exits).toEqual([])
  used.resolve()
  await left
  expect(worker.exits).toEqual([0])

  const other = aWorker()
  other.services.owned = new Promise(() => {})
  await other.executor.leave({ graceful: false, reason: 'job-ended' })
  expect(other.exits).toEqual([0]) // nobody is left who could use it
})

test('when an owner is gone its waiting tasks are dropped, its running one is told, and nothing is sent', async () => {
  const worker = aWorker()
  const stopped = Promise.withResolvers<void>()
  let laterRuns = 0
  define(worker, 1, () => {
    const { signal } = worker.services.task.abort
    return new Promise((_, reject) =>
      signal.addEventListener('abort', () => {
        stopped.resolve()
        reject(signal.reason as Error)
      }),
    )
  })
  define(worker, 2, () => (laterRuns += 1))
  push(worker, [aTask(1, 1), aTask(2, 2)])
  worker.executor.onOwnerGone(worker.link)
  await stopped.promise
  await worker.executor.leave({ graceful: true, reason: 'test' })
  expect(laterRuns).toBe(0)
  expect(worker.link.sent).toEqual([])
  expect(worker.services.released).toEqual([taskIdOf(1)])
})

test('a graceful leave finishes the running task and hands the others back; an abrupt one does not wait', async () => {
  const worker = aWorker()
  const gate = Promise.withResolvers<void>()
  define(worker, 1, () => gate.promise)
  push(worker, [aTask(1, 1), aTask(2, 1)])
  const left = worker.executor.leave({ graceful: true, reason: 'drain' })
  expect(worker.link.returned).toEqual([taskIdOf(2)])
  expect(worker.exits).toEqual([])
  gate.resolve()
  await left
  expect(worker.exits).toEqual([0])
  expect(worker.link.ended).toHaveLength(1)

  const other = aWorker()
  define(other, 1, () => new Promise(() => {}))
  push(other, [aTask(1, 1)])
  await other.executor.leave({ graceful: false, reason: 'killed' })
  expect(other.exits).toEqual([0])
})

test('refs inside results are let go when the caller holds them, or is gone without having said so', () => {
  const worker = aWorker()
  const nested = [{ objectId: '1'.repeat(56), owner: storedRef(0).owner }]
  worker.services.encodeResult = () => ({ place: { kind: 'inline', bytes: new Uint8Array(1) }, nested })
  define(worker, 1, () => 1)
  push(worker, [aTask(1, 1), aTask(2, 1)])
  worker.executor.onOwnerMessage(worker.link, { type: 'results.held', taskIds: [taskIdOf(1)] })
  expect(worker.services.released).toEqual([taskIdOf(1)])
  worker.executor.onOwnerGone(worker.link)
  expect(worker.services.released).toEqual([taskIdOf(1), taskIdOf(2)])
})

test('the event loop gets a turn while a long line of tasks runs, so that a cancel is heard', async () => {
  const worker = aWorker()
  define(worker, 1, () => busyFor(1))
  push(
    worker,
    range(200).map((index) => aTask(index, 1)),
  )
  cancel(worker, 199)
  await endedCount(worker, 200)
  expect(worker.link.ended[199]?.taskId).not.toBe(taskIdOf(199))
  expect(worker.link.resultOf(199)).toBe('task.cancelled')
})
