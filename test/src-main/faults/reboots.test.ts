import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Bed, createBed, whyNoCron } from '#test/support/bed/bed.ts'
import { openTestPanel, specOfHost, type TestPanel, until } from '#test/support/panel.ts'
import { ensurePayload } from '#test/support/payload.ts'
import { alive, endsAs, expectNothingLeft } from './support.ts'

const missing = whyNoCron()
const names = ['head', 'one', 'two']

/** One story, told in order: each part stands on the one before. */
describe.skipIf(missing !== undefined)(
  `machines that lose power under a cluster${missing === undefined ? '' : ` (needs ${missing})`}`,
  () => {
    let bed: Bed
    let panel: TestPanel
    const call: TestPanel['host']['call'] = (...args) => panel.host.call(...args)

    beforeAll(async () => {
      const payloadFolder = await ensurePayload()
      bed = await createBed({ hosts: names.map((name) => ({ name, cron: true })) })
      panel = await openTestPanel({ payloadFolder, isWatching: true })
      await call('machines.add', { machines: bed.hosts.map((host) => specOfHost(bed, host)) })
      const [head = '', ...workers] = (await call('machines.list', {})).map(({ id }) => id)
      const { operationId } = await call('clusters.create', { spec: { name: 'lab', head, workers, service: 'cron' } })
      await endsAs(panel.host, operationId, 'done')
      await call('clusters.connect', { cluster: 'lab' })
    }, 240_000)
    afterAll(async () => {
      await panel?.dispose()
      await bed?.close()
    }, 60_000)

    /** As when the plug is pulled: nobody is told that connections are over. */
    async function losePower(name: string): Promise<void> {
      bed.host(name).cutLink()
      await bed.host(name).powerOff()
    }
    const reachIs = (name: string, state: string) =>
      until(`${name} to be ${state}`, async () =>
        (await call('machines.get', { machine: name })).reach.state === state ? true : undefined,
      )
    const aliveNow = () => alive(panel.host, 'lab').catch(() => []) // the link may break right then

    test('a worker’s node is missed, and comes back by itself when its machine does, as does the machine in the inventory', async () => {
      await losePower('one')
      await expect.poll(aliveNow, { timeout: 90_000 }).toEqual(['head', 'two'])
      await reachIs('one', 'unreachable')
      await bed.host('one').powerOn()
      await expect.poll(aliveNow, { timeout: 90_000 }).toEqual(names)
      await reachIs('one', 'connected')
    }, 180_000)

    test('the head comes back with its records, its workers find it, and the panel is connected again', async () => {
      const { body } = await call('api.change', { cluster: 'lab', route: 'submitShoalJob', body: { entrypoint: 'true' } })
      const { submission_id: job } = body as { submission_id: string } // as runtime/api has it
      const linkIs = (state: RegExp) =>
        until(`a link that is ${state}`, async () =>
          state.test((await call('clusters.get', { cluster: 'lab' })).link.state) ? true : undefined,
        )
      await losePower('head')
      await linkIs(/^(reconnecting|record)$/)
      await bed.host('head').powerOn()
      await linkIs(/^connected$/)
      await expect.poll(aliveNow, { timeout: 90_000 }).toEqual(names)
      const jobs = (await call('api.read', { cluster: 'lab', route: 'listShoalJobs' })).body as { rows: { submission_id: string }[] } // the same
      expect(jobs.rows.map(({ submission_id: id }) => id)).toContain(job)
    }, 180_000)

    test('taken down afterwards, nothing is left on them, in their crontabs neither', async () => {
      await endsAs(panel.host, (await call('clusters.down', { cluster: 'lab' })).operationId, 'done')
      await expectNothingLeft(bed)
    }, 60_000)
  },
)
