import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runtimeNode } from '#runtime/session/daemon.ts'
import type { Operation } from '#src-main/contract/operations.ts'
import { type Bed, createBed, whyNoBed } from '#test/support/bed/bed.ts'
import { openTestPanel, specOfHost, storyOf, type TestPanel } from '#test/support/panel.ts'
import { ensurePayload } from '#test/support/payload.ts'
import type { Dying } from './dying-panel.ts'
import { alive, endsAs, expectNothingLeft, runOf, stepOf } from './support.ts'

const missing = whyNoBed()
const program = fileURLToPath(new URL('dying-panel.ts', import.meta.url))

/** One story, told in order: each part stands on the one before. */
describe.skipIf(missing !== undefined)(
  `a panel that is killed and started again${missing === undefined ? '' : ` (needs ${missing})`}`,
  () => {
    let bed: Bed
    let panel: TestPanel
    let payloadFolder: string
    const call: TestPanel['host']['call'] = (...args) => panel.host.call(...args)

    beforeAll(async () => {
      payloadFolder = await ensurePayload()
      bed = await createBed({ hosts: [{ name: 'head' }, { name: 'one' }, { name: 'two' }] })
      panel = await openTestPanel({ payloadFolder, isWatching: true })
    }, 180_000)
    afterAll(async () => {
      await panel?.dispose()
      await bed?.close()
    }, 60_000)

    /** Another process has the data folder until it dies; then this one has it again. */
    async function dieIn(work: Dying['work'], dieAt: Dying['dieAt']): Promise<void> {
      await panel.stop()
      const dying: Dying = { folder: join(panel.folder, 'data'), payloadFolder, work, dieAt }
      const child = spawn(runtimeNode(), ['--no-warnings', program], {
        stdio: ['ignore', 'ignore', 'pipe'],
        env: { ...process.env, SHOAL_TEST_PANEL: JSON.stringify(dying) },
      })
      let log = ''
      child.stderr.on('data', (part: Buffer) => (log = (log + part.toString()).slice(-20_000)))
      const [, signal] = await once(child, 'exit')
      expect(signal, log).toBe('SIGKILL')
      panel = await panel.restart()
    }

    const interrupted = async (kind: Operation['kind'] = 'create') => {
      const [operation] = await call('operations.list', {})
      expect(operation, operation && storyOf(operation)).toMatchObject({ kind, state: 'interrupted' })
      if (!operation) throw new Error('there is no operation')
      return operation
    }

    test('killed in the middle of an upload, it shows what it did as interrupted, and begins nothing by itself', async () => {
      await call('machines.add', { machines: bed.hosts.map((host) => specOfHost(bed, host)) })
      await call('machines.check', { machines: ['head', 'one', 'two'] }) // the other process has nobody to accept host keys
      const [head = '', ...workers] = (await call('machines.list', {})).map(({ id }) => id)
      await dieIn({ create: { name: 'lab', head, workers } }, { name: 'one', id: 'upload', bytes: 4e6, afterMs: 0 })
      const operation = await interrupted()
      expect(['running', 'cancelled', 'waiting']).toContain(runOf(operation, 'one').state)
      expect((await call('clusters.get', { cluster: 'lab' })).members).toHaveLength(3)
      await expect.poll(() => bed.host('one').processes(), { timeout: 10_000 }).toEqual([])
    }, 60_000)

    test('killed again in the middle of a start that goes on where it was, it knows what it left there', async () => {
      const { id } = await interrupted()
      await dieIn({ retry: id }, { name: 'two', id: 'start', bytes: 0, afterMs: 300 })
      const operation = await interrupted()
      expect(stepOf(operation, 'one', 'upload')?.note).toMatch(/bytes were there already|payload is there/)
      expect((await call('clusters.get', { cluster: 'lab' })).members.find(({ role }) => role === 'head')).toMatchObject({
        state: 'started',
      })
    }, 60_000)

    test('a retry finishes: each machine has one node, all are alive', async () => {
      const { id } = await interrupted()
      await call('operations.retry', { operationId: id })
      const operation = await endsAs(panel.host, id, 'done')
      // one that was done before is left as it was
      for (const name of ['head', 'one', 'two']) {
        expect(stepOf(operation, name, 'upload')?.note, name).toMatch(/^payload is there$|were there already$/)
      }
      await call('clusters.connect', { cluster: 'lab' })
      expect(await alive(panel.host, 'lab')).toEqual(['head', 'one', 'two'])
      for (const host of bed.hosts) {
        const agents = host.processes().filter(({ command }) => /\/agent\.mjs /.test(command))
        expect(agents, host.name).toHaveLength(1)
      }
    }, 60_000)

    test('killed while it takes the cluster down, it finishes that too, and nothing is left', async () => {
      await dieIn({ down: 'lab' }, { name: 'one', id: 'stop', bytes: 0, afterMs: 200 })
      const { id } = await interrupted('down')
      await call('operations.retry', { operationId: id })
      await endsAs(panel.host, id, 'done')
      await expectNothingLeft(bed)
      expect((await call('clusters.get', { cluster: 'lab' })).members).toEqual([])
    }, 60_000)

    test('taken down in place of a retry, nothing is left of what it was at when it was killed', async () => {
      const [head = '', ...workers] = (await call('machines.list', {})).map(({ id }) => id)
      await dieIn({ create: { name: 'other', head, workers } }, { name: 'one', id: 'upload', bytes: 4e6, afterMs: 0 })
      expect(bed.host('one').listChanges().join('\n')).toMatch(/\.part$/m)
      await endsAs(panel.host, (await call('clusters.down', { cluster: 'other' })).operationId, 'done')
      await expectNothingLeft(bed)
    }, 60_000)
  },
)
