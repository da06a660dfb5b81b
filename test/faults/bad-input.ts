import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import type { Duplex } from 'node:stream'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import * as z from 'zod'
import * as shoal from 'shoal'
import { silentLogger } from '#runtime/base/logger.ts'
import { encodeFrame, writeU32 } from '#runtime/protocol/frame.ts'
import { clientRequests, headRequests, toAgentFromClient } from '#runtime/protocol/clients.ts'
import { toAgentFromOwner } from '#runtime/protocol/leases.ts'
import { NodeRegister, toHeadFromAgent } from '#runtime/protocol/nodes.ts'
import { CopiesFree, ObjectRead, toOwnerFromBorrower } from '#runtime/protocol/objects.ts'
import { StoreRequest } from '#runtime/protocol/store.ts'
import { toWorkerFromOwner } from '#runtime/protocol/tasks.ts'
import { obtainIdentity } from '#runtime/node/agent-identity.ts'
import { readIdentity } from '#runtime/session/identity-file.ts'
import { makeSessionFolders, sessionLayout } from '#runtime/session/layout.ts'
import { findRunning, type NodeRecord } from '#runtime/session/session-records.ts'
import { createClusterAuthority, createKeyPair, issueNodeCertificate } from '#runtime/transport/certificates.ts'
import { createLink, type MessageSchemas } from '#runtime/transport/link.ts'
import { check, finish, until } from '../support/checks.ts'
import { startCluster } from '../support/cluster.ts'
import { closedOf, type Door, greet, helloFrame, openTcp, openTls, openUnix, placeOf, visit } from './doors.ts'
import { arbitraryOf } from './message-arbitrary.ts'

/** Printed with a failure by fast-check; set it to run the same inputs again. */
const seed = Number(process.env['SHOAL_SEED'] ?? Date.now() % 1_000_000)
const runs = (numRuns: number) => ({ numRuns, seed, endOnFailure: true })

let ownLog = ''
const toTerminal = process.stderr.write.bind(process.stderr)
process.stderr.write = ((chunk: string | Uint8Array) => {
  ownLog += String(chunk)
  return true
}) as typeof process.stderr.write // the driver's log: it has no file

const cluster = await startCluster({ nodes: [{ cpus: 1 }, { cpus: 1 }] })
const anything = z.unknown()
const scratch = mkdtempSync(join(tmpdir(), 'shoal-stranger-'))
const here = cluster.nodes[0] ?? assert.fail('no node')
const { layout } = here
const agentAddress = findRunning<NodeRecord>(layout.nodeRecord)?.agentAddress ?? assert.fail('no agent')
await shoal.init({ address: cluster.address, tempDir: cluster.tempDir })
const triple = shoal.remote((value: number) => value * 3)
assert.equal(await shoal.get(triple.remote(1)), 3)

const strangerLayout = sessionLayout(scratch)
makeSessionFolders(strangerLayout)
/** A certificate of this cluster whose node never registered. */
const stranger = await obtainIdentity({
  layout: strangerLayout,
  head: { kind: 'tls', ...placeOf(cluster.address) },
  version: 'test',
  joinTokenFile: layout.joinToken,
})
const foreign = foreignIdentity()

const readLog = (name: string) => readFileSync(join(layout.logDir, name), 'utf8')
const workerSocket = (): string => {
  const name = readdirSync(layout.socketDir).find((file) => file.startsWith('w-')) ?? assert.fail('no worker')
  return join(layout.socketDir, name)
}
const driverSocket = join(layout.socketDir, readdirSync(layout.socketDir).find((file) => file.startsWith('d-')) ?? assert.fail('no driver'))
const workerLogs = () =>
  readdirSync(layout.logDir)
    .filter((file) => file.startsWith('worker-'))
    .map(readLog)
    .join('')

