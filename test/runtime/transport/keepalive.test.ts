import { connect, createServer, type Socket } from 'node:net'
import { expect, onTestFinished, test, vi } from 'vitest'
import { silentLogger } from '#runtime/base/logger.ts'
import { createClusterAuthority } from '#runtime/transport/certificates.ts'
import { dialTls } from '#runtime/transport/dial.ts'
import type { LinkRole } from '#runtime/protocol/hello.ts'
import { networkKeepalive, pingsFor, startKeepalive } from '#runtime/transport/keepalive.ts'
import type { Link } from '#runtime/transport/link.ts'
import { listenTls } from '#runtime/transport/listen.ts'
import { aLogger, anIdentity, deferred, incoming, nodeA, nodeB } from './support.ts'

/** A wire between two machines that can be cut so that neither side gets a FIN or RST. */
async function aWire(port: number): Promise<{ port: number; cut: () => void }> {
  const ends: Socket[] = []
  const server = createServer((near) => {
    const far = connect({ host: '127.0.0.1', port })
    near.pipe(far).on('error', () => {})
    far.pipe(near).on('error', () => {})
    ends.push(near, far)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    for (const end of ends) end.destroy()
    server.close()
  })
  const address = server.address()
  return {
    port: typeof address === 'object' ? (address?.port ?? 0) : 0,
    cut: () => {
      for (const end of ends) end.unpipe().pause()
    },
  }
}

test('a wire that is cut without a sign is noticed by both sides, and not before', async () => {
  const authority = createClusterAuthority()
  const keepalive = { intervalMs: 20, missedLimit: 3 }
  const logger = aLogger()
  const accepted = deferred<Link>()
  const listener = await listenTls(
    { host: '127.0.0.1', port: 0, identity: anIdentity(authority, nodeA, 'head'), keepalive },
    { logger, self: { version: 'test' }, onPeer: (_hello, peer) => accepted.resolve(peer.accept({ incoming, logger })) },
  )
  onTestFinished(() => listener.close())
  const wire = await aWire(listener.port)
  const target = { host: '127.0.0.1', port: wire.port, identity: anIdentity(authority, nodeB), keepalive }
  const near = (await dialTls(target, { hello: { version: 'test', role: 'agent' } })).link({ incoming, logger: silentLogger })
  const far = await accepted.promise

  await new Promise((resolve) => setTimeout(resolve, 300)) // four times what a dead peer would get
  expect([near.isClosed, far.isClosed]).toEqual([false, false])

  wire.cut()
  expect(await near.closed).toMatchObject({ code: 'link.closed', reason: expect.stringMatching(/was silent for \d+ ms/) })
  expect(await far.closed).toMatchObject({ code: 'link.closed' })
  expect(await logger.heard('link.dead')).toMatchObject({ peer: expect.stringContaining(nodeB) })
})

test('between machines a dead peer is noticed within ten seconds', () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] })
  onTestFinished(() => void vi.useRealTimers())
  let pings = 0
  let deadAtMs: number | undefined
  const keepalive = startKeepalive(
    networkKeepalive,
    () => (pings += 1),
    () => (deadAtMs = performance.now() - cutAtMs),
  )
  for (let second = 0; second < 60; second += 1) {
    vi.advanceTimersByTime(1_000)
    keepalive.heard()
  }
  expect(pings).toBe(30)
  const cutAtMs = performance.now()
  vi.advanceTimersByTime(20_000)
  expect(deadAtMs).toBeGreaterThan(4_000)
  expect(deadAtMs).toBeLessThan(10_000)
})

test('time in which this process itself stood still is not held against the peer', () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] })
  onTestFinished(() => void vi.useRealTimers())
  let isDead = false
  startKeepalive(
    { intervalMs: 100, missedLimit: 3 },
    () => {},
    () => (isDead = true),
  )
  vi.advanceTimersByTime(300)
  const realNow = performance.now.bind(performance)
  const stall = vi.spyOn(performance, 'now').mockImplementation(() => realNow() + 60_000)
  vi.advanceTimersByTime(300)
  expect(isDead).toBe(false)
  vi.advanceTimersByTime(200)
  expect(isDead).toBe(true)
  stall.mockRestore()
})

test('a process of the user that computes and answers nothing is not taken for dead', async () => {
  const authority = createClusterAuthority()
  const keepalive = { intervalMs: 20, missedLimit: 3 }
  const logger = aLogger()
  const accepted = deferred<Link>()
  const listener = await listenTls(
    { host: '127.0.0.1', port: 0, identity: anIdentity(authority, nodeA), keepalive },
    { logger, self: { version: 'test' }, onPeer: (_hello, peer) => accepted.resolve(peer.accept({ incoming, logger })) },
  )
  onTestFinished(() => listener.close())
  const wire = await aWire(listener.port)
  const target = { host: '127.0.0.1', port: wire.port, identity: anIdentity(authority, nodeB), keepalive }
  const dialed = await dialTls(target, { hello: { version: 'test', role: 'owner', workerId: nodeB } })
  const far = await accepted.promise
  dialed.raw().pause() // as one whose event loop stands still: bytes come, nobody reads them
  await new Promise((resolve) => setTimeout(resolve, 300)) // four times what a dead peer would get
  expect(far.isClosed).toBe(false)
  dialed.raw().destroy()
  expect(await far.closed).toMatchObject({ code: 'link.closed' })
})

test('pings go to agents and heads, and never to a process of the user', () => {
  const pinged = (role: LinkRole, self: 'dialer' | 'listener') => pingsFor(role, self, networkKeepalive) !== undefined
  expect([pinged('agent', 'dialer'), pinged('agent', 'listener')]).toEqual([true, true])
  expect([pinged('peer-agent', 'dialer'), pinged('peer-agent', 'listener')]).toEqual([true, true])
  expect([pinged('owner', 'dialer'), pinged('owner', 'listener')]).toEqual([true, false])
  expect([pinged('tunnel', 'dialer'), pinged('tunnel', 'listener')]).toEqual([false, true])
})
