import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { ClusterError } from '#runtime/base/errors.ts'
import { ClusterLease, holdLease } from '#src-main/cluster/lease.ts'
import { LocalHost } from './local-host.ts'
import { until } from './until.ts'

function aLeaseFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-lease-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return join(folder, 'deep', 'change lease')
}
const leaseOf = (folder: string, holderId: string, more: { ttlMs?: number; holderLabel?: string } = {}) =>
  new ClusterLease({ connection: new LocalHost(), folder, holderId, holderLabel: `label of ${holderId}`, ...more })
/** The greatest generation on disk: each renewal makes the next. */
const generationIn = (folder: string) => Math.max(...readdirSync(folder).map((name) => (name.startsWith('g.') ? Number(name.slice(2)) : 0)))

test('one panel at a time has it; the other is told who and for how long', async () => {
  const folder = aLeaseFolder()
  const [anna, bert] = [leaseOf(folder, 'anna'), leaseOf(folder, 'bert')]
  expect(await bert.look()).toEqual({ state: 'free' })
  expect(await anna.acquire()).toMatchObject({ state: 'ours', sinceMs: 0, expiresInMs: 30_000 })
  expect(await bert.look()).toMatchObject({ state: 'held', label: 'label of anna' })
  await expect(bert.acquire()).rejects.toMatchObject({
    code: 'lease.held',
    message: expect.stringContaining('label of anna is changing this cluster'),
  })
  expect(await anna.renew()).toMatchObject({ state: 'ours' })
  await anna.release()
  expect(await bert.acquire()).toMatchObject({ state: 'ours' })
  await anna.release() // not ours any more: nothing happens
  expect(await anna.look()).toMatchObject({ state: 'held', label: 'label of bert' })
})

test('after a take-over the former holder cannot renew, and is told by whom', async () => {
  const folder = aLeaseFolder()
  const [anna, bert] = [leaseOf(folder, 'anna'), leaseOf(folder, 'bert')]
  await anna.acquire()
  expect(await bert.takeOver()).toMatchObject({ state: 'ours' })
  await expect(anna.renew()).rejects.toMatchObject({ code: 'lease.held', message: expect.stringContaining('label of bert took over') })
  expect(await bert.renew()).toMatchObject({ state: 'ours' })
})

test('that of a panel that died runs out', async () => {
  const folder = aLeaseFolder()
  const anna = leaseOf(folder, 'anna', { ttlMs: 1_000 })
  const bert = leaseOf(folder, 'bert', { ttlMs: 1_000 })
  expect(await anna.acquire()).toMatchObject({ state: 'ours' })
  await until(async () => (await bert.look()).state === 'free')
  expect(await bert.acquire()).toMatchObject({ state: 'ours' })
})

test('a hundred shells that claim the same generation at once: one of them makes it', async () => {
  const folder = aLeaseFolder()
  await leaseOf(folder, 'first').takeOver()
  for (let round = 0; round < 4; round += 1) {
    const panels = Array.from({ length: 25 }, (_, index) => leaseOf(folder, `panel-${index}`))
    if (round === 0) await leaseOf(folder, 'first').release()
    const outcomes = await Promise.all(
      panels.map((panel, index) =>
        panel.acquire().then(
          () => index,
          (error: unknown) => (error instanceof ClusterError ? error.code : String(error)),
        ),
      ),
    )
    const winners = outcomes.filter((outcome) => typeof outcome === 'number')
    expect(winners).toHaveLength(1)
    expect(outcomes.filter((outcome) => outcome !== 'lease.held')).toEqual(winners)
    const winner = panels[Number(winners[0])]
    expect(await winner?.renew()).toMatchObject({ state: 'ours' })
    await winner?.release()
  }
})

test('of many that take over at once the last one has it, and all others learn so when they renew', async () => {
  const folder = aLeaseFolder()
  const panels = Array.from({ length: 8 }, (_, index) => leaseOf(folder, `panel-${index}`))
  await Promise.all(panels.map((panel) => panel.takeOver()))
  const renewed = await Promise.all(
    panels.map((panel) =>
      panel.renew().then(
        () => true,
        () => false,
      ),
    ),
  )
  expect(renewed.filter(Boolean)).toHaveLength(1)
})

test('its folder is for its user alone, holds one file and no leftovers, and a label stays one harmless line', async () => {
  const folder = aLeaseFolder()
  const lease = leaseOf(folder, 'anna', { holderLabel: 'anna \\n \u001b[31m`id` $(id)\nsecond line' })
  await lease.acquire()
  for (let round = 0; round < 5; round += 1) await lease.renew()
  const [name = '', ...others] = readdirSync(folder)
  expect(others).toEqual([])
  expect(statSync(folder).mode & 0o777).toBe(0o700)
  expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600)
  expect(readFileSync(join(folder, name), 'utf8').trimEnd().split('\n')).toHaveLength(1)
  expect(await leaseOf(folder, 'bert').look()).toMatchObject({ label: 'anna \\n  [31m`id` $(id) second line' })
})

test('what a shell left that died in the middle stops nobody', async () => {
  const folder = aLeaseFolder()
  await leaseOf(folder, 'anna').acquire()
  writeFileSync(join(folder, 'g.2'), '')
  writeFileSync(join(folder, 't.0.anna.1'), 'x')
  expect(await leaseOf(folder, 'bert').acquire()).toMatchObject({ state: 'ours' })
})

test('a folder that cannot be made says so', async () => {
  const folder = aLeaseFolder()
  writeFileSync(join(folder, '..', '..', 'file'), '')
  await expect(leaseOf(join(folder, '..', '..', 'file', 'lease'), 'anna').acquire()).rejects.toMatchObject({
    code: 'internal',
    message: expect.stringContaining('cannot be read'),
  })
})

test('while an operation runs it is renewed, and a take-over tells the operation', async () => {
  const folder = aLeaseFolder()
  const held = await holdLease(leaseOf(folder, 'anna'), { renewEveryMs: 300, ttlMs: 30_000 })
  onTestFinished(() => held.release())
  const bert = leaseOf(folder, 'bert')
  const begun = generationIn(folder)
  await until(() => generationIn(folder) >= begun + 3)
  await expect(bert.acquire()).rejects.toMatchObject({ code: 'lease.held' })
  await bert.takeOver()
  await until(() => held.lost.aborted) // a renewal that ran meanwhile may have told it already
  expect(held.lost.reason).toMatchObject({ code: 'lease.held' })
})
