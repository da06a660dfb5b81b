import { Unpackr } from 'msgpackr/unpack'
import { expect, test } from 'vitest'
import { EventBatch, TaskSpan } from '#runtime/protocol/events.ts'
import type { FromExecutorToAgent } from '#runtime/worker/messages.ts'
import { SpanRecorder } from '#runtime/worker/span-recorder.ts'
import { aTask, aWorker, define, endedCount, push, taskIdOf } from './harness.ts'

const identity = { nodeId: '1'.repeat(56), workerId: '2'.repeat(56), pid: 42 }
const batchesOf = (sent: FromExecutorToAgent[]) =>
  sent.flatMap((message) => (message.type === 'events.batch' ? [EventBatch.parse(message)] : []))
const unpack = (packed: Uint8Array) => TaskSpan.array().parse(new Unpackr().unpack(packed))

test('spans become wall time and arrive as one packed batch', () => {
  const sent: FromExecutorToAgent[] = []
  const recorder = new SpanRecorder(identity, { send: (message) => sent.push(message) }, { nowMs: () => 1_000_000, monotonicMs: () => 500 })
  recorder.record([taskIdOf(1), 'f', 0, 501.25, 503, true])
  recorder.record([taskIdOf(2), 'g', 1, 502, 502.5, false])
  recorder.flush()
  recorder.flush()
  const [batch, ...more] = batchesOf(sent)
  expect(more).toEqual([])
  expect(batch).toMatchObject({ ...identity, count: 2, dropped: 0, firstMs: 1_000_001.25, lastMs: 1_000_003 })
  expect(unpack(batch!.packed)).toEqual([
    [taskIdOf(1), 'f', 0, 1_000_001.25, 1_000_003, true],
    [taskIdOf(2), 'g', 1, 1_000_002, 1_000_002.5, false],
  ])
})

test('a full buffer counts what it drops, and begins anew after it was sent', () => {
  const sent: FromExecutorToAgent[] = []
  const recorder = new SpanRecorder(identity, { send: (message) => sent.push(message) }, { nowMs: () => 0, monotonicMs: () => 0 })
  for (let index = 0; index < 25_010; index += 1) recorder.record([taskIdOf(index), 'f', 0, 0, 1, true])
  recorder.flush()
  recorder.record([taskIdOf(1), 'f', 0, 0, 1, true])
  recorder.flush()
  expect(batchesOf(sent).map(({ count, dropped }) => [count, dropped])).toEqual([
    [25_000, 10],
    [1, 0],
  ])
})

test('tasks that ran are in the batch that is sent by itself; those that never began are not', async () => {
  const worker = aWorker()
  define(worker, 1, () => 1)
  define(worker, 2, () => {
    throw new Error('no')
  })
  const before = Date.now()
  push(worker, [aTask(1, 1), aTask(2, 2), aTask(3, 99)])
  await endedCount(worker, 3)
  await worker.recorder.until(() => worker.agentSent.length > 0)
  const [batch] = batchesOf(worker.agentSent)
  const spans = unpack(batch!.packed)
  expect(spans.map(([taskId, name, , , , isDone]) => [taskId, name, isDone])).toEqual([
    [taskIdOf(1), 'f1', true],
    [taskIdOf(2), 'f2', false],
  ])
  expect(Math.abs(spans[0]![3] - before)).toBeLessThan(5_000)
})
