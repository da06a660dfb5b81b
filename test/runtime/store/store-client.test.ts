import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { memoryBackend } from '#runtime/store/segment.ts'
import { collectGarbage, copyUpToBytes } from '#runtime/store/store-client.ts'
import { aChild, aClient, aServer, MB, node20, node24, pattern, put, type NodeBinary } from './support.ts'

const digest = (bytes: Uint8Array): string => createHash('sha1').update(bytes).digest('hex')
const nodes: [string, NodeBinary][] = [['Node 24', node24]]
if (node20) nodes.push(['Node 20', node20])
else console.warn('no Node 20 in the path: the store is tested between processes of Node 24 only')

test('this machine maps memory, so the tests below are about mapped memory', () => {
  expect(memoryBackend()).toBe('mapped')
})

test.each([0, 1, 1_000, copyUpToBytes, copyUpToBytes + 1, 5 * MB])('an object of %i bytes comes back as it was put', async (sizeBytes) => {
  const client = aClient(await aServer())
  const bytes = pattern(sizeBytes, 3)
  await put(client, 'a', bytes)
  const mapped = await client.get('a', { timeoutMs: 0 })
  expect(mapped?.bytes.byteLength).toBe(sizeBytes)
  expect(Buffer.compare(mapped?.bytes ?? new Uint8Array(1), bytes)).toBe(0)
})

test('a get waits for the put of another client, and ends as undefined when none comes', async () => {
  const server = await aServer()
  const waiting = aClient(server, 'reader').get('a', { timeoutMs: 60_000 })
  await put(aClient(server, 'writer'), 'a', pattern(MB, 1))
  expect((await waiting)?.bytes[5]).toBe(pattern(6, 1)[5])
  expect(await aClient(server).get('b', { timeoutMs: 30 })).toBeUndefined()
})

test('a small object pins nothing; a large one is pinned once and mapped once, however many hold it', async () => {
  const server = await aServer()
  const client = aClient(server)
  await put(client, 'small', pattern(1_000, 1))
  await put(client, 'large', pattern(MB, 1))
  await client.get('small', { timeoutMs: 0 })
  expect(server.stats().pinnedBytes).toBe(0)
  const [first, second] = await Promise.all([client.get('large', { timeoutMs: 0 }), client.get('large', { timeoutMs: 0 })])
  const third = client.getHeld('large')
  expect(second?.bytes.buffer).toBe(first?.bytes.buffer)
  expect(third?.bytes.buffer).toBe(first?.bytes.buffer)
  expect(client.stats()).toEqual({ heldObjects: 1, heldBytes: MB })
  first?.release()
  first?.release()
  second?.release()
  expect(server.stats().pinnedBytes).toBe(MB)
  third?.release()
  expect(server.stats().pinnedBytes).toBe(0)
  expect(client.getHeld('large')).toBeUndefined()
})

test('bytes that were released read as zeros, not as the object that gets the room next', async () => {
  const server = await aServer()
  const client = aClient(server)
  await put(client, 'a', new Uint8Array(MB).fill(1))
  const mapped = await client.get('a', { timeoutMs: 0 })
  mapped?.release()
  await client.free(['a'])
  await put(client, 'b', new Uint8Array(MB).fill(2))
  expect(mapped?.bytes[100]).toBe(0)
  expect((await client.get('b', { timeoutMs: 0 }))?.bytes[100]).toBe(2)
})

test('what the writer throws is thrown by put, and leaves room and id for another try', async () => {
  const server = await aServer()
  const client = aClient(server)
  const broken = client.put('a', MB, () => expect.fail('cannot be written'), { primary: true })
  await expect(broken).rejects.toThrow('cannot be written')
  expect(server.stats()).toMatchObject({ usedBytes: 0, objects: 0 })
  await put(client, 'a', pattern(MB, 1))
})

test('a closed client refuses by name, and bytes in hand stay readable', async () => {
  const client = aClient(await aServer())
  await put(client, 'a', new Uint8Array(MB).fill(7))
  const mapped = await client.get('a', { timeoutMs: 0 })
  client.close()
  await expect(client.get('a', { timeoutMs: 0 })).rejects.toMatchObject({ code: 'link.closed' })
  expect(mapped?.bytes[MB - 1]).toBe(7)
})

test('asking for collection releases what this process dropped', async () => {
  const server = await aServer()
  const client = aClient(server)
  await put(client, 'a', pattern(MB, 1))
  await client.get('a', { timeoutMs: 0 })
  expect(server.stats().pinnedBytes).toBe(MB)
  await expect
    .poll(() => {
      collectGarbage()
      return server.stats().pinnedBytes
    })
    .toBe(0)
})

