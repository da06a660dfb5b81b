import { expect, test } from 'vitest'
import { silentLogger } from '#runtime/base/logger.ts'
import { EventForwarder } from '#runtime/node/inspect/event-forwarder.ts'
import type { EventBatch } from '#runtime/protocol/events.ts'

const batch = (count: number, bytes: number, dropped = 0): EventBatch => ({
  type: 'events.batch',
  ...{ nodeId: '1'.repeat(56), workerId: '2'.repeat(56), pid: 1, count, dropped, firstMs: 0, lastMs: 0 },
  packed: new Uint8Array(bytes),
})

/** A head that answers when the test says so. */
function aHead() {
  const asked: { batch: EventBatch; answer: PromiseWithResolvers<unknown> }[] = []
  const forwarder = new EventForwarder({
    logger: silentLogger,
    request: (message) => {
      const answer = Promise.withResolvers<unknown>()
      asked.push({ batch: message as EventBatch, answer })
      return answer.promise
    },
  })
  return { asked, forwarder }
}

const settled = () => new Promise((resolve) => setImmediate(resolve))

test('what the head has not written is kept up to a limit, and what is beyond is counted in the next batch', async () => {
  const { asked, forwarder } = aHead()
  forwarder.forward(batch(10, 32 * 1024 * 1024))
  forwarder.forward(batch(20, 1, 3))
  forwarder.forward(batch(30, 1))
  expect(asked.map((each) => each.batch.count)).toEqual([10])
  asked[0]!.answer.resolve(undefined)
  await settled()
  forwarder.forward(batch(40, 1, 1))
  expect(asked[1]?.batch).toMatchObject({ count: 40, dropped: 20 + 3 + 30 + 1 })
})

test('a batch that the head does not take is counted, with what it was to tell', async () => {
  const { asked, forwarder } = aHead()
  forwarder.forward(batch(10, 1, 2))
  asked[0]!.answer.reject(new Error('away for too long'))
  await settled()
  forwarder.forward(batch(1, 1))
  expect(asked[1]?.batch.dropped).toBe(12)
})