const headUnix: Door = { name: "the head's unix socket", open: () => openUnix(layout.headSocket), log: () => readLog('head.log') }
const headTls: Door = { name: "the head's port", open: () => openTls(cluster.address, stranger), log: () => readLog('head.log') }
const agentUnix: Door = { name: "an agent's unix socket", open: () => openUnix(layout.agentSocket), log: () => readLog('agent.log') }
const agentTls: Door = { name: "an agent's port", open: () => openTls(agentAddress, stranger), log: () => readLog('agent.log') }
const worker: Door = { name: "a worker's socket", open: () => openUnix(workerSocket()), log: workerLogs }
const driver: Door = { name: "a driver's socket", open: () => openUnix(driverSocket), log: () => ownLog }
const doors = [headUnix, headTls, agentUnix, agentTls, worker, driver]

const someId = (digit: string) => digit.repeat(56)
const refusedLines = (door: Door): number => door.log().split('"event":"link.refused"').length - 1

/** Runs `attack`, and waits until the process behind the door has logged as many refusals as it was given reasons for. */
async function isLogged(door: Door, attack: () => Promise<unknown>, reason: RegExp, count = 1): Promise<void> {
  const before = door.log().length
  const linesBefore = refusedLines(door)
  await attack()
  await until(`${door.name} logs ${count} refusals`, () => refusedLines(door) >= linesBefore + count, 10_000)
  const fresh = door.log().slice(before)
  assert.match(fresh, reason, `${door.name} logged:\n${fresh}`)
}

/** The same processes still serve. */
const pids = [cluster.headPid, ...cluster.nodes.map((node) => node.pid)]
async function nothingElseHappened(): Promise<void> {
  assert.equal(await shoal.get(triple.remote(5)), 15)
  for (const pid of pids) assert.ok(process.kill(pid, 0))
  const alive = await shoal.nodes()
  assert.equal(alive.filter((node) => node.alive).length, 2)
}

for (const door of doors) {
  await check(`${door.name} drops random bytes and says why`, async () => {
    let visits = 0
    await isLogged(
      door,
      () =>
        fc.assert(
          fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 300 }), async (bytes) => {
            visits += 1
            const { hello } = await visit(door, bytes)
            assert.notEqual(hello?.type, 'hello.accepted')
          }),
          runs(25),
        ),
      /over the limit|before its first frame|not JSON/,
      25,
    )
    assert.equal(visits, 25)
    await nothingElseHappened()
  })

  await check(`${door.name} refuses a first frame over the limit before it has come`, async () => {
    const header = new Uint8Array(8)
    writeU32(header, 0, 64 * 1024 + 1)
    await isLogged(door, () => visit(door, header, { stays: true }), /65537 bytes is over the limit/)
  })

  await check(`${door.name} drops a hello that was cut off`, async () => {
    await isLogged(door, () => visit(door, helloFrame({ role: 'agent' }).subarray(0, 20)), /closed the connection before its first frame/)
  })

  await check(`${door.name} refuses another protocol version by number`, async () => {
    const attack = async () => {
      const { hello } = await visit(door, helloFrame({ role: 'owner', protocol: 99 }), { stays: true })
      assert.equal(hello?.code, 'protocol.version')
      assert.match(hello?.reason ?? '', /99/)
    }
    await isLogged(door, attack, /speaks protocol 99/)
  })

  await check(`${door.name} refuses unknown roles, and those that are not served there`, async () => {
    const attack = async () => {
      const unknown = await visit(door, helloFrame({ role: 'king' }), { stays: true })
      assert.equal(unknown.hello?.code, 'protocol.violation')
      const wrong = door === worker || door === driver ? 'agent' : 'owner'
      const refused = await visit(door, helloFrame({ role: door === agentTls ? 'driver' : wrong, workerId: someId('9') }), { stays: true })
      assert.equal(refused.hello?.type, 'hello.refused')
    }
    await isLogged(door, attack, /unknown role/, 2)
  })
}