test.each(nodes)('%s reads what this process wrote, and the other way round', async (_name, node) => {
  const server = await aServer()
  const client = aClient(server)
  const child = aChild(server, 'child', { node })
  await put(client, 'mine', pattern(3 * MB, 4))
  expect(await child.run('get', 'mine')).toBe(digest(pattern(3 * MB, 4)))
  const theirs = await child.run('put', 'theirs', 2 * MB + 17, 9)
  const mapped = await client.get('theirs', { timeoutMs: 0 })
  expect(digest(mapped?.bytes ?? new Uint8Array())).toBe(theirs)
})

test.each(nodes)('on %s small objects do without koffi, and large ones load it', async (_name, node) => {
  const server = await aServer()
  const child = aChild(server, 'child', { node })
  await child.run('put', 'small', 50_000, 1)
  await child.run('get', 'small')
  expect(await child.run('isKoffiLoaded')).toBe(false)
  await child.run('put', 'large', MB, 1)
  expect(await child.run('isKoffiLoaded')).toBe(true)
})

test.each(nodes)('writing to the bytes of an object on %s stays private to that process', async (_name, node) => {
  const server = await aServer()
  const client = aClient(server)
  await put(client, 'a', pattern(MB, 1))
  const child = aChild(server, 'child', { node })
  await child.run('get', 'a')
  expect(await child.run('writeTo', 'a', 99)).toBe(digest(new Uint8Array(MB).fill(99)))
  expect(digest((await client.get('a', { timeoutMs: 0 }))?.bytes ?? new Uint8Array())).toBe(digest(pattern(MB, 1)))
})

test.each(nodes)('the buffer of an object cannot be taken away on %s, and the process ends cleanly with it', async (name, node) => {
  const server = await aServer()
  await put(aClient(server), 'a', pattern(MB, 1))
  const child = aChild(server, 'child', { node })
  await child.run('get', 'a')
  const refused = name === 'Node 20' ? { clone: 'worked', moved: 'none' } : { clone: 'DataCloneError', moved: 'TypeError' } // Node 20 copies instead
  expect(await child.run('detach', 'a')).toEqual({ ...refused, bytes: MB, digest: digest(pattern(MB, 1)) })
  child.run('leave').catch(() => {}) // it cannot answer any more
  expect(await child.ended).toBe('0')
})

test.each(nodes)('on %s an object lives as long as any view on it, and is released after collection', async (_name, node) => {
  const server = await aServer()
  await put(aClient(server), 'a', new Uint8Array(new Float64Array(200_000).fill(1.5).buffer))
  const child = aChild(server, 'child', { node })
  await child.run('keepView', 'a')
  await child.run('gc')
  expect(server.stats().pinnedBytes).toBe(1_600_000)
  expect(await child.run('readView', 'a')).toBe(1.5)
  await child.run('dropView', 'a')
  await child.run('gc')
  await expect.poll(() => server.stats().pinnedBytes, { timeout: 20_000, interval: 10 }).toBe(0)
  expect(await child.run('stats')).toEqual({ heldObjects: 0, heldBytes: 0 })
})

test.each(nodes)('a client on %s that is killed loses its pins and what it was writing', async (_name, node) => {
  const server = await aServer()
  await put(aClient(server), 'a', pattern(MB, 1))
  const child = aChild(server, 'child', { node })
  await child.run('get', 'a')
  const writing = new Promise((resolve) =>
    child.process.on('message', (message: { answer?: number }) => message.answer === -1 && resolve(true)),
  )
  await child.run('startWriting', 'half', 2 * MB)
  await writing
  expect(server.stats()).toMatchObject({ pinnedBytes: MB, objects: 2 })
  child.process.kill('SIGKILL')
  expect(await child.ended).toBe('SIGKILL')
  expect(server.stats()).toMatchObject({ pinnedBytes: 0, objects: 1, clients: 0 })
})

test.each(nodes)('a client on %s that cannot map memory uses the same store with plain reads and writes', async (_name, node) => {
  const server = await aServer()
  const client = aClient(server)
  const child = aChild(server, 'child', { node, env: { SHOAL_STORE_BACKEND: 'file' } })
  expect(await child.run('backend')).toBe('file')
  await put(client, 'mine', pattern(MB, 4))
  expect(await child.run('get', 'mine')).toBe(digest(pattern(MB, 4)))
  expect(server.stats().pinnedBytes).toBe(0)
  expect(await child.run('put', 'theirs', MB, 5)).toBe(digest((await client.get('theirs', { timeoutMs: 0 }))?.bytes ?? new Uint8Array()))
})
