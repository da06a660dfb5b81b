import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { resumeOperation } from '#src-main/bootstrap/run-operation.ts'
import { type Bed, createBed, whyNoBed } from '#test/support/bed/bed.ts'
import { ensurePayload } from '#test/support/payload.ts'
import { Fleet, machineIdOf, stepOf, troubleOf, until } from './fleet.ts'

const missing = whyNoBed()

describe.skipIf(missing !== undefined)(
  `machines that are not as they should be${missing === undefined ? '' : ` (needs ${missing})`}`,
  () => {
    let bed: Bed
    let fleet: Fleet
    const names = ['head', 'good', 'full', 'fixed', 'noexec', 'walled'] as const
    const indexOf = (name: (typeof names)[number]) => names.indexOf(name)
    const machineId = (name: (typeof names)[number]) => machineIdOf(indexOf(name))

    beforeAll(async () => {
      const folder = await ensurePayload()
      bed = await createBed({
        hosts: [
          { name: 'head' },
          { name: 'good' },
          { name: 'full', fullDisk: true },
          { name: 'fixed', readOnlyHome: true },
          { name: 'noexec', noexecHome: true },
          { name: 'walled' },
        ],
      })
      fleet = new Fleet(bed, folder)
    }, 180_000)
    afterAll(async () => {
      for (const connection of fleet?.connections ?? []) connection.close()
      await bed?.close()
    })

    test('each says what is wrong and what helps; those that are well are not held up', async () => {
      bed.host('head').block(bed.host('walled'), 6_379)
      const running = await fleet.create()
      const operation = await running.done
      expect(operation.state).toBe('partly-done')
      const failures = Object.fromEntries(operation.machines.map(({ name, failure }) => [name, failure?.message]))
      expect(failures).toEqual({
        head: undefined,
        good: undefined,
        full: expect.stringMatching(/No space left|disk is full/i),
        fixed: expect.stringMatching(/Read-only file system.*another folder/is),
        noexec: expect.stringMatching(/noexec.*another folder/is),
        walled: expect.stringMatching(
          /walled cannot reach head at [\d.]+:6379: no answer within 5 s.*Open TCP port 6379 on head \(.*firewall-cmd/s,
        ),
      })
      expect(operation.machines.find(({ name }) => name === 'walled')?.failure?.code).toBe('bootstrap.failed')

      bed.host('head').unblock()
      running.retry(machineId('walled'))
      const again = await running.done
      expect(again.machines.find(({ name }) => name === 'walled')?.state).toBe('done')
      expect(stepOf(again, 'walled', 'upload')).toMatchObject({ state: 'skipped', note: 'payload is there' })
    }, 120_000)

    test('down takes all of it away again, of what was begun as well', async () => {
      await fleet.takeDown()
      for (const each of bed.hosts) {
        expect({ host: each.name, changes: each.listChanges(), processes: each.processes() }).toEqual({
          host: each.name,
          changes: [],
          processes: [],
        })
      }
    }, 60_000)

    test('a link that breaks in the middle of the upload fails that machine alone; a retry goes on where it was', async () => {
      const running = await fleet.create(2)
      await until(running, (now) => (stepOf(now, 'good', 'upload')?.progress?.done ?? 0) > 1_000_000)
      bed.host('good').restartSshd()
      const operation = await running.done
      expect(operation.machines.map(({ name, state, failure }) => ({ name, state, code: failure?.code }))).toEqual([
        { name: 'head', state: 'done', code: undefined },
        { name: 'good', state: 'failed', code: 'ssh.connection-lost' },
      ])
      running.retry()
      expect(troubleOf(await running.done)).toEqual([])
      expect(stepOf(running.snapshot(), 'good', 'upload')?.note).toMatch(/^sent from here, \d{6,} bytes were there already$/)
    }, 120_000)

    test('a panel that is started again finds the operation interrupted, and a retry finishes it', async () => {
      await fleet.takeDown()
      const first = await fleet.create(2)
      await until(first, (now) => stepOf(now, 'good', 'unpack')?.state === 'running')
      const saved = fleet.saved.at(-1)
      if (!saved) throw new Error('nothing was saved')
      for (const connection of fleet.connections) connection.close() // as if the panel had died
      await first.done
      bed.host('good').restartSshd()

      const resumed = resumeOperation(saved, fleet.io())
      expect(await resumed.done).toMatchObject({ state: 'interrupted', id: first.id, endedAtMs: null })
      resumed.retry()
      expect(troubleOf(await resumed.done)).toEqual([])
    }, 120_000)

    test('what was cancelled stops, and leaves the others alone', async () => {
      await fleet.takeDown()
      const running = await fleet.create(2)
      await until(running, (now) => stepOf(now, 'good', 'upload')?.state === 'running')
      running.cancel(machineId('good'))
      const operation = await running.done
      expect(operation).toMatchObject({ state: 'partly-done', machines: [{ state: 'done' }, { state: 'cancelled', failure: null }] })
      expect(
        bed
          .host('good')
          .processes()
          .filter(({ command }) => command.includes('--temp-dir')),
      ).toEqual([])
    }, 120_000)

    test('where the head cannot start, its worker says that it waits for the head, and the retry of the head takes it along', async () => {
      await fleet.takeDown()
      const port = fleet.cluster.ports.head
      bed.host('head').run(`nohup python3 -c 'import socket, time
s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.bind(("0.0.0.0", ${port})); s.listen(); time.sleep(600)' >/dev/null 2>&1 & echo $! >/tmp/busy`)
      const listens = `:${port.toString(16).toUpperCase().padStart(4, '0')} 00000000:0000 0A`
      await expect.poll(() => bed.host('head').run('cat /proc/net/tcp')).toContain(listens)
      const running = await fleet.create(2)
      const operation = await running.done
      expect(operation.state).toBe('failed')
      expect(operation.machines[0]?.failure?.message).toMatch(new RegExp(`head on head did not start.*${port}`, 's'))
      expect(operation.machines[1]).toMatchObject({
        failure: { code: 'bootstrap.waiting', message: expect.stringContaining('needs head first') },
      })
      bed.host('head').run('kill $(cat /tmp/busy); rm /tmp/busy')
      running.retry(machineId('head'))
      expect(troubleOf(await running.done)).toEqual([])
    }, 120_000)
  },
)