for (const [door, address] of [
  [headTls, cluster.address],
  [agentTls, agentAddress],
] as const) {
  await check(`${door.name} drops what is not TLS`, async () => {
    const plain = { ...door, open: () => openTcp(address) }
    await isLogged(
      door,
      () =>
        fc.assert(
          fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 300 }), async (bytes) => void (await visit(plain, bytes))),
          runs(10),
        ),
      /TLS: /,
      10,
    )
    await nothingElseHappened()
  })

  await check(`${door.name} refuses who has no certificate, but for joiners`, async () => {
    const bare = { ...door, open: () => openTls(address) }
    const attack = async () => {
      const { hello } = await visit(bare, helloFrame({ role: 'agent', nodeId: someId('8') }), { stays: true })
      assert.equal(hello?.code, 'auth.refused')
    }
    await isLogged(door, attack, /needs a certificate of this cluster/)
  })

  await check(`${door.name} refuses a certificate of another cluster`, async () => {
    const other = { ...door, open: () => openTls(address, foreign) }
    const attack = async () => {
      const { hello } = await visit(other, helloFrame({ role: 'agent', nodeId: foreign.nodeId }), { stays: true })
      assert.notEqual(hello?.type, 'hello.accepted')
    }
    await isLogged(door, attack, /not of this cluster/)
  })

  await check(`${door.name} refuses a hello in another node's name`, async () => {
    const attack = async () => {
      const { hello } = await visit(door, helloFrame({ role: 'agent', nodeId: here.nodeId }), { stays: true })
      assert.equal(hello?.code, 'auth.refused')
    }
    await isLogged(door, attack, /the certificate is of node/)
  })
}

await check('the head refuses a wrong join token, and the token of another cluster', async () => {
  const bare = { ...headTls, open: () => openTls(cluster.address) }
  const { publicKeyPem } = createKeyPair()
  const attack = async () => {
    for (const token of ['', 'wrong', readFileSync(layout.joinToken, 'utf8').trim().slice(0, -1)]) {
      const { hello } = await visit(bare, helloFrame({ role: 'join', token, details: { publicKey: publicKeyPem } }), { stays: true })
      assert.equal(hello?.code, 'auth.refused', token)
    }
  }
  await isLogged(headTls, attack, /join token is not of this cluster/, 3)
})

await check('the head refuses a joiner whose key is none', async () => {
  const bare = { ...headTls, open: () => openTls(cluster.address) }
  const token = readFileSync(layout.joinToken, 'utf8').trim()
  const attack = async () => {
    for (const details of [{}, { publicKey: 7 }, { publicKey: 'no key' }]) {
      const { hello } = await visit(bare, helloFrame({ role: 'join', token, details }), { stays: true })
      assert.equal(hello?.type, 'hello.refused', JSON.stringify(details))
    }
  }
  await isLogged(headTls, attack, /publicKey|key/, 3)
})

await check('an agent refuses a worker that it did not start', async () => {
  const attack = async () => {
    for (const token of [undefined, '', 'x'.repeat(64)]) {
      const { hello } = await visit(agentUnix, helloFrame({ role: 'worker', workerId: someId('7'), token }), { stays: true })
      assert.equal(hello?.code, 'auth.refused')
    }
  }
  await isLogged(agentUnix, attack, /was not started by this agent/, 3)
})

/** Who is let in, and what may then be said there. */
type Entrance = { readonly door: Door; readonly hello: object; readonly schemas: MessageSchemas; readonly requests: ReadonlySet<string> }
const storeSchemas = Object.fromEntries(StoreRequest.options.map((schema) => [schema.shape.type.value, schema]))
const borrowerRequests = ['object.locate', 'objects.borrow', 'object.missing']
let drivers = 0
const entrances = (): Entrance[] => {
  drivers += 1
  const workerId = drivers.toString(16).padStart(56, '0')
  return [
    {
      door: headUnix,
      hello: { role: 'agent', nodeId: someId('d') },
      schemas: { ...toHeadFromAgent, ...headRequests },
      requests: new Set(Object.keys(headRequests)),
    },
    {
      door: headTls,
      hello: { role: 'agent' },
      schemas: { ...toHeadFromAgent, ...headRequests },
      requests: new Set(Object.keys(headRequests)),
    },
    {
      door: agentUnix,
      hello: { role: 'driver', workerId },
      schemas: { ...toAgentFromClient, ...clientRequests, ...storeSchemas },
      requests: new Set([...Object.keys(clientRequests), ...Object.keys(storeSchemas)]),
    },
    {
      door: agentTls,
      hello: { role: 'peer-agent' },
      schemas: { 'object.read': ObjectRead, 'copies.free': CopiesFree },
      requests: new Set(['object.read']),
    },
    { door: agentTls, hello: { role: 'owner', workerId }, schemas: toAgentFromOwner, requests: new Set() },
    {
      door: worker,
      hello: { role: 'owner', workerId },
      schemas: { ...toWorkerFromOwner, ...toOwnerFromBorrower },
      requests: new Set(borrowerRequests),
    },
    {
      door: driver,
      hello: { role: 'owner', workerId },
      schemas: { ...toWorkerFromOwner, ...toOwnerFromBorrower },
      requests: new Set(borrowerRequests),
    },
  ]
}

