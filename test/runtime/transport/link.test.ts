import { type Duplex, PassThrough } from 'node:stream'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { ClusterError } from '#runtime/base/errors.ts'
import { silentLogger } from '#runtime/base/logger.ts'
import { encodeFrame } from '#runtime/protocol/frame.ts'
import { createLink } from '#runtime/transport/link.ts'
import { createMemoryPair } from './memory-link.ts'
import { aLogger, collect, incoming, note, socketPair } from './support.ts'

const Numbered = z.object({ number: z.int() })

async function linkPair(more: { maxFrameBytes?: number; maxSendBufferBytes?: number } = {}) {
  const [near, far] = await socketPair()
  const nearLog = aLogger()
  const farLog = aLogger()
  return {
    near: createLink(near, { incoming, logger: nearLog, peer: 'far', ...more }),
    far: createLink(far, { incoming, logger: farLog, peer: 'near', ...more }),
    nearSocket: near,
    farSocket: far,
    nearLog,
    farLog,
  }
}

/** A link at one end, and at the other the bare stream of an ill-behaved peer. */
async function linkAgainst() {
  const [near, stranger] = await socketPair()
  const logger = aLogger()
  stranger.on('error', () => {})
  stranger.resume()
  return { link: createLink(near, { incoming, logger, peer: 'stranger' }), stranger, logger }
}

