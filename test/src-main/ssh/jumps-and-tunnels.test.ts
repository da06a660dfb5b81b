import { createServer, request } from 'node:http'
import { createServer as createTcpServer } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { SshTarget } from '#src-main/ssh/host-connection.ts'
import { openConnection } from '#src-main/ssh/open-connection.ts'
import { endTree, freePort, noSshServer } from '#test/support/ssh-server.ts'
import { type Bed, aBed, failureOf } from './bed.ts'

const missing = noSshServer()
const needs = missing ? ` (needs ${missing})` : ''

/** The first bed's folder keeps the host keys of all. */
const through = (hops: readonly Bed[], last: Bed): SshTarget => ({
  ...last.target,
  name: 'far',
  jump: hops.map((hop, index) => ({ ...hop.target, name: `hop${index}` })),
})

test.skipIf(missing)(`through one jump host and through two, and the hops close with the last${needs}`, async () => {
  await using first = await aBed()
  await using second = await aBed()
  await using third = await aBed()
  for (const hops of [[first], [first, second]]) {
    const connection = await openConnection(through(hops, third), first.io)
    const { stdout } = await connection.exec('echo $SSH_CONNECTION')
    expect(stdout.trim().split(' ')[3]).toBe(String(third.target.port))
    expect(first.server.connections()).toHaveLength(2)
    connection.close()
    await expect.poll(() => [first, second].map((bed) => bed.server.connections().length)).toEqual([1, 1])
  }
})

test.skipIf(missing)(`a jump host that dies takes what is behind it along${needs}`, async () => {
  await using first = await aBed()
  await using last = await aBed()
  const connection = await openConnection(through([first], last), first.io)
  const command = failureOf(connection.exec('sleep 30'))
  await delay(200)
  for (const pid of first.server.connections()) endTree(pid)
  expect(await command).toMatchObject({ code: 'ssh.connection-lost' })
  expect(await connection.closed).toMatchObject({ code: 'ssh.connection-lost' })
})

test.skipIf(missing)(`what does not work behind a jump host names both${needs}`, async () => {
  await using first = await aBed()
  const port = await freePort()
  const nothing = await failureOf(openConnection({ ...through([first], first), port }, first.io))
  expect(nothing).toMatchObject({ code: 'ssh.unreachable', details: { reason: 'jump', via: 'hop0', port } })
  expect(String(nothing)).toMatch(/through the jump host hop0: Connection refused/)
  await expect.poll(() => first.server.connections().length).toBe(1)

  await using closed = await aBed({ config: ['AllowTcpForwarding no'] })
  const forbidden = await failureOf(openConnection(through([closed], first), closed.io))
  expect(String(forbidden)).toContain('AllowTcpForwarding yes')

  const refused = await failureOf(openConnection({ ...through([first], closed), user: 'nobody-here' }, first.io))
  expect(refused).toMatchObject({ code: 'ssh.auth-failed', details: { user: 'nobody-here' } })
  await expect.poll(() => first.server.connections().length).toBe(1)
})

test.skipIf(missing)(`HTTP goes through a tunnel, many connections at once${needs}`, async () => {
  await using bed = await aBed()
  const web = createServer((incoming, answer) => incoming.pipe(answer))
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve))
  const address = web.address()
  const port = address !== null && typeof address !== 'string' ? address.port : 0
  const ask = async (body: Buffer) => {
    const stream = await bed.connection.openTunnel('127.0.0.1', port)
    return new Promise<Buffer>((resolve, reject) => {
      const sent = request({ method: 'POST', createConnection: () => stream, headers: { connection: 'close' } }, (answer) => {
        const chunks: Buffer[] = []
        answer.on('data', (chunk: Buffer) => chunks.push(chunk))
        answer.on('end', () => resolve(Buffer.concat(chunks)))
      })
      sent.on('error', reject)
      sent.end(body)
    })
  }
  const bodies = Array.from({ length: 30 }, (_, index) => Buffer.alloc(100_000, index))
  const answers = await Promise.all(bodies.map((body) => ask(body)))
  expect(answers.map((answer, index) => answer.equals(bodies[index] ?? Buffer.alloc(0)))).toEqual(bodies.map(() => true))
  await new Promise((resolve) => web.close(resolve))
})

test.skipIf(missing)(`a tunnel holds back who sends while nobody reads, and closes the far end when it is destroyed${needs}`, async () => {
  await using bed = await aBed()
  let sent = 0
  let isClosed = false
  const server = createTcpServer((socket) => {
    const more = () => {
      while (socket.writable && sent < 200e6) {
        sent += 65_536
        if (!socket.write(Buffer.alloc(65_536))) break
      }
    }
    socket.on('drain', more)
    socket.on('error', () => {})
    socket.on('close', () => (isClosed = true))
    more()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const tunnel = await bed.connection.openTunnel('127.0.0.1', address !== null && typeof address !== 'string' ? address.port : 0)
  await delay(700)
  const held = sent
  await delay(300)
  expect(sent).toBe(held)
  expect(held).toBeLessThan(60e6)
  tunnel.destroy()
  await expect.poll(() => isClosed).toBe(true)
  await new Promise((resolve) => server.close(resolve))
  expect((await bed.connection.exec('echo on')).stdout).toBe('on\n')
})

test.skipIf(missing)(`a tunnel to where nothing listens is refused by name${needs}`, async () => {
  await using bed = await aBed()
  const port = await freePort()
  const error = await failureOf(bed.connection.openTunnel('127.0.0.1', port))
  expect(error).toMatchObject({ code: 'ssh.tunnel-refused', details: { toHost: '127.0.0.1', toPort: port } })
  expect(String(error)).toContain(`127.0.0.1:${port}: Connection refused`)
})