for (const [index, { door, hello }] of entrances().entries()) {
  const role = 'role' in hello ? String(hello.role) : ''
  await check(`${door.name} drops a link of role ${role} that turns to garbage`, async () => {
    const attack = () =>
      fc.assert(
        fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 200 }), async (bytes) => {
          const { hello: greeting } = entrances()[index] ?? assert.fail()
          const socket = await greet(door, greeting)
          socket.end(Buffer.concat([encodeFrame(bytes), encodeFrame(Uint8Array.of(99))])) // some bytes mean something: the last frame never does
          await closedOf(socket)
        }),
        runs(15),
      )
    await isLogged(door, attack, /unknown frame kind 99|could not be decoded/, 15)
    await nothingElseHappened()
  })

  await check(`${door.name} refuses messages of role ${role} that have the wrong form, by name`, async () => {
    const wrong = async (message: object) => {
      const { hello: greeting } = entrances()[index] ?? assert.fail()
      const socket = await greet(door, greeting)
      speak(socket).send(message)
      await closedOf(socket)
    }
    await isLogged(door, () => wrong({ type: 'throne.seize' }), /throne\.seize/)
    const { schemas } = entrances()[index] ?? assert.fail()
    const type = Object.keys(schemas).find((name) => !schemas[name]?.safeParse({ type: name }).success) ?? assert.fail()
    await isLogged(door, () => wrong({ type }), new RegExp(`message ${type.replace('.', '\\.')} is wrong`))
  })

  await check(`${door.name} survives messages of role ${role} that make no sense`, async () => {
    const { schemas, requests } = entrances()[index] ?? assert.fail()
    const kinds = Object.keys(schemas).filter((type) => type !== 'node.leaving')
    const message = fc
      .constantFrom(...kinds)
      .chain((type) => arbitraryOf(schemas[type] ?? assert.fail()) as fc.Arbitrary<{ type: string; ownerId?: unknown }>)
    await fc.assert(
      fc.asyncProperty(fc.array(message, { minLength: 1, maxLength: 12 }), async (messages) => {
        const { hello: greeting } = entrances()[index] ?? assert.fail()
        const socket = await greet(door, greeting)
        const link = speak(socket)
        for (const one of messages) {
          if ('ownerId' in one && 'workerId' in greeting) one.ownerId = greeting.workerId // else it would be refused for that alone
          if (requests.has(one.type)) link.request(one, { reply: anything }).catch(() => {})
          else link.send(one)
        }
        await link.drained()
        link.close()
        await closedOf(socket)
      }),
      runs(30),
    )
    await nothingElseHappened()
  })
}

await check('a message in the name of another process ends the link, and its lease stays', async () => {
  const socket = await greet(agentUnix, { role: 'driver', workerId: someId('5') })
  const link = speak(socket)
  await isLogged(
    agentUnix,
    async () => {
      link.send({ type: 'lease.return', leaseId: 'x', ownerId: someId('4'), workerLeaving: true })
      await closedOf(socket)
    },
    /in the name of/,
  )
})