test('messages arrive in the order sent, across flushes and turns of the event loop', async () => {
  const { near, far } = await linkPair()
  const received = collect<object>(3_000, (take) => far.onMessage(take))
  for (let number = 0; number < 3_000; number += 1) {
    near.send(note(number))
    if (number % 700 === 0) near.flush()
    if (number % 1_000 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  expect(await received).toEqual(Array.from({ length: 3_000 }, (_, number) => note(number)))
})

test('a thousand messages of one turn, some of them sent behind an await, cost one write', async () => {
  const [near, far] = createMemoryPair()
  const writes: number[] = []
  const counting = countWrites(near, writes)
  const link = createLink(counting, { incoming, logger: silentLogger, peer: 'far' })
  const received = collect<object>(1_000, (take) => createLink(far, { incoming, logger: silentLogger, peer: 'near' }).onMessage(take))
  for (let number = 0; number < 1_000; number += 1) {
    link.send(note(number))
    if (number % 250 === 0) await Promise.resolve()
  }
  await received
  expect(writes).toHaveLength(1)
})

function countWrites(socket: Duplex, writes: number[]): Duplex {
  const write = socket._write.bind(socket)
  socket._write = (chunk: Uint8Array, encoding, done) => {
    writes.push(chunk.length)
    write(chunk, encoding, done)
  }
  socket._writev = (chunks, done) => {
    const all = Buffer.concat(chunks.map(({ chunk }) => chunk as Uint8Array)) // what the links write is bytes
    writes.push(all.length)
    write(all, 'binary' as BufferEncoding, done) // ignored for bytes
  }
  return socket
}

test('more than 256 KB in one turn does not wait for the turn to end', () => {
  const [near] = createMemoryPair()
  const writes: number[] = []
  const link = createLink(countWrites(near, writes), { incoming, logger: silentLogger, peer: 'far' })
  for (let number = 0; number < 250; number += 1) link.send({ ...note(number), text: 'x'.repeat(1_000) })
  expect(writes).toHaveLength(0)
  for (let number = 0; number < 50; number += 1) link.send({ ...note(number), text: 'x'.repeat(1_000) })
  expect(writes).toEqual([expect.any(Number)])
  expect(writes[0]).toBeGreaterThan(256 * 1024)
})

test('large bytes arrive intact beside the other fields, in one-way messages, requests and answers', async () => {
  const { near, far } = await linkPair()
  const bytes = Uint8Array.from({ length: 300_000 }, (_, index) => index % 251)
  const received = collect<object>(2, (take) => far.onMessage(take))
  far.onRequest((message) => message)
  near.send({ type: 'blob.sent', name: 'first', bytes })
  near.send(note(2))
  const Echo = z.object({ name: z.string(), bytes: z.instanceof(Uint8Array) })
  const echo = await near.request({ type: 'blob.sent', name: 'second', bytes }, { reply: Echo })
  expect(Buffer.compare(echo.bytes, bytes)).toBe(0)
  const [first, second] = await received
  expect(first).toMatchObject({ type: 'blob.sent', name: 'first' })
  expect(Buffer.compare((first as { bytes: Uint8Array }).bytes, bytes)).toBe(0)
  expect(second).toEqual(note(2))
})

test('requests are answered by what the handler returns or resolves with, each to its asker', async () => {
  const { near, far } = await linkPair()
  far.onRequest((message) => {
    const number = (message as { number: number }).number
    return number % 2 === 0 ? { number: number * 10 } : Promise.resolve({ number: number * 10 })
  })
  const answers = await Promise.all(Array.from({ length: 50 }, (_, number) => near.request(note(number), { reply: Numbered })))
  expect(answers).toEqual(Array.from({ length: 50 }, (_, number) => ({ number: number * 10 })))
})

test('a cluster error of the handler reaches the asker with code, message and details', async () => {
  const { near, far } = await linkPair()
  far.onRequest(async () => {
    throw new ClusterError('store.full', 'no room for 5 bytes', { details: { sizeBytes: 5 } })
  })
  await expect(near.request(note(1), { reply: Numbered })).rejects.toMatchObject({
    name: 'ClusterError',
    code: 'store.full',
    message: 'no room for 5 bytes',
    details: { sizeBytes: 5 },
  })
})

test('any other error of the handler is internal to the asker, and logged where it happened', async () => {
  const { near, far, farLog } = await linkPair()
  far.onRequest(() => {
    throw new TypeError('x is undefined')
  })
  await expect(near.request(note(1), { reply: Numbered })).rejects.toMatchObject({ code: 'internal', message: /x is undefined/ })
  expect(await farLog.heard('link.handler-failed')).toMatchObject({ message: 'x is undefined' })
})

test('a request that runs out of time says how long it waited, and the handler hears of it', async () => {
  const { near, far } = await linkPair()
  const aborted = new Promise<unknown>((resolve) => {
    far.onRequest((_message, { signal }) => new Promise(() => signal.addEventListener('abort', () => resolve(signal.reason))))
  })
  await expect(near.request(note(1), { reply: Numbered, timeoutMs: 20 })).rejects.toMatchObject({
    code: 'timeout',
    details: { waitedMs: 20 },
  })
  expect(await aborted).toMatchObject({ code: 'task.cancelled' })
})

test('an aborted request rejects with the reason of its signal, and the handler hears of it', async () => {
  const { near, far } = await linkPair()
  const controller = new AbortController()
  const aborted = new Promise<boolean>((resolve) => {
    far.onRequest(async (_message, context) => {
      controller.abort(new Error('not needed any more'))
      await new Promise((next) => setTimeout(next, 0))
      context.signal.addEventListener('abort', () => resolve(true))
      if (context.signal.aborted) resolve(true)
      await new Promise(() => {})
    })
  })
  await expect(near.request(note(1), { reply: Numbered, signal: controller.signal })).rejects.toThrow('not needed any more')
  expect(await aborted).toBe(true)
  await expect(near.request(note(1), { reply: Numbered, signal: controller.signal })).rejects.toThrow('not needed any more')
})

test('when a link closes, requests that wait are refused and handlers that run are told', async () => {
  const { near, far } = await linkPair()
  const told = new Promise<unknown>((resolve) => {
    far.onRequest((_message, { signal }) => {
      signal.addEventListener('abort', () => resolve(signal.reason))
      near.close('going home')
      return new Promise(() => {})
    })
  })
  await expect(near.request(note(1), { reply: Numbered })).rejects.toMatchObject({ code: 'link.closed', message: /going home/ })
  expect(await told).toMatchObject({ code: 'link.closed' })
  expect(await far.closed).toEqual({ code: 'link.closed', reason: 'the peer closed the link' })
  expect(near.send(note(2))).toBe(false)
  await expect(near.request(note(1), { reply: Numbered })).rejects.toMatchObject({ code: 'link.closed' })
})

test('what was sent before close still arrives', async () => {
  const { near, far } = await linkPair()
  const received = collect<object>(200, (take) => far.onMessage(take))
  for (let number = 0; number < 200; number += 1) near.send(note(number))
  near.close()
  expect(await received).toHaveLength(200)
})

test('messages that come before anybody listens wait, and come in order', async () => {
  const { near, far } = await linkPair()
  far.onRequest(() => ({ number: 0 }))
  near.send(note(1))
  near.send(note(2))
  await near.request(note(9), { reply: Numbered })
  expect(await collect<object>(2, (take) => far.onMessage(take))).toEqual([note(1), note(2)])
})

test('a peer that sends on and on to nobody is refused', async () => {
  const { near, far, farLog } = await linkPair()
  for (let number = 0; number < 1_025; number += 1) near.send(note(number))
  expect(await far.closed).toMatchObject({ code: 'protocol.violation' })
  expect(await farLog.heard('link.refused')).toMatchObject({ reason: expect.stringContaining('before anybody listened') })
})

test.each([
  ['of an unknown type', { type: 'task.unheard-of' }, /unknown message type "task\.unheard-of"/],
  ['with a wrong field', { type: 'note.made', number: 'seven' }, /note\.made is wrong at number/],
  ['without a type', { number: 7 }, /unknown message type undefined/],
  ['with the name of a prototype as type', { type: 'constructor' }, /unknown message type "constructor"/],
])('a message %s closes the link with a log line that names it', async (_what, message, reason) => {
  const { near, far, farLog } = await linkPair()
  near.send(message)
  expect(await farLog.heard('link.refused')).toMatchObject({ peer: 'near', reason: expect.stringMatching(reason) })
  expect(await far.closed).toMatchObject({ code: 'protocol.violation' })
  expect(await near.closed).toMatchObject({ code: 'link.closed' })
})

test('an answer of the wrong form rejects its request and closes the link', async () => {
  const { near, far, nearLog } = await linkPair()
  far.onRequest(() => ({ number: 'seven' }))
  await expect(near.request(note(1), { reply: Numbered })).rejects.toMatchObject({ code: 'protocol.violation' })
  expect(await nearLog.heard('link.refused')).toMatchObject({ reason: expect.stringMatching(/answer is wrong at number/) })
})

test('a message over the frame limit is refused before it is sent, and the link stays good', async () => {
  const { near, far } = await linkPair({ maxFrameBytes: 70_000 })
  const received = collect<object>(2, (take) => far.onMessage(take))
  const tooBig = expect.objectContaining({ code: 'bad-argument' })
  expect(() => near.send({ type: 'blob.sent', name: 'new shape', bytes: new Uint8Array(70_000) })).toThrow(tooBig)
  expect(() => near.send({ type: 'note.made', number: 1, text: 'x'.repeat(70_000) })).toThrow(tooBig)
  near.send({ type: 'blob.sent', name: 'fits', bytes: Uint8Array.of(1) })
  near.send({ type: 'note.made', number: 1, text: 'x' })
  expect(await received).toMatchObject([{ name: 'fits' }, { text: 'x' }])
})

test('a peer that does not read costs the link, not our memory', async () => {
  const { near, farSocket, far, nearLog } = await linkPair({ maxSendBufferBytes: 1_000_000 })
  farSocket.pause()
  const bytes = new Uint8Array(100_000)
  for (let count = 0; count < 1_000 && !near.isClosed; count += 1) near.send({ type: 'blob.sent', name: 'flood', bytes })
  expect(await near.closed).toMatchObject({ code: 'link.overloaded' })
  expect(await nearLog.heard('link.overloaded')).toMatchObject({ peer: 'far' })
  farSocket.resume()
  await far.closed
})

test('drained resolves when the peer has taken what was sent', async () => {
  const { near, far } = await linkPair()
  far.onMessage(() => {})
  for (let count = 0; count < 20; count += 1) near.send({ type: 'blob.sent', name: 'much', bytes: new Uint8Array(1_000_000) })
  expect(near.sendBufferBytes).toBeGreaterThan(1_000_000)
  await near.drained()
  expect(near.sendBufferBytes).toBe(0)
})

test.each([
  ['an empty frame', encodeFrame(new Uint8Array()), /empty frame/],
  ['an unknown kind', encodeFrame(Uint8Array.of(99)), /unknown frame kind 99/],
  ['a request id cut off', encodeFrame(Uint8Array.of(1, 0)), /too short/],
  ['a ping with something behind it', encodeFrame(Uint8Array.of(5, 1)), /no message/],
  [
    'a table of bytes that lies about its size',
    encodeFrame(Uint8Array.of(0x80, 1, 1, 120, 255, 255, 255, 127, 0xc0)),
    /table of byte fields/,
  ],
  ['a frame over the limit', Uint8Array.of(0, 0, 0, 255), /over the limit/],
])('%s closes the link with a log line', async (_what, bytes, reason) => {
  const { link, stranger, logger } = await linkAgainst()
  stranger.write(bytes)
  expect(await logger.heard('link.refused')).toMatchObject({ peer: 'stranger', reason: expect.stringMatching(reason) })
  expect(await link.closed).toMatchObject({ code: 'protocol.violation' })
})

test('a stream that ends inside a frame is told apart from a clean close', async () => {
  const { link, stranger, logger } = await linkAgainst()
  stranger.end(encodeFrame(Uint8Array.of(5, 5, 5)).subarray(0, 6))
  expect(await link.closed).toMatchObject({ code: 'protocol.violation' })
  expect(await logger.heard('link.refused')).toMatchObject({ reason: 'the stream ended inside a frame' })
})

test('random frames close a link or do nothing; they never throw and never reach a listener', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 1, maxLength: 8 }), async (payloads) => {
      const stream = new PassThrough()
      const link = createLink(stream, { incoming: {}, logger: silentLogger, peer: 'random' })
      link.onMessage(() => expect.fail('no random frame is a message'))
      stream.emit('data', Buffer.concat(payloads.map(encodeFrame)))
      if (!link.isClosed) link.close()
      await link.closed
    }),
    { numRuns: 500 },
  )
})

test('a listener that finds the peer at fault closes the link by throwing a violation', async () => {
  const { near, far, farLog } = await linkPair()
  far.onMessage(() => {
    throw new ClusterError('protocol.violation', 'this node was never leased')
  })
  near.send(note(1))
  expect(await farLog.heard('link.refused')).toMatchObject({ reason: 'this node was never leased' })
  await near.closed
})

test('a link over a socket that is closed already closes', async () => {
  const [near] = await socketPair()
  near.destroy()
  await new Promise((resolve) => near.once('close', resolve))
  expect(await createLink(near, { incoming, logger: silentLogger, peer: 'gone' }).closed).toMatchObject({ code: 'link.closed' })
})
