import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { openConnection } from '#src-main/ssh/open-connection.ts'
import { endTree, noSshServer } from '#test/support/ssh-server.ts'
import { aBed, failureOf } from './bed.ts'

const missing = noSshServer()
const needs = missing ? ` (needs ${missing})` : ''

test.skipIf(missing)(`when the server's process is killed, all that is open hears of it at once${needs}`, async () => {
  await using bed = await aBed()
  const { connection } = bed
  const shell = await connection.openShell({ cols: 80, rows: 24 })
  const tunnel = await connection.openTunnel('127.0.0.1', bed.target.port)
  const tunnelError = new Promise((resolve) => tunnel.once('error', resolve))
  const command = failureOf(connection.exec('sleep 30'))
  await delay(200)

  const began = performance.now()
  for (const pid of bed.server.connections()) endTree(pid)
  expect(await command).toMatchObject({ code: 'ssh.connection-lost' })
  expect(await tunnelError).toMatchObject({ code: 'ssh.connection-lost' })
  expect(await shell.ended).toEqual({ code: null, signal: null })
  expect(await connection.closed).toMatchObject({ code: 'ssh.connection-lost' })
  expect(performance.now() - began).toBeLessThan(1_000)

  expect(await failureOf(connection.exec('true'))).toMatchObject({ code: 'ssh.connection-lost' })
  expect(await failureOf(connection.openTunnel('127.0.0.1', 1))).toMatchObject({ code: 'ssh.connection-lost' })
  expect(await failureOf(connection.openShell({ cols: 1, rows: 1 }))).toMatchObject({ code: 'ssh.connection-lost' })
})

test.skipIf(missing)(`a peer that is frozen is given up by keepalive${needs}`, async () => {
  await using bed = await aBed({}, { timeouts: { keepaliveIntervalMs: 200, keepaliveMisses: 2 } })
  const command = failureOf(bed.connection.exec('sleep 30'))
  await delay(300)
  const frozen = bed.server.connections()
  const began = performance.now()
  for (const pid of frozen) process.kill(pid, 'SIGSTOP')
  const error = await command
  expect(performance.now() - began).toBeLessThan(3_000)
  expect(error).toMatchObject({ code: 'ssh.connection-lost' })
  expect(String(error)).toContain('no sign of life')
  for (const pid of frozen) process.kill(pid, 'SIGCONT')
})

test.skipIf(missing)(`closing on purpose is no failure of the link, and a frozen peer does not hold it up${needs}`, async () => {
  await using bed = await aBed()
  const command = failureOf(bed.connection.exec('sleep 30'))
  await delay(200)
  for (const pid of bed.server.connections()) process.kill(pid, 'SIGSTOP')
  bed.connection.close()
  expect(await bed.connection.closed).toBeNull()
  expect(await command).toMatchObject({ code: 'link.closed' })
  for (const pid of bed.server.connections()) process.kill(pid, 'SIGCONT')
})

test.skipIf(missing)(
  `a connection that is idle stays up by keepalive, and a new one is there in a moment after a cut${needs}`,
  async () => {
    await using bed = await aBed({}, { timeouts: { keepaliveIntervalMs: 100, keepaliveMisses: 2 } })
    await delay(800)
    expect((await bed.connection.exec('echo up')).stdout).toBe('up\n')
    for (const pid of bed.server.connections()) endTree(pid)
    await bed.connection.closed
    const again = await openConnection(bed.target, bed.io)
    expect((await again.exec('echo back')).stdout).toBe('back\n')
    again.close()
  },
)