await check('an owner of one node is not taken over from another', async () => {
  const other = readIdentity(cluster.nodes[1]?.layout.identityDir ?? assert.fail())
  const theirs: Door = { ...agentTls, open: () => openTls(agentAddress, other) }
  const owner = await greet(theirs, { role: 'owner', workerId: someId('2') })
  const attack = async () => {
    const { hello } = await visit(agentTls, helloFrame({ role: 'owner', workerId: someId('2') }), { stays: true })
    assert.equal(hello?.code, 'auth.refused')
  }
  await isLogged(agentTls, attack, /came in its name/)
  owner.destroy()
})

await check('a client id that is in use is not given to a second one', async () => {
  const first = await greet(agentUnix, { role: 'driver', workerId: someId('6') })
  await isLogged(
    agentUnix,
    () => visit(agentUnix, helloFrame({ role: 'driver', workerId: someId('6') }), { stays: true }),
    /is connected already/,
  )
  first.destroy()
})

await check('a node that registers and then speaks nonsense is dropped, and the head serves on', async () => {
  const facts = {
    ...{ nodeId: stranger.nodeId, agentAddress: '127.0.0.1:1', hostname: 'x', pid: 1, isHead: false, resources: {}, labels: {} },
    ...{ objectStoreBytes: 0, startedAtMs: 0, nodeName: '', version: 'test' },
  }
  const register = { type: 'node.register', facts, available: {}, actors: [], bundles: [], clients: [] }
  const kinds = Object.keys(toHeadFromAgent).filter((type) => type !== 'node.leaving')
  const message = fc
    .constantFrom(...kinds)
    .chain((type) => arbitraryOf(toHeadFromAgent[type as keyof typeof toHeadFromAgent]) as fc.Arbitrary<object>)
  await fc.assert(
    fc.asyncProperty(arbitraryOf(NodeRegister), fc.array(message, { maxLength: 20 }), async (claims, messages) => {
      const socket = await greet(headTls, { role: 'agent' })
      const link = speak(socket)
      await link.request({ ...(claims as object), ...register, actors: (claims as { actors: unknown }).actors }, { reply: anything })
      for (const one of messages) link.send(one)
      await link.drained()
      link.close()
      await closedOf(socket)
    }),
    runs(15),
  )
  assert.equal(await shoal.get(triple.remote(6)), 18)
  for (const pid of pids) assert.ok(process.kill(pid, 0))
})

await check('a flood of connections that say nothing is bounded, and what is connected goes on', async () => {
  for (const door of [agentUnix, headTls]) {
    const sockets = await Promise.all(
      Array.from({ length: 200 }, () => (door === headTls ? openTcp(cluster.address) : door.open()).catch(() => undefined)),
    )
    await until(`${door.name} turns the flood away`, () => /connections wait to be accepted/.test(door.log()))
    assert.equal(await shoal.get(triple.remote(7)), 21)
    for (const socket of sockets) socket?.destroy()
  }
  await until('strangers are let in again', () =>
    openUnix(layout.agentSocket)
      .then((socket) => socket.destroy())
      .then(() => true),
  )
})

await check('who sends its hello byte by byte is dropped at the time limit', async () => {
  const socket = await agentUnix.open()
  const frame = helloFrame({ role: 'driver', workerId: someId('3') })
  let at = 0
  const drip = setInterval(() => socket.write(frame.subarray(at, ++at)), 400)
  const startedMs = performance.now()
  await isLogged(agentUnix, () => closedOf(socket), /no hello within/)
  clearInterval(drip)
  assert.ok(performance.now() - startedMs < 9_000)
})

await shoal.shutdown()
await cluster.stop()
rmSync(scratch, { recursive: true, force: true })
process.stderr.write = toTerminal
finish()

function speak(socket: Duplex) {
  return createLink(socket, { incoming: {}, logger: silentLogger, peer: 'test' })
}

function foreignIdentity() {
  const authority = createClusterAuthority()
  const { publicKeyPem, privateKeyPem } = createKeyPair()
  const nodeId = readIdentity(layout.identityDir).nodeId
  return {
    nodeId,
    caCertPem: authority.caCertPem,
    certPem: issueNodeCertificate(authority, { nodeId, role: 'agent', publicKeyPem }),
    keyPem: privateKeyPem,
  }
}
