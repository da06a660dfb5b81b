import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Finding } from '#src-main/contract/machines.ts'
import { type Bed, createBed, whyNoBed } from '#test/support/bed/bed.ts'
import { acceptKeys, ended, openTestPanel, specOfHost, storyOf, type TestPanel, until } from '#test/support/panel.ts'
import { ensurePayload } from '#test/support/payload.ts'
import { endOf, runOf } from './support.ts'

const missing = whyNoBed()
const right = 'correct horse'
const hourMs = 3_600_000

/** In the order in which they are named; the head first. */
const hosts = [
  { name: 'head' },
  { name: 'good' },
  { name: 'noshm', noShm: true },
  { name: 'late', clockOffMs: -hourMs },
  { name: 'walled' },
  { name: 'down' },
  { name: 'nokey', refuseKey: true },
  { name: 'pass', password: right },
  { name: 'changed' },
  { name: 'full', fullDisk: true },
  { name: 'fixed', readOnlyHome: true },
  { name: 'noexec', noexecHome: true },
  { name: 'alpine', musl: true },
  { name: 'odd', arch: 'riscv64' },
]
const workers = hosts.slice(1).map(({ name }) => name)

/** What keeps each out, by the id of its line in the table: words of the cause, then of the remedy. */
const blocked: Record<string, [id: string, cause: RegExp, remedy: RegExp]> = {
  down: ['ssh.unreachable', /no route to it|does not answer/, /machine is on/],
  nokey: ['ssh.auth-failed', /refused every key/, /authorized_keys.*ssh-copy-id/],
  pass: ['ssh.auth-failed', /refused the password/, /user is right|Check user name and password/],
  changed: [
    'ssh.host-key-changed',
    /another host key than before.*SHA256:.*SHA256:/,
    /fingerprint.*only if it is the new one, forget the old/,
  ],
  full: ['disk.full', /free in \/home\/user\/\.shoal; .* are needed/, /Free some space.*shoal machine set full --folder/],
  fixed: ['folder.not-writable', /read-only/, /Make it writable, or .*--folder/],
  noexec: ['folder.noexec', /mounted with noexec/, /--folder.*without noexec/],
  alpine: ['libc.musl', /musl 1\.2\.4; our Node needs glibc/, /Use a system with glibc/],
  odd: ['arch.unsupported', /uname -m says riscv64/, /Use another machine/],
}

