import { existsSync } from 'node:fs'
import { open, readdir, readFile, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { RemovedObject } from '#runtime/store/store-shell.ts'
import { aClient, aFolder, aServer, aSmallFileSystem, isRoot, MB, pattern, put } from './support.ts'

if (!isRoot) console.warn('not root: the tests of full file systems are skipped, as they mount small ones')

const read = async (client: ReturnType<typeof aClient>, objectId: string): Promise<Uint8Array> => {
  const mapped = await client.get(objectId, { timeoutMs: 10_000 })
  if (!mapped) throw new Error(`${objectId} is missing`)
  const copy = Uint8Array.from(mapped.bytes)
  mapped.release()
  return copy
}

test('more than fits in memory goes to disk and comes back the same', async () => {
  const server = await aServer({ capacityBytes: 20 * MB, limits: { growStepBytes: 4 * MB, spillBatchBytes: 5 * MB } })
  const client = aClient(server)
  const ids = Array.from({ length: 30 }, (_, index) => `object-${index}`)
  for (const [index, id] of ids.entries()) await put(client, id, pattern(1.5 * MB + index, index))
  expect(server.stats().spilledBytes).toBeGreaterThan(20 * MB)
  for (const [index, id] of ids.entries()) expect(Buffer.compare(await read(client, id), pattern(1.5 * MB + index, index))).toBe(0)
  expect(server.stats().restoredTotalBytes).toBeGreaterThan(20 * MB)
  await client.free(ids)
  await expect.poll(() => server.stats()).toMatchObject({ objects: 0, usedBytes: 0, spilledBytes: 0, spillFiles: 0, spillFileBytes: 0 })
})

test('a full store with everything pinned fails a put by name, with who pins what, and asks clients to collect', async () => {
  let collections = 0
  const server = await aServer({ capacityBytes: 8 * MB, requestGc: () => (collections += 1) })
  const client = aClient(server, 'greedy')
  await put(client, 'a', pattern(5 * MB, 1))
  const mapped = await client.get('a', { timeoutMs: 0 })
  const failed = put(client, 'b', pattern(5 * MB, 2), { timeoutMs: 100 })
  await expect(failed).rejects.toMatchObject({
    code: 'store.full',
    details: { topPinner: 'greedy', topPinnerBytes: 5 * MB, sizeBytes: 5 * MB },
  })
  await expect(failed).rejects.toThrow(/no room for object b of 5\.0 MB.*most by greedy 5\.0 MB/)
  expect(collections).toBe(1)
  mapped?.release()
  await put(client, 'b', pattern(5 * MB, 2))
})

test('a put that waits for room gets it when a reader lets go', async () => {
  const server = await aServer({ capacityBytes: 8 * MB })
  const client = aClient(server)
  await put(client, 'a', pattern(5 * MB, 1), { primary: false })
  const mapped = await client.get('a', { timeoutMs: 0 })
  const waiting = put(client, 'b', pattern(5 * MB, 2))
  await expect.poll(() => server.stats().waiting).toBe(1)
  mapped?.release()
  await waiting
  expect(server.contains('a')).toBe(false)
})

test.skipIf(!isRoot)('a memory file system that is smaller than it said ends in a named error, not in a signal', async () => {
  const memoryRoot = await aSmallFileSystem(8)
  const server = await aServer({ memoryRoot, capacityBytes: 7 * MB, limits: { growStepBytes: 2 * MB } })
  const filler = await open(join(memoryRoot, 'of-somebody-else'), 'w')
  await filler.write(new Uint8Array(4 * MB))
  await filler.close()
  const client = aClient(server, 'reader')
  await put(client, 'a', pattern(2 * MB, 1))
  const mapped = await client.get('a', { timeoutMs: 0 })
  const failed = put(client, 'b', pattern(4 * MB, 2), { timeoutMs: 100 })
  await expect(failed).rejects.toMatchObject({ code: 'store.full' })
  await expect(failed).rejects.toThrow(/memory could not grow: the file system of .* has no room/)
  expect(Buffer.compare(mapped?.bytes ?? new Uint8Array(), pattern(2 * MB, 1))).toBe(0)
})

test.skipIf(!isRoot)('a store larger than its memory file system lies on disk instead', async () => {
  const memoryRoot = await aSmallFileSystem(8)
  const spillRoot = await aFolder()
  const server = await aServer({ memoryRoot, spillRoot, capacityBytes: 20 * MB })
  expect(server.directory.startsWith(spillRoot)).toBe(true)
  const client = aClient(server)
  await put(client, 'a', pattern(9 * MB, 1))
  expect(Buffer.compare(await read(client, 'a'), pattern(9 * MB, 1))).toBe(0)
})

test.skipIf(!isRoot)('a full spill disk ends in a named error, and what exists stays readable', async () => {
  const spillRoot = await aSmallFileSystem(8)
  const server = await aServer({ spillRoot, capacityBytes: 10 * MB, limits: { spillAbove: 1, spillTo: 1, spillBatchBytes: 4 * MB } })
  const client = aClient(server)
  const stored: string[] = []
  const fill = async () => {
    for (let index = 0; index < 10; index += 1) {
      await put(client, `object-${index}`, pattern(3 * MB, index), { timeoutMs: 300 })
      stored.push(`object-${index}`)
    }
  }
  await expect(fill()).rejects.toMatchObject({ code: 'store.disk-full' })
  expect(server.stats().spilledBytes).toBeGreaterThan(0)
  const inMemory = await client.get(stored.at(-1) ?? '', { timeoutMs: 0 })
  expect(inMemory?.bytes.byteLength).toBe(3 * MB)
  inMemory?.release()
  await client.free(['object-1', 'object-2', 'object-3'])
  expect(Buffer.compare(await read(client, 'object-0'), pattern(3 * MB, 0))).toBe(0)
  const { bavail, blocks } = await statfs(spillRoot)
  expect(bavail).toBeGreaterThan(blocks * 0.04)
})

test('a damaged spill file is told by name, once; then the object is missing and can be put again', async () => {
  const spillRoot = await aFolder()
  const server = await aServer({ spillRoot, capacityBytes: 8 * MB, limits: { spillAbove: 0.3, spillTo: 0.1 } })
  const removed: RemovedObject[] = []
  server.onRemoved((object) => removed.push(object))
  const client = aClient(server)
  await put(client, 'a', pattern(3 * MB, 1))
  await expect.poll(() => server.stats().spilledBytes).toBe(3 * MB)
  const [folder] = await readdir(spillRoot)
  const file = await open(join(spillRoot, folder ?? '', 'spill-1'), 'r+')
  await file.write(new Uint8Array([1, 2, 3]), 0, 3, MB)
  await file.close()
  await expect(client.get('a', { timeoutMs: 10_000 })).rejects.toMatchObject({ code: 'store.corrupt' })
  expect(removed).toEqual([{ objectId: 'a', reason: 'corrupt' }])
  expect(await client.get('a', { timeoutMs: 0 })).toBeUndefined()
  await put(client, 'a', pattern(3 * MB, 1))
})

test('an object goes to another store in pieces, as a secondary copy that is dropped before a primary is spilled', async () => {
  const [from, to] = [await aServer(), await aServer({ capacityBytes: 8 * MB })]
  await put(aClient(from), 'a', pattern(5 * MB, 1))
  const removed: RemovedObject[] = []
  to.onRemoved((object) => removed.push(object))
  const reader = await from.openRead('a')
  const incoming = await to.createIncoming('a', reader?.sizeBytes ?? 0)
  for (let at = 0; at < 5 * MB; at += MB) incoming?.write(at, reader?.read(at, MB) ?? new Uint8Array())
  expect(to.contains('a')).toBe(false)
  await incoming?.seal()
  reader?.release()
  reader?.release()
  expect(from.stats().pinnedBytes).toBe(0)
  expect(to.contains('a')).toBe(true)
  expect(Buffer.compare(await read(aClient(to), 'a'), pattern(5 * MB, 1))).toBe(0)
  expect(await to.createIncoming('a', 5 * MB)).toBeUndefined()
  await put(aClient(to), 'b', pattern(5 * MB, 2))
  expect(removed).toEqual([{ objectId: 'a', reason: 'evicted' }])
  expect(to.stats().spilledTotalBytes).toBe(0)
})

test('two transfers of one object: the second waits and finds it here; after an abort it takes over', async () => {
  const server = await aServer()
  const first = await server.createIncoming('a', MB)
  const second = server.createIncoming('a', MB)
  first?.abort()
  const taken = await second
  taken?.write(0, pattern(MB, 1))
  const third = server.createIncoming('a', MB)
  await taken?.seal()
  expect(await third).toBeUndefined()
})

test('a transfer of what is not here is refused without waiting', async () => {
  expect(await (await aServer()).openRead('a')).toBeUndefined()
})

test('a message that no client sends is refused by name', async () => {
  const server = await aServer()
  await expect(server.handle('w1', { type: 'store.create', objectId: 'a', sizeBytes: -1, primary: true })).rejects.toMatchObject({
    code: 'protocol.violation',
  })
  await expect(server.handle('w1', { type: 'store.steal' })).rejects.toMatchObject({ code: 'protocol.violation' })
})

test('memory that is no longer used goes back to the system', async () => {
  const server = await aServer({ limits: { keepWarmBytes: 0, idleMs: 0, growStepBytes: 16 * MB } })
  const client = aClient(server)
  const blocks = async () => (await stat(join(server.directory, 'segment-0'))).blocks
  await put(client, 'a', pattern(10 * MB, 1))
  expect(await blocks()).toBeGreaterThan(10_000)
  await client.free(['a'])
  await expect.poll(blocks, { timeout: 20_000 }).toBe(0)
  await put(client, 'b', pattern(10 * MB, 2))
  expect(Buffer.compare(await read(client, 'b'), pattern(10 * MB, 2))).toBe(0)
})

test('files are for this user only, and closing removes them and refuses who waits', async () => {
  const spillRoot = await aFolder()
  const server = await aServer({ spillRoot })
  await put(aClient(server), 'a', pattern(MB, 1))
  expect((await stat(server.directory)).mode & 0o777).toBe(0o700)
  expect((await stat(join(server.directory, 'segment-0'))).mode & 0o777).toBe(0o600)
  expect(JSON.parse(await readFile(join(server.directory, 'owner.json'), 'utf8'))).toMatchObject({ pid: process.pid })
  const waiting = aClient(server).get('never', { timeoutMs: 60_000 })
  await Promise.all([expect(waiting).rejects.toMatchObject({ code: 'link.closed' }), server.close()])
  expect(existsSync(server.directory)).toBe(false)
  expect(await readdir(spillRoot)).toEqual([])
})

test('the store keeps to its event loop while it grows: a timer is not held up', async () => {
  const server = await aServer({ capacityBytes: 256 * MB, limits: { growStepBytes: 200 * MB } })
  const room = server.handle('w1', { type: 'store.create', objectId: 'a', sizeBytes: 190 * MB, primary: true })
  let turns = 0
  const count = () => {
    turns += 1
    timer = setImmediate(count)
  }
  let timer = setImmediate(count)
  await room
  clearImmediate(timer)
  expect(turns).toBeGreaterThan(20)
})
