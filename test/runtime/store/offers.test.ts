import { silentLogger } from '#runtime/base/logger.ts'
import { createStoreClient, type StoreClient } from '#runtime/store/store-client.ts'
import type { StoreServer, StoreServerOptions } from '#runtime/store/store-server.ts'
import { expect, test } from 'vitest'
import { aServer, MB, pattern, put } from './support.ts'

/** A writer whose sealed objects are offered to a reader, as an agent does it; and what the reader asked the store. */
async function aPair({ offerMs = 60_000, ...options }: Partial<StoreServerOptions> & { offerMs?: number } = {}) {
  const server = await aServer(options)
  const asked: string[] = []
  const connect = (clientId: string, offerTo?: string): StoreClient =>
    createStoreClient({
      request: (message) => {
        if (clientId === 'reader') asked.push(message.type)
        return server.handle(clientId, message, offerTo)
      },
      send: (message) => void server.handle(clientId, message).catch(() => {}), // what is sent needs no answer
      logger: silentLogger,
      offerMs,
    })
  const reader = connect('reader')
  server.onOffered((clientId, { objectId, location }) => {
    if (clientId !== 'reader') return false
    reader.offered(objectId, location)
    return true
  })
  return { server, reader, writer: connect('writer', 'reader'), asked }
}

const isWhole = (bytes: Uint8Array | undefined, seed: number, sizeBytes: number) =>
  bytes !== undefined && Buffer.compare(bytes, pattern(sizeBytes, seed)) === 0

/** Puts new objects until the store has had to make room. */
async function fill(server: StoreServer, writer: StoreClient): Promise<void> {
  for (let count = 0; server.stats().spilledTotalBytes < 32 * MB; count += 1) await put(writer, `filler-${count}`, pattern(8 * MB, count))
}

test('an offered object is there at once, without a word to the store, and its pin goes with the last holder', async () => {
  const { server, reader, writer, asked } = await aPair()
  await put(writer, 'a', pattern(4 * MB, 1))
  expect(server.stats().pinnedBytes).toBe(4 * MB)
  const mapped = reader.getHeld('a')
  const again = reader.getHeld('a')
  expect(isWhole(mapped?.bytes, 1, 4 * MB)).toBe(true)
  expect(again?.bytes.buffer).toBe(mapped?.bytes.buffer)
  expect(asked).toEqual([])
  mapped?.release()
  expect(server.stats().pinnedBytes).toBe(4 * MB)
  again?.release()
  expect(server.stats().pinnedBytes).toBe(0)
})

test('each user of the reader gets bytes of its own from one offer', async () => {
  const { server, reader, writer } = await aPair()
  await put(writer, 'a', pattern(MB, 1))
  const [mine, theirs] = [reader.getHeld('a', {}), reader.getHeld('a', {})]
  mine?.bytes.fill(0)
  expect(isWhole(theirs?.bytes, 1, MB)).toBe(true)
  mine?.release()
  expect(server.stats().pinnedBytes).toBe(MB)
  theirs?.release()
  expect(server.stats().pinnedBytes).toBe(0)
})

test('what is offered stays where it is while the store spills around it', async () => {
  const { server, reader, writer } = await aPair()
  await put(writer, 'a', pattern(8 * MB, 1))
  await fill(server, writer)
  const mapped = reader.getHeld('a')
  expect(isWhole(mapped?.bytes, 1, 8 * MB)).toBe(true)
  mapped?.release()
  await fill(server, writer)
})

test('what is freed between offer and get is read whole, and its room is given to nobody before that', async () => {
  const { server, reader, writer } = await aPair()
  await put(writer, 'a', pattern(8 * MB, 1))
  server.free(['a'])
  await put(writer, 'b', pattern(8 * MB, 2))
  const mapped = reader.getHeld('a')
  expect(isWhole(mapped?.bytes, 1, 8 * MB)).toBe(true)
  const used = server.stats().usedBytes
  mapped?.release()
  expect(server.stats().usedBytes).toBeLessThan(used)
  expect(await reader.get('a', { timeoutMs: 0 })).toBeUndefined()
})

test('an offer that is dropped gives its pin back once, and a get asks the store again', async () => {
  const { server, reader, writer, asked } = await aPair()
  await put(writer, 'a', pattern(MB, 1))
  reader.dropOffer('a')
  reader.dropOffer('a')
  reader.dropOffers()
  expect(server.stats().pinnedBytes).toBe(0)
  expect(reader.getHeld('a')).toBeUndefined()
  const mapped = await reader.get('a', { timeoutMs: 0 })
  expect(asked).toEqual(['store.get'])
  reader.dropOffers() // must not take the pin of the mapping
  expect(server.stats().pinnedBytes).toBe(MB)
  mapped?.release()
})

test('a get that is under way when the offer comes ends with one mapping and one pin', async () => {
  const { server, reader, writer } = await aPair()
  const waiting = reader.get('a', { timeoutMs: 10_000 })
  await put(writer, 'a', pattern(MB, 1))
  const mapped = await waiting
  expect(isWhole(mapped?.bytes, 1, MB)).toBe(true)
  mapped?.release()
  expect(server.stats().pinnedBytes).toBe(0)
})

test('an offer that nobody reads is given back in time', async () => {
  const { server, writer } = await aPair({ offerMs: 20 })
  await put(writer, 'a', pattern(MB, 1))
  await expect.poll(() => server.stats().pinnedBytes, { timeout: 5_000 }).toBe(0)
})

test('no more than a quarter of the store waits unread, small objects are not offered, and one who is gone gets nothing', async () => {
  const { server, reader, writer } = await aPair({ capacityBytes: 64 * MB })
  for (const objectId of ['a', 'b', 'c', 'd', 'e', 'f']) await put(writer, objectId, pattern(4 * MB, 1))
  expect(server.stats().pinnedBytes).toBe(16 * MB)
  server.clientGone('reader')
  expect(server.stats().pinnedBytes).toBe(0)
  await put(writer, 'small', pattern(MB - 1, 1))
  expect(reader.getHeld('small')).toBeUndefined()
  await server.handle('writer', { type: 'store.create', objectId: 'g', sizeBytes: MB, primary: true })
  await server.handle('writer', { type: 'store.seal', objectId: 'g' }, 'nobody')
  expect(server.stats().pinnedBytes).toBe(0)
})
