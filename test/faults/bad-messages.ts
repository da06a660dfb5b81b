import assert from 'node:assert/strict'
import type { Duplex } from 'node:stream'
import fc from 'fast-check'
import * as z from 'zod'
import * as shoal from 'shoal'
import { silentLogger } from '#runtime/base/logger.ts'
import { clientRequests, headRequests, toAgentFromClient } from '#runtime/protocol/clients.ts'
import { encodeFrame } from '#runtime/protocol/frame.ts'
import { toAgentFromOwner } from '#runtime/protocol/leases.ts'
import { NodeRegister, toHeadFromAgent } from '#runtime/protocol/nodes.ts'
import { CopiesFree, ObjectRead, toOwnerFromBorrower } from '#runtime/protocol/objects.ts'
import { StoreRequest } from '#runtime/protocol/store.ts'
import { toWorkerFromOwner } from '#runtime/protocol/tasks.ts'
import { readIdentity } from '#runtime/session/identity-file.ts'
import { createLink, type MessageSchemas } from '#runtime/transport/link.ts'
import { check, finish } from '../support/checks.ts'
import {
  agentAddress,
  agentTls,
  agentUnix,
  cluster,
  driver,
  endAttack,
  headTls,
  headUnix,
  isLogged,
  nothingElseHappened,
  pids,
  runs,
  someId,
  stranger,
  triple,
  worker,
} from './attacked-cluster.ts'
import { closedOf, type Door, greet, helloFrame, openTls, visit } from './doors.ts'
import { arbitraryOf } from './message-arbitrary.ts'

const anything = z.unknown()

/** Who is let in, and what may then be said there. */
type Entrance = { readonly door: Door; readonly hello: object; readonly schemas: MessageSchemas; readonly requests: ReadonlySet<string> }
const storeSchemas = Object.fromEntries(StoreRequest.options.map((schema) => [schema.unwrap().shape.type.value, schema]))
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
    await isLogged(door, attack, /unknown frame kind|could not be decoded|bytes behind|too short|unknown message type|is wrong at/, 15)
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

await endAttack()
finish()

function speak(socket: Duplex) {
  return createLink(socket, { incoming: {}, logger: silentLogger, peer: 'test' })
}
