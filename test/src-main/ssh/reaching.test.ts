import { connect, createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { KnownHosts } from '#src-main/ssh/known-hosts.ts'
import { openConnection } from '#src-main/ssh/open-connection.ts'
import { freePort, makeKey, noSshServer, startSshServer } from '#test/support/ssh-server.ts'
import { aBed, anIo, answering, aTarget, deafPort, failureOf, tempFolder } from './bed.ts'

const missing = noSshServer()
const needs = missing ? ` (needs ${missing})` : ''

/** Something that listens, and is no SSH server. */
async function listening(onSocket: (socket: Socket) => void): Promise<AsyncDisposable & { port: number; calls: () => number }> {
  let calls = 0
  const sockets = new Set<Socket>()
  const server: Server = createServer((socket) => {
    calls += 1
    sockets.add(socket)
    socket.on('error', () => {})
    onSocket(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return {
    port: address !== null && typeof address !== 'string' ? address.port : 0,
    calls: () => calls,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

test('a name that does not resolve, a port on which nothing listens, and an address that does not answer are told apart', async () => {
  using folder = tempFolder()
  const unknown = await failureOf(openConnection(aTarget({ port: 22 }, { host: 'no-such-host.invalid' }), anIo(folder)))
  expect(unknown).toMatchObject({ code: 'ssh.unreachable', details: { host: 'no-such-host.invalid', port: 22 } })
  expect(String(unknown)).toMatch(/no-such-host\.invalid:22 is not known/)

  const port = await freePort()
  const refused = await failureOf(openConnection(aTarget({ port }), anIo(folder)))
  expect(refused).toMatchObject({ code: 'ssh.unreachable', details: { reason: 'ECONNREFUSED' } })
  expect(String(refused)).toContain(`127.0.0.1:${port} refused the connection: nothing listens on that port. Check the port`)
})

test.skipIf(process.platform !== 'linux')('an address that answers nothing at all is given up after the time for it', async () => {
  using folder = tempFolder()
  await using deaf = await deafPort()
  const error = await failureOf(openConnection(aTarget(deaf), anIo(folder, { timeouts: { connectMs: 400 } })))
  expect(error).toMatchObject({ code: 'ssh.unreachable', details: { reason: 'timeout' } })
  expect(String(error)).toContain('no connection within 0.4 s')
})

test('a server that is no SSH server is named with what it says', async () => {
  using folder = tempFolder()
  await using web = await listening((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
  const error = await failureOf(openConnection(aTarget(web), anIo(folder)))
  expect(error).toMatchObject({ code: 'ssh.unreachable', details: { reason: 'no-ssh-server' } })
  expect(String(error)).toContain('it says: HTTP/1.1 400 Bad Request')
  expect(web.calls()).toBe(1)
})

test('a port that takes the connection and says nothing is given up after the time for it', async () => {
  using folder = tempFolder()
  await using silent = await listening(() => {})
  const error = await failureOf(openConnection(aTarget(silent), anIo(folder, { timeouts: { handshakeMs: 300 } })))
  expect(error).toMatchObject({ code: 'ssh.unreachable', details: { reason: 'no-ssh-server' } })
  expect(String(error)).toContain('it says nothing')
})

test('a server that hangs up before the handshake is tried four times, and the message names MaxStartups', async () => {
  using folder = tempFolder()
  await using full = await listening((socket) => socket.destroy())
  const error = await failureOf(openConnection(aTarget(full), anIo(folder)))
  expect(full.calls()).toBe(4)
  expect(error).toMatchObject({ code: 'ssh.unreachable', details: { reason: 'handshake' } })
  expect(String(error)).toContain('MaxStartups')
})

test.skipIf(missing)(`a server that drops newcomers is reached by trying again${needs}`, async () => {
  await using bed = await aBed({ config: ['MaxStartups 1'] })
  // A first newcomer that never logs in takes the only place; it leaves after a while.
  const squatter = connect(bed.target.port, '127.0.0.1')
  await new Promise((resolve) => squatter.once('data', resolve))
  setTimeout(() => squatter.destroy(), 150)
  const connection = await openConnection(bed.target, { ...bed.io, timeouts: { retryBaseMs: 200 } })
  connection.close()
  expect(bed.server.log()).toMatch(/MaxStartups|past Max|drop connection/)
})

test.skipIf(missing)(`a server with post-quantum key exchange only: the message says what it offers and what to add${needs}`, async () => {
  using folder = tempFolder()
  await using server = await startSshServer({ config: ['KexAlgorithms sntrup761x25519-sha512@openssh.com'] })
  const error = await failureOf(openConnection(aTarget(server), anIo(folder)))
  expect(error).toMatchObject({ code: 'ssh.incompatible' })
  expect(String(error)).toContain('no key exchange algorithm in common. It offers only: sntrup761x25519-sha512@openssh.com')
  expect(String(error)).toContain('KexAlgorithms +curve25519-sha256')
})

test.skipIf(missing)(`a host key that nobody accepts, and nothing is written down${needs}`, async () => {
  using folder = tempFolder()
  await using server = await startSshServer()
  const { questions, asked } = answering({ acceptHostKey: async () => false })
  const io = anIo(folder, { questions })
  const error = await failureOf(openConnection(aTarget(server), io))
  expect(error).toMatchObject({ code: 'ssh.host-key-unknown', details: { keyType: 'ssh-ed25519' } })
  expect(String(error)).toMatch(/SHA256:[\w+/]{43}/)
  expect(String(error)).toContain('ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub')
  expect(asked).toEqual(['host-key'])
  expect(io.knownHosts.list()).toEqual([])
})

test.skipIf(missing)(`a changed host key stops everything, shows both, and connects again once it is forgotten${needs}`, async () => {
  await using bed = await aBed()
  const [before] = bed.io.knownHosts.list()
  await bed.server.restart({ hostKeys: 'new' })
  const { questions, asked } = answering()
  const io = { ...bed.io, questions }

  const error = await failureOf(openConnection(bed.target, io))
  expect(error).toMatchObject({ code: 'ssh.host-key-changed', details: { keyType: 'ssh-ed25519' } })
  const shown = String(error).match(/SHA256:[\w+/]{43}/g) ?? []
  expect(new Set(shown).size).toBe(2)
  expect(String(error)).toContain(`${before?.file ?? '?'}:1`)
  expect(asked).toEqual([])
  expect(bed.server.log().split('Accepted publickey').length - 1).toBe(1)

  expect(io.knownHosts.forget({ host: '127.0.0.1', port: bed.target.port })).toBe(1)
  const connection = await openConnection(bed.target, io)
  connection.close()
  expect(asked).toEqual(['host-key'])
})

test.skipIf(missing).each(['ed25519', 'ecdsa', 'rsa'] as const)(
  `a host known by its %s key is asked for that one, though it has others${needs}`,
  async (type) => {
    using folder = tempFolder()
    await using server = await startSshServer({ hostKeyTypes: ['ed25519', 'ecdsa', 'rsa'] })
    server.authorize(makeKey(join(folder.path, 'key'), 'ed25519'))
    const io = anIo(folder, { questions: answering({ acceptHostKey: () => Promise.reject(new Error('nobody should ask')) }).questions })
    const [, key = ''] = (server.hostKeys[type] ?? '').split(' ')
    io.knownHosts.accept({ host: '127.0.0.1', port: server.port }, Buffer.from(key, 'base64'))
    const connection = await openConnection(aTarget(server, { keyFiles: [join(folder.path, 'key')] }), io)
    connection.close()
    expect(io.knownHosts.list()).toHaveLength(1)
  },
)

test.skipIf(missing)(`an alias and files of the target's own are used for its host key${needs}`, async () => {
  await using bed = await aBed()
  const io = { ...bed.io, knownHosts: new KnownHosts({ ownFile: join(bed.path, 'none'), otherFiles: [] }) }
  const own = join(bed.path, 'extra')
  const extra = new KnownHosts({ ownFile: own, otherFiles: [] })
  const [, key = ''] = (bed.server.hostKeys['ed25519'] ?? '').split(' ')
  extra.accept({ host: 'gpu-box', port: 22 }, Buffer.from(key, 'base64'))
  const { questions, asked } = answering()
  const connection = await openConnection({ ...bed.target, hostKeyAlias: 'gpu-box', knownHostsFiles: [own] }, { ...io, questions })
  connection.close()
  expect(asked).toEqual([])
})