/** One story, told in order: each part stands on the one before. */
describe.skipIf(missing !== undefined)(`machines that are unfit${missing === undefined ? '' : ` (needs ${missing})`}`, () => {
  let bed: Bed
  let panel: TestPanel
  let password = 'wrong'
  let acceptsKeys = true
  let operationId: string
  const call: TestPanel['host']['call'] = (...args) => panel.host.call(...args)

  beforeAll(async () => {
    const payloadFolder = await ensurePayload()
    bed = await createBed({ hosts })
    panel = await openTestPanel({
      payloadFolder,
      isWatching: true,
      answer: (question) => {
        if (question.kind === 'password') return { kind: 'secret', secret: password, keep: false }
        return acceptsKeys ? acceptKeys(question) : { kind: 'refuse' }
      },
    })
  }, 180_000)
  afterAll(async () => {
    await panel?.dispose()
    await bed?.close()
  }, 60_000)

  const blockersOf = (findings: readonly Finding[]) => findings.filter(({ level }) => level === 'blocker')
  const ids = async () => Object.fromEntries((await call('machines.list', {})).map(({ name, id }) => [name, id]))
  const spec = async () => {
    const byName = await ids()
    return { name: 'sick', head: byName['head'] ?? '', workers: workers.map((name) => byName[name] ?? '') }
  }
  const alive = async () => {
    const { body } = await call('api.read', { cluster: 'sick', route: 'pageNodes', query: { detail: true } })
    const { rows } = body as { rows: { node_name: string; state: string }[] } // as runtime/api has it
    return rows.flatMap(({ node_name: name, state }) => (state === 'ALIVE' ? [name] : [])).toSorted()
  }

  test('the check of many gives each its line with cause and remedy, and those that are well do not wait for the others', async () => {
    await call('machines.add', { machines: bed.hosts.map((host) => specOfHost(bed, host)) })
    await call('machines.check', { machines: ['down', 'changed'] }) // so that both are known from before
    await bed.host('down').powerOff()
    bed.host('changed').changeHostKey()
    const begunAtMs = Date.now()
    const checked = await call('machines.check', { machines: hosts.map(({ name }) => name), role: 'worker' })
    const found = Object.fromEntries(checked.map(({ machine, findings }) => [machine.name, { machine, findings }]))
    for (const [name, [id, cause, remedy]] of Object.entries(blocked)) {
      expect(blockersOf(found[name]?.findings ?? []), name).toEqual([
        expect.objectContaining({ id, detail: expect.stringMatching(cause), remedy: expect.stringMatching(remedy) }),
      ])
    }
    for (const name of ['head', 'good', 'noshm', 'late', 'walled']) {
      expect(blockersOf(found[name]?.findings ?? []), name).toEqual([])
      expect((found[name]?.machine.facts?.probedAtMs ?? Infinity) - begunAtMs, name).toBeLessThan(10_000)
    }
    expect(found['noshm']?.findings).toContainEqual(
      expect.objectContaining({
        id: 'shm.missing',
        detail: expect.stringContaining('disk'),
        remedy: expect.stringContaining('mount -t tmpfs'),
      }),
    )
    expect(found['late']?.findings).toContainEqual(
      expect.objectContaining({
        id: 'clock.skew',
        detail: expect.stringMatching(/60 min behind/),
        remedy: expect.stringContaining('set-ntp'),
      }),
    )
    expect(found['down']?.machine).toMatchObject({ reach: { state: 'unreachable', code: 'ssh.unreachable' }, facts: { hostname: 'down' } })
  }, 120_000)

  test('a cluster of all of them is not begun, and says which machine has what and what helps', async () => {
    const refused = call('clusters.create', { spec: await spec() })
    await expect(refused).rejects.toMatchObject({ code: 'machine.unfit' })
    const { message } = (await refused.catch((error: unknown) => error)) as Error // it was rejected above
    for (const [name, [, cause]] of Object.entries(blocked)) expect(message).toMatch(new RegExp(`${name}: .*${cause.source}`))
    expect(message).not.toContain('Not checked yet')
    expect(await call('clusters.list', {})).toEqual([])
  }, 120_000)

  test('without them the others are done, however long one of them fails; a retry of that one finishes when its port is open', async () => {
    bed.host('head').block(bed.host('walled'), 6_379)
    bed.host('walled').block(bed.host('head'), 6_380)
    const begunAtMs = Date.now()
    const created = await call('clusters.create', { spec: await spec(), withoutBlocked: true })
    operationId = created.operationId
    const operation = await ended(panel.host, operationId)
    expect(operation.startedAtMs - begunAtMs).toBeLessThan(20_000) // the patience with one that does not answer, and the checks
    expect(operation.state, storyOf(operation)).toBe('partly-done')
    expect(operation.machines.map(({ name, state }) => [name, state])).toEqual([
      ['head', 'done'],
      ['good', 'done'],
      ['noshm', 'done'],
      ['late', 'done'],
      ['walled', 'failed'],
    ])
    for (const name of ['good', 'noshm', 'late'])
      expect(endOf(runOf(operation, name)), name).toBeLessThan(endOf(runOf(operation, 'walled')) + 5_000)
    const failureOf = ({ machines }: typeof operation) => machines.find(({ name }) => name === 'walled')?.failure?.message
    expect(failureOf(operation)).toMatch(/walled cannot reach head at [\d.]+:6379: no answer within 5 s.*Open TCP port 6379 on head/s)

    bed.host('head').unblock()
    await call('operations.retry', { operationId })
    const second = await ended(panel.host, operationId)
    expect(failureOf(second)).toMatch(/head cannot reach walled at [\d.]+:6380: no answer within 5 s.*Open TCP port 6380 on walled/s)

    bed.host('walled').unblock()
    await call('operations.retry', { operationId, machine: 'walled' })
    const third = await ended(panel.host, operationId)
    expect(third.state, storyOf(third)).toBe('done')
    expect(await alive()).toEqual(['good', 'head', 'late', 'noshm', 'walled'])
  }, 180_000)

  test('mended as the remedies say, each of them joins', async () => {
    await bed.host('down').powerOn()
    bed.host('nokey').run(`echo '${readFileSync(`${bed.keyFile}.pub`, 'utf8').trim()}' >/etc/bed/authorized_keys`)
    password = right
    await call('hostKeys.forget', { host: bed.host('changed').address })
    bed.host('full').run('rm /home/user/old-data; mount -o remount,size=1g /home/user')
    bed.host('fixed').run('mount -o remount,bind,rw /home/user')
    await call('machines.update', { machine: 'noexec', changes: { folder: '/var/tmp/shoal-user' } })
    for (const [name, files] of [
      ['alpine', ['usr/bin/ldd', 'usr/bin/getconf', 'usr/lib/ld-musl-x86_64.so.1']],
      ['odd', ['usr/bin/uname']],
    ] as const) {
      await bed.host(name).powerOff()
      for (const file of files) rmSync(join(bed.host(name).upperDir, file)) // another system is installed there
      await bed.host(name).powerOn()
    }
    await until('the machine that was down to come back by itself', async () => {
      const { reach } = await call('machines.get', { machine: 'down' })
      return reach.state === 'connected' ? true : undefined
    })
    const added = await call('clusters.add', { cluster: 'sick', machines: Object.keys(blocked) })
    const operation = await ended(panel.host, added.operationId)
    expect(operation.state, storyOf(operation)).toBe('done')
    expect(await alive()).toEqual(hosts.map(({ name }) => name).toSorted())
  }, 180_000)

  test('taken down, none of them has anything of ours', async () => {
    const operation = await ended(panel.host, (await call('clusters.down', { cluster: 'sick' })).operationId)
    expect(operation.state, storyOf(operation)).toBe('done')
    for (const host of bed.hosts) {
      expect({ host: host.name, changes: host.listChanges(), processes: host.processes() }).toEqual({
        host: host.name,
        changes: [],
        processes: [],
      })
    }
  }, 120_000)
})
