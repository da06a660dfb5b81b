import { existsSync, readFileSync, statSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { ActorChanged, ActorCreated } from '#runtime/protocol/actors.ts'
import { JobRegistered, KvGetReply, KvPutReply } from '#runtime/protocol/clients.ts'
import { EventsReadReply } from '#runtime/protocol/events.ts'
import { NodeRegistered } from '#runtime/protocol/nodes.ts'
import { createKeyPair } from '#runtime/transport/certificates.ts'
import { dialTls, dialUnix } from '#runtime/transport/dial.ts'
import { actorIdOf, actorSpec, addressOf, nodeIdOf, registerOf, workerIdOf } from './core/builders.ts'
import { aFolder, agentLink, joinLocally, startHead, type HeadProcess } from './head-process.ts'

const n1 = nodeIdOf(1)
const a1 = actorIdOf(1)
const clients = { clients: [{ workerId: workerIdOf(1), jobId: null }] }
const createActor = { type: 'actor.create', spec: actorSpec(a1, { name: 'counter' }), getIfExists: false }
const started = { type: 'actor.started', actorId: a1, restarts: 0, attempt: 1, address: addressOf(n1, 'ee'), devices: {} }

describe('the process', () => {
  test('says that it is ready, leaves its record, and takes it away when it is told to stop', async () => {
    const head = await startHead(aFolder())
    expect(head).toMatchObject({ word: 'ready', facts: { port: 0, address: '', pid: head.child.pid } })
    expect(JSON.parse(readFileSync(head.layout.headRecord, 'utf8'))).toMatchObject({
      clusterId: head.facts['clusterId'],
      pid: head.child.pid,
    })
    expect(existsSync(head.layout.authorityKey)).toBe(false) // nobody can join over the network: nothing to sign
    expect(await head.end('SIGTERM')).toEqual({ code: 0, signal: null })
    expect([existsSync(head.layout.headRecord), existsSync(head.layout.headSocket)]).toEqual([false, false])
  })
  test('refuses to start beside another head, naming its pid', async () => {
    const folder = aFolder()
    const head = await startHead(folder)
    const second = await startHead(folder)
    expect(second).toMatchObject({
      word: 'failed',
      facts: { code: 'cluster.start-failed', message: expect.stringContaining(`process ${head.child.pid}`) },
    })
  })
  test('refuses settings that it does not know', async () => {
    const head = await startHead(aFolder(), ['--config', '{"deadAfter":5}'])
    expect(head).toMatchObject({ word: 'failed', facts: { code: 'bad-argument', message: expect.stringContaining('deadAfter') } })
  })
  test('ends with its parent when it is bound to it', async () => {
    const head = await startHead(aFolder(), ['--parent-pipe'])
    const ended = new Promise((resolve) => head.child.once('exit', resolve))
    head.child.stdin?.end()
    expect(await ended).toBe(0)
  })
})

describe('agents on its own machine', () => {
  test('an actor goes from a request to a life that its watchers hear of', async () => {
    const head = await startHead(aFolder())
    const { link, next } = await joinLocally(head, n1, clients)
    expect((await next('cluster.changed')).nodes).toMatchObject([{ state: 'alive', facts: { nodeId: n1 } }])
    expect(await link.request(createActor, { reply: ActorCreated })).toEqual({ actorId: a1, existing: null })
    expect(await next('actor.start')).toMatchObject({ restarts: 0, spec: { actorId: a1, args: Buffer.alloc(8) } })
    expect(await link.request({ type: 'actor.watch', actorId: a1 }, { reply: ActorChanged })).toMatchObject({ status: { kind: 'pending' } })
    link.send(started)
    expect(await next('actor.changed')).toMatchObject({ status: { kind: 'alive', restarts: 0 } })
  })
  test('a failure of the core reaches the asker under its own code', async () => {
    const { link } = await joinLocally(await startHead(aFolder()), n1)
    await expect(link.request({ type: 'actor.find', name: 'x', namespace: 'y' }, { reply: z.unknown() })).rejects.toMatchObject({
      code: 'actor.not-found',
    })
  })
  test('a node cannot register as another', async () => {
    const head = await startHead(aFolder())
    const { link } = agentLink(await dialUnix(head.layout.headSocket, { hello: { version: 'test', role: 'agent', nodeId: n1 } }))
    await expect(link.request(registerOf(nodeIdOf(2)), { reply: NodeRegistered })).rejects.toMatchObject({ code: 'auth.refused' })
  })
  test('workers and owners are turned away', async () => {
    const head = await startHead(aFolder())
    await expect(dialUnix(head.layout.headSocket, { hello: { version: 'test', role: 'owner' } })).rejects.toMatchObject({
      code: 'auth.refused',
    })
  })
  test('values and events are kept and given back', async () => {
    const { link } = await joinLocally(await startHead(aFolder()), n1)
    const value = new Uint8Array(200_000).fill(7)
    expect(await link.request({ type: 'kv.put', key: 'function:1', value, overwrite: false }, { reply: KvPutReply })).toEqual({
      added: true,
    })
    const got = await link.request({ type: 'kv.get', key: 'function:1' }, { reply: KvGetReply })
    expect(Buffer.from(got.value ?? []).equals(value)).toBe(true)
    expect(await link.request({ type: 'kv.get', key: 'nothing' }, { reply: KvGetReply })).toEqual({ value: null })
    const batch = { nodeId: n1, workerId: workerIdOf(1), pid: 1, count: 3, dropped: 0, firstMs: 1, lastMs: 2, packed: new Uint8Array(99) }
    link.send({ type: 'events.batch', ...batch })
    const read = { type: 'events.read', maxBytes: 1_000, beforeId: 0 }
    expect((await link.request(read, { reply: EventsReadReply })).batches).toMatchObject([{ count: 3, packed: Buffer.alloc(99) }])
  })
})

describe('after kill -9', () => {
  test('a head in the same folder is the same cluster, and what ran lives on', async () => {
    const folder = aFolder()
    const head = await startHead(folder)
    const agent = await joinLocally(head, n1, clients)
    const job = { type: 'job.register', driverId: workerIdOf(1), pid: 1, entrypoint: 'x', namespace: null }
    expect(await agent.link.request(job, { reply: JobRegistered })).toMatchObject({ jobId: '00000001' })
    await agent.link.request(createActor, { reply: ActorCreated })
    await agent.next('actor.start')
    await agent.link.request({ type: 'actor.watch', actorId: a1 }, { reply: ActorChanged })
    agent.link.send(started)
    const { version } = await agent.next('actor.changed')
    await agent.link.request({ type: 'kv.put', key: 'k', value: new Uint8Array([1]), overwrite: true }, { reply: KvPutReply })
    await head.end('SIGKILL')
    await agent.link.closed
    const again = await startHead(folder)
    expect(again.facts['clusterId']).toBe(head.facts['clusterId'])
    const { link } = await joinLocally(again, n1, {
      ...clients,
      actors: [{ actorId: a1, restarts: 0, attempt: 1, address: started.address }],
    })
    const seen = await link.request({ type: 'actor.watch', actorId: a1 }, { reply: ActorChanged })
    expect(seen).toMatchObject({ status: { kind: 'alive', restarts: 0 } })
    expect(seen.version).toBeGreaterThanOrEqual(version)
    expect(await link.request({ ...job, driverId: workerIdOf(2) }, { reply: JobRegistered })).toMatchObject({ jobId: '00000002' })
    expect(await link.request({ type: 'kv.get', key: 'k' }, { reply: KvGetReply })).toEqual({ value: Buffer.from([1]) })
  })
})

describe('other machines', () => {
  const atPort = (head: HeadProcess) => ({ host: '127.0.0.1', port: Number(head.facts['port']) })
  const tokenOf = (head: HeadProcess) => readFileSync(head.layout.joinToken, 'utf8').trim()

  async function admitted(head: HeadProcess) {
    const { publicKeyPem, privateKeyPem } = createKeyPair()
    const dialed = await dialTls(
      { ...atPort(head), joinToken: tokenOf(head) },
      { hello: { version: 'test', role: 'join', details: { publicKey: publicKeyPem } } },
    )
    dialed.raw().destroy()
    const { nodeId = '', details = {} } = dialed.answer
    return { nodeId, caCertPem: String(details['authority']), certPem: String(details['certificate']), keyPem: privateKeyPem }
  }

  test('who has the token gets a certificate and joins with it; the next head on this folder takes the same port and certificate', async () => {
    const folder = aFolder()
    const head = await startHead(folder, ['--listen', '127.0.0.1:0'])
    expect(statSync(head.layout.joinToken).mode & 0o777).toBe(0o600)
    expect(statSync(head.layout.authorityKey).mode & 0o777).toBe(0o600)
    const identity = await admitted(head)
    const hello = { version: 'test', role: 'agent' as const, nodeId: identity.nodeId }
    const join = async (to: HeadProcess) => {
      const { link } = agentLink(await dialTls({ ...atPort(to), identity }, { hello }))
      return { link, answer: await link.request(registerOf(identity.nodeId), { reply: NodeRegistered }) }
    }
    const { link, answer } = await join(head)
    expect(answer).toMatchObject({ fenced: false, clusterId: head.facts['clusterId'] })
    await head.end('SIGKILL')
    await link.closed
    const again = await startHead(folder, ['--listen', '127.0.0.1:0'])
    expect(again.facts['port']).toBe(head.facts['port'])
    expect((await join(again)).answer).toMatchObject({ fenced: false, clusterId: head.facts['clusterId'] })
  })
  test('a wrong token is refused, with a line in the log', async () => {
    const head = await startHead(aFolder(), ['--listen', '127.0.0.1:0'])
    const wrong = `${tokenOf(head).slice(0, -10)}AAAAAAAAAA`
    const { publicKeyPem } = createKeyPair()
    const hello = { version: 'test', role: 'join' as const, details: { publicKey: publicKeyPem } }
    await expect(dialTls({ ...atPort(head), joinToken: wrong }, { hello })).rejects.toMatchObject({ code: 'auth.refused' })
    expect(await head.logged('link.refused')).toMatchObject({ code: 'auth.refused' })
  })
  test('this machine joins by its socket, without a token', async () => {
    const head = await startHead(aFolder(), ['--listen', '127.0.0.1:0'])
    const { publicKeyPem } = createKeyPair()
    const dialed = await dialUnix(head.layout.headSocket, {
      hello: { version: 'test', role: 'join', details: { publicKey: publicKeyPem } },
    })
    dialed.raw().destroy()
    expect(dialed.answer).toMatchObject({
      nodeId: expect.stringMatching(/^[0-9a-f]{56}$/),
      details: { certificate: expect.stringContaining('BEGIN') },
    })
  })
})
