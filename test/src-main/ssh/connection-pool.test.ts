import { connect, createServer } from 'node:net'
import { pipeline } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { ConnectionPool, type PoolState } from '#src-main/ssh/connection-pool.ts'
import type { SshTarget } from '#src-main/ssh/host-connection.ts'
import { endTree, freePort, noSshServer } from '#test/support/ssh-server.ts'
import { aBed, answering, deafPort, failureOf } from './bed.ts'

const missing = noSshServer()
const needs = missing ? ` (needs ${missing})` : ''

test.skipIf(missing)(`all who ask for a host share one connection, and a dead one is replaced${needs}`, async () => {
  await using bed = await aBed()
  const states: PoolState[] = []
  const pool = new ConnectionPool({ io: bed.io, onState: ({ state }) => states.push(state) })
  const all = await Promise.all(Array.from({ length: 5 }, (_, index) => pool.get({ ...bed.target, name: `caller ${index}` })))
  expect(new Set(all).size).toBe(1)
  expect(bed.server.connections()).toHaveLength(2) // the bed's own, and this
  expect(await pool.get(bed.target)).toBe(all[0])

  for (const pid of bed.server.connections()) endTree(pid)
  expect(await all[0]?.closed).toMatchObject({ code: 'ssh.connection-lost' })
  const replaced = await pool.get(bed.target)
  expect((await replaced.exec('echo new')).stdout).toBe('new\n')
  expect(states).toEqual(['connecting', 'connected', 'closed', 'connecting', 'connected'])
  pool.close()
  expect(await failureOf(pool.get(bed.target))).toMatchObject({ code: 'link.closed' })
})

test.skipIf(missing)(`many hosts behind one jump host share the connection to it, few of them shake hands at a time${needs}`, async () => {
  await using jump = await aBed()
  await using inner = await aBed()
  const behind = (index: number): SshTarget => ({ ...inner.target, name: `n${index}`, hostKeyAlias: `node-${index}`, jump: [jump.target] })
  let now = 0
  let most = 0
  const { questions } = answering({
    acceptHostKey: async () => {
      now += 1
      most = Math.max(most, now)
      await delay(60)
      now -= 1
      return true
    },
  })
  const pool = new ConnectionPool({ io: { ...jump.io, questions } })
  const connections = await Promise.all(Array.from({ length: 20 }, (_, index) => pool.get(behind(index))))
  expect(jump.server.connections()).toHaveLength(2)
  expect(new Set(connections).size).toBe(20)
  expect(most).toBeGreaterThan(1)
  expect(most).toBeLessThanOrEqual(6)
  expect((await connections[19]?.exec('echo in'))?.stdout).toBe('in\n')
  pool.close()
  await expect.poll(() => [jump.server.connections().length, inner.server.connections().length]).toEqual([1, 1])
})

test.skipIf(missing)(`a person who thinks about one host does not hold up the others${needs}`, async () => {
  await using bed = await aBed()
  const slow = Array.from({ length: 3 }, (_, index): SshTarget => ({ ...bed.target, hostKeyAlias: `slow-${index}` }))
  const { questions } = answering({ acceptHostKey: () => new Promise(() => {}) })
  const pool = new ConnectionPool({ io: { ...bed.io, questions }, maxConnecting: 3 })
  const waiting = slow.map((target) => failureOf(pool.get(target)))
  await delay(100)
  const connection = await pool.get(bed.target)
  expect((await connection.exec('echo through')).stdout).toBe('through\n')
  pool.close()
  for (const error of await Promise.all(waiting)) expect(error).toMatchObject({ code: 'link.closed' })
})

test.skipIf(missing || process.platform !== 'linux')(`hosts that do not answer do not hold up the others${needs}`, async () => {
  await using bed = await aBed()
  await using deaf = await deafPort()
  const pool = new ConnectionPool({ io: bed.io, maxConnecting: 3 })
  const waiting = [0, 1, 2, 3].map((index) => failureOf(pool.get({ ...bed.target, port: deaf.port, hostKeyAlias: `deaf-${index}` })))
  const begunAtMs = performance.now()
  const connection = await pool.get({ ...bed.target, hostKeyAlias: 'last' })
  expect((await connection.exec('echo through')).stdout).toBe('through\n')
  expect(performance.now() - begunAtMs).toBeLessThan(5_000) // they are given up after 8 s
  pool.close()
  for (const error of await Promise.all(waiting)) expect(error).toMatchObject({ code: 'link.closed' })
})

test.skipIf(missing)(`a connection that nobody uses is closed, one in use is not${needs}`, async () => {
  await using bed = await aBed()
  const pool = new ConnectionPool({ io: bed.io, idleMs: 400 })
  const connection = await pool.get(bed.target)
  const [result] = await Promise.all([connection.exec('sleep 1.2; echo done'), delay(1_000)])
  expect(result.stdout).toBe('done\n')
  expect(await connection.closed).toBeNull()
  expect(await pool.get(bed.target)).not.toBe(connection)
  pool.close()
})

test.skipIf(missing)(`one caller who gives up leaves the others to it, and failures are not kept${needs}`, async () => {
  await using bed = await aBed()
  const cancel = new AbortController()
  const { questions } = answering({
    acceptHostKey: () => {
      cancel.abort() // both wait for this handshake by now
      return delay(300, true)
    },
  })
  const states: string[] = []
  const pool = new ConnectionPool({ io: { ...bed.io, questions }, onState: ({ state }) => states.push(state) })
  const target = { ...bed.target, hostKeyAlias: 'other' }
  const first = failureOf(pool.get(target, cancel.signal))
  const second = pool.get(target)
  expect(await first).toMatchObject({ code: 'link.closed' })
  expect((await (await second).exec('echo on')).stdout).toBe('on\n')

  const closed = { ...bed.target, port: await freePort() }
  expect(await failureOf(pool.get(closed))).toMatchObject({ code: 'ssh.unreachable' })
  expect(await failureOf(pool.get(closed))).toMatchObject({ code: 'ssh.unreachable' })
  expect(states.filter((state) => state === 'failed')).toHaveLength(2)

  const alone = new AbortController()
  const last = failureOf(pool.get({ ...bed.target, hostKeyAlias: 'another' }, alone.signal))
  setTimeout(() => alone.abort(), 50)
  expect(await last).toMatchObject({ code: 'link.closed' })
  await expect.poll(() => states.at(-1)).toBe('failed')
  pool.close()
})

test.skipIf(missing || process.platform !== 'linux')(
  `who joins an attempt late does not fail with it when the host has come back since${needs}`,
  async () => {
    await using bed = await aBed()
    const deaf = await deafPort()
    const pool = new ConnectionPool({ io: { ...bed.io, timeouts: { ...bed.io.timeouts, connectMs: 1_900 } } })
    const target = { ...bed.target, port: deaf.port, hostKeyAlias: 'back' }
    const first = pool.get(target).catch(() => {}) // fails, unless this machine is slow
    await delay(1_150) // TCP asks again after 1 s, then after 2 s or 3 s
    const late = pool.get(target)
    await deaf[Symbol.asyncDispose]()
    const back = createServer((socket) => void pipeline(socket, connect(bed.target.port, bed.target.host), socket, () => {}))
    back.listen(deaf.port, '127.0.0.1')
    expect((await (await late).exec('echo back')).stdout).toBe('back\n')
    await first
    pool.close()
    back.close()
  },
)
