import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { accessHandlers } from '#src-main/services/access-handlers.ts'
import { KnownHosts } from '#src-main/ssh/known-hosts.ts'

const folder = mkdtempSync(join(tmpdir(), 'shoal-keys-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const keyOf = (byte: number) => Buffer.concat([Buffer.from([0, 0, 0, 11]), Buffer.from('ssh-ed25519'), Buffer.alloc(36, byte)])

test('the key of one host is found by its address and port, though its name is written down hashed', async () => {
  const knownHosts = new KnownHosts({ ownFile: join(folder, 'known_hosts'), otherFiles: [] })
  knownHosts.accept({ host: '10.0.0.1', port: 22 }, keyOf(1))
  knownHosts.accept({ host: '10.0.0.1', port: 2222 }, keyOf(2))
  const nothing = undefined as never // host keys are neither asked about nor secret here
  const handlers = accessHandlers({ knownHosts, desk: nothing, secrets: nothing })
  const context = undefined as never // no part of it is used
  const list = async (input: { host?: string }) => (await handlers['hostKeys.list'](input, context)).map(({ fingerprint }) => fingerprint)
  const [first, second, ...more] = await list({})
  expect(more).toEqual([])
  expect(await list({ host: '10.0.0.1' })).toEqual([first])
  expect(await list({ host: '[10.0.0.1]:2222' })).toEqual([second])
  expect(await list({ host: '10.0.0.2' })).toEqual([])
  expect(await handlers['hostKeys.forget']({ host: '[10.0.0.1]:2222' }, context)).toEqual({ forgotten: 1 })
  expect(await list({})).toEqual([first])
})
