import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { usualLimits } from '#src-main/bootstrap/core/state.ts'
import { type Bed, createBed, whyNoBed } from '#test/support/bed/bed.ts'
import { ensurePayload } from '#test/support/payload.ts'
import { Fleet, stepOf, troubleOf } from './fleet.ts'

const missing = whyNoBed()

describe.skipIf(missing !== undefined)(`the payload from machine to machine${missing === undefined ? '' : ` (needs ${missing})`}`, () => {
  let bed: Bed
  let fleet: Fleet
  beforeAll(async () => {
    const folder = await ensurePayload()
    bed = await createBed({ hosts: [{ name: 'one' }, { name: 'two' }, { name: 'bare', bare: true }] })
    fleet = new Fleet(bed, folder)
    fleet.limits = { ...usualLimits, peersFrom: 2, seeds: 1 } // as ten machines would do it
  }, 180_000)
  afterAll(async () => {
    for (const connection of fleet?.connections ?? []) connection.close()
    await bed?.close()
  })

  test('one machine gets it from here and passes it on, to one without curl, wget and python as well; no archive stays behind', async () => {
    const operation = await (await fleet.create()).done
    expect(troubleOf(operation)).toEqual([])
    const notes = operation.machines.map(({ name }) => stepOf(operation, name, 'upload')?.note)
    expect(notes[0]).toBe('sent from here')
    for (const note of notes.slice(1)) expect(note).toMatch(/^fetched from (one|two|bare)$/)
    for (const host of bed.hosts) {
      expect(host.run(`ls -A ${host.home}/.shoal/runtime`).trim()).toMatch(/^[0-9a-f]{64}$/)
      expect(host.processes().filter(({ command }) => command.includes('eval(Buffer'))).toEqual([])
    }
  }, 120_000)

  test('where the way between them is blocked, it is sent from here, and the step says why', async () => {
    await fleet.takeDown()
    for (const host of bed.hosts)
      if (host.name !== 'one')
        bed.host('one').run(`ip rule add pref 10 from ${host.address} ipproto tcp sport 32768-60999 dport 32768-60999 blackhole`)
    try {
      // the head's machine serves at a port of its own choice, as the head's port is to be taken by the head
      bed.host('one').run('ip rule add pref 100 lookup local; ip rule del pref 0 lookup local')
      const operation = await (await fleet.create()).done
      expect(troubleOf(operation)).toEqual([])
      const notes = operation.machines.map(({ name }) => stepOf(operation, name, 'upload')?.note ?? '')
      expect(notes.filter((note) => note.endsWith('sent from here')).length).toBeGreaterThan(1)
      expect(notes.join('\n')).toMatch(/not fetched from one: fetching from [\d.]+:\d+ ended with \d+; sent from here/)
    } finally {
      bed.host('one').unblock()
    }
  }, 120_000)
})
