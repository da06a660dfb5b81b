import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import * as shoal from 'shoal'
import { writeU32 } from '#runtime/protocol/frame.ts'
import { createKeyPair } from '#runtime/transport/certificates.ts'
import { check, finish, until } from '../support/checks.ts'
import {
  agentAddress,
  agentTls,
  agentUnix,
  cluster,
  doors,
  driver,
  endAttack,
  foreign,
  headTls,
  here,
  isLogged,
  layout,
  nothingElseHappened,
  runs,
  someId,
  triple,
  worker,
} from './attacked-cluster.ts'
import { closedOf, helloFrame, openTcp, openTls, openUnix, visit } from './doors.ts'

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

await endAttack()
finish()
