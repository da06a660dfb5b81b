import { createServer, type Socket } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { ClusterError } from '#runtime/base/errors.ts'
import { silentLogger } from '#runtime/base/logger.ts'
import { HeadLink, type HeadLinkIo } from '#runtime/node/head-link.ts'
import { NodeRegister } from '#runtime/protocol/nodes.ts'
import { createClusterAuthority } from '#runtime/transport/certificates.ts'
import type { Link } from '#runtime/transport/link.ts'
import { listenTls, type Peer } from '#runtime/transport/listen.ts'
import { registerOf } from '../head/core/builders.ts'
import { anIdentity, nodeA, nodeB } from '../transport/support.ts'

const authority = createClusterAuthority()
const answer = { fenced: false, clusterId: 'c', heartbeatMs: 1_000, deadAfterMs: 10_000 }

/** A port where nobody listens now. */
async function aFreePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address !== null ? address.port : 0
}

/** Takes every agent but for the first so many, until it is closed with all its links. */
async function aHead(port: number, refusals = 0): Promise<{ readonly links: readonly Link[]; close(): void }> {
  const links: Link[] = []
  const onPeer = (_: unknown, peer: Peer) => {
    const link = peer.accept({ incoming: { 'node.register': NodeRegister }, logger: silentLogger })
    links.push(link)
    const isRefused = links.length <= refusals
    link.onRequest(() => {
      if (isRefused) throw new ClusterError('link.overloaded', 'come again')
      return answer
    })
  }
  const listener = await listenTls(
    { host: '127.0.0.1', port, identity: anIdentity(authority, nodeB, 'head') },
    {
      self: { version: 'test' },
      logger: silentLogger,
      onPeer,
    },
  )
  return {
    links,
    close: () => {
      listener.close()
      for (const link of links) link.close()
    },
  }
}

type Seen = { readonly what: 'registered' | 'lost' | 'unreachable'; readonly value: unknown }

function aLink(port: number, more: Partial<HeadLinkIo> = {}) {
  const seen: Seen[] = []
  const waiting: ((one: Seen) => void)[] = []
  const note = (what: Seen['what'], value: unknown) => {
    const one = { what, value }
    const next = waiting.shift()
    if (next) next(one)
    else seen.push(one)
  }
  const link = new HeadLink({
    ...{
      target: { kind: 'tls', host: '127.0.0.1', port },
      nodeId: nodeA,
      version: 'test',
      identity: anIdentity(authority, nodeA, 'agent'),
    },
    ...{ logger: silentLogger, registration: () => registerOf(nodeA), onFenced: () => {}, onMessage: () => {}, onRequest: () => {} },
    onRegistered: (registered) => note('registered', registered),
    onLost: (silentMs) => note('lost', silentMs),
    onUnreachable: (isRefused) => note('unreachable', isRefused),
    ...more,
  })
  onTestFinished(() => link.close())
  const next = (): Promise<Seen> => {
    const [one] = seen.splice(0, 1)
    return one ? Promise.resolve(one) : new Promise((resolve) => waiting.push(resolve))
  }
  return { link, next }
}

it('gives a first start up after some attempts, and that of a node that comes back never', async () => {
  const port = await aFreePort()
  await expect(aLink(port, { firstAttempts: 2 }).link.start()).rejects.toMatchObject({ code: 'link.closed' })
  const { link, next } = aLink(port, { firstAttempts: Number.POSITIVE_INFINITY })
  const starting = link.start()
  await expect(aLink(port, { firstAttempts: 4 }).link.start()).rejects.toMatchObject({ code: 'link.closed' }) // the other one has tried as often
  const head = await aHead(port)
  onTestFinished(() => head.close())
  await starting
  expect(await next()).toEqual({ what: 'registered', value: answer })
})

it('closes a link over which the head did not take it, before it makes another', async () => {
  const port = await aFreePort()
  const head = await aHead(port, 1)
  onTestFinished(() => head.close())
  const { link, next } = aLink(port)
  await link.start()
  expect((await next()).what).toBe('registered')
  expect(head.links).toHaveLength(2)
  await head.links[0]?.closed
  expect(head.links[1]?.isClosed).toBe(false)
})

it('tells a head that has ended, whose machine says so, from one that does not answer', async () => {
  const port = await aFreePort()
  const head = await aHead(port)
  const { link, next } = aLink(port)
  await link.start()
  expect((await next()).what).toBe('registered')
  head.close()
  expect(await next()).toEqual({ what: 'lost', value: 0 })
  expect(await next()).toEqual({ what: 'unreachable', value: true })
  const sockets: Socket[] = []
  const mute = createServer((socket) => sockets.push(socket)) // as a machine whose head hangs
  await new Promise<void>((resolve) => mute.listen(port, '127.0.0.1', resolve))
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    mute.close()
  })
  let last = await next()
  while (last.value === true) last = await next()
  expect(last).toEqual({ what: 'unreachable', value: false })
}, 20_000)
