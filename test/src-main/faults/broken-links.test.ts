import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Bed, createBed, whyNoBed } from '#test/support/bed/bed.ts'
import { openTestPanel, specOfHost, type TestPanel, until } from '#test/support/panel.ts'
import { ensurePayload } from '#test/support/payload.ts'
import { alive, during, endOf, endsAs, expectNothingLeft, runOf, stepOf } from './support.ts'

const missing = whyNoBed()
const names = ['head', 'good', 'uploads', 'starts', 'shot', 'fills']

/** One story, told in order: each part stands on the one before. */
describe.skipIf(missing !== undefined)(`links that break and disks that fill${missing === undefined ? '' : ` (needs ${missing})`}`, () => {
  let bed: Bed
  let panel: TestPanel
  let payloadFolder: string
  let created: string
  const call: TestPanel['host']['call'] = (...args) => panel.host.call(...args)

  beforeAll(async () => {
    payloadFolder = await ensurePayload()
    bed = await createBed({ hosts: [...names, 'spare'].map((name) => ({ name, bothNetworks: true })) })
    bed.host('fills').run('mount -t tmpfs -o size=1g,mode=755,uid=12345,gid=12345 disk /home/user')
    panel = await openTestPanel({ payloadFolder, isWatching: true })
  }, 180_000)
  afterAll(async () => {
    await panel?.dispose()
    await bed?.close()
  }, 60_000)

  test('what breaks in the middle fails that machine alone, with what helps; the others are done before it is noticed', async () => {
    await call('machines.add', { machines: bed.hosts.map((host) => specOfHost(bed, host, { nodeIp: host.innerAddress })) })
    const { operationId } = await call('clusters.create', { spec: await spec() })
    const running = { panel: panel.host, operationId }
    await Promise.all([
      during(running, { name: 'uploads', id: 'upload', bytes: 4e6 }, () => bed.host('uploads').cutLink('front')),
      during(
        running,
        { name: 'fills', id: 'upload', bytes: 4e6 },
        () => void bed.host('fills').run('mount -o remount,size=24m /home/user'),
      ),
      during(running, { name: 'shot', id: 'unpack' }, () => bed.host('shot').killSshd()),
      during(running, { name: 'starts', id: 'start' }, async () => {
        const starting = () =>
          bed
            .host('starts')
            .processes()
            .some(({ command }) => / start --json /.test(command))
        await until('the command that starts the node', () => starting() || undefined)
        bed.host('starts').cutLink('front')
      }),
    ])
    const operation = await endsAs(panel.host, operationId, 'partly-done')
    expect(operation.machines.map(({ name, state, failure }) => [name, state, failure?.code])).toEqual([
      ['head', 'done', undefined],
      ['good', 'done', undefined],
      ['uploads', 'failed', 'ssh.connection-lost'],
      ['starts', 'failed', 'ssh.connection-lost'],
      ['shot', 'failed', 'ssh.connection-lost'],
      ['fills', 'failed', 'ssh.upload-failed'],
    ])
    const said = (name: string) => runOf(operation, name).failure?.message
    for (const name of ['uploads', 'starts'])
      expect(said(name)).toMatch(new RegExp(`connection to ${name} .*no sign of life.*network between.*Retry goes on`))
    expect(said('shot')).toMatch(/connection to shot .*that side ended it, as when its sshd.*Retry goes on/)
    expect(said('fills')).toMatch(/its disk is full \(.*free on \/home\/user.*\)\. Free some space there/)
    expect(endOf(runOf(operation, 'good'))).toBeLessThan(endOf(runOf(operation, 'uploads')) + 5_000)

    await call('operations.retry', { operationId, machine: 'shot' })
    const again = await endsAs(panel.host, operationId, 'partly-done')
    expect(runOf(again, 'shot').failure).toMatchObject({
      code: 'ssh.unreachable',
      message: expect.stringMatching(/shot: [\d.]+:22 refused the connection.*that sshd runs there/),
    })
    created = operationId
  }, 120_000)

  const spec = async () => {
    const ids = Object.fromEntries((await call('machines.list', {})).map(({ name, id }) => [name, id]))
    return { name: 'lab', head: ids['head'] ?? '', workers: names.slice(1).map((name) => ids[name] ?? '') }
  }

  test('once they are mended a retry goes on where it was, and the cluster is whole', async () => {
    for (const name of ['uploads', 'starts']) bed.host(name).restoreLink()
    bed.host('shot').startSshd()
    bed.host('fills').run('mount -o remount,size=1g /home/user')
    await call('operations.retry', { operationId: created })
    const operation = await endsAs(panel.host, created, 'done')
    expect(stepOf(operation, 'uploads', 'upload')?.note).toMatch(/^sent from here, \d{7,} bytes were there already$/)
    expect(stepOf(operation, 'starts', 'start')).toMatchObject({ state: 'skipped', note: 'it runs already' })
    await call('clusters.connect', { cluster: 'lab' })
    expect(await alive(panel.host, 'lab')).toEqual(names.toSorted())
  }, 120_000)

  test('while the link to the head is cut it is shown as reconnecting, with the last facts; it comes back by itself, and no event is missing', async () => {
    const seen = new Set<number>()
    const twice: number[] = []
    const { id } = await call('clusters.get', { cluster: 'lab' })
    const subscription = panel.host.hub.subscribe(`cluster-events/${id}`, { since: 0 }, ({ events }) => {
      for (const event of events) {
        const { seq } = JSON.parse(event) as { seq: number } // of the panel's own contract
        if (seen.has(seq)) twice.push(seq)
        seen.add(seq)
      }
    })
    const submit = async (entrypoint: string) => {
      const { body } = await call('api.change', { cluster: 'lab', route: 'submitShoalJob', body: { entrypoint } })
      return (body as { submission_id: string }).submission_id // as runtime/api has it
    }
    const since = Math.max(0, ...(await numbers()))
    await submit('true')
    const job = await submit('sleep 12')
    bed.host('head').cutLink('front')
    const linkIs = (state: string) =>
      until(`a link that is ${state}`, async () =>
        (await call('clusters.get', { cluster: 'lab' })).link.state === state ? true : undefined,
      )
    await linkIs('reconnecting')
    expect((await call('clusters.get', { cluster: 'lab' })).link.message).toMatch(/no sign of life|nothing came from the head/)
    const away = await until('the machine to be missed', async () => {
      const machine = await call('machines.get', { machine: 'head' })
      return machine.reach.state === 'unreachable' ? machine : undefined
    })
    expect(away).toMatchObject({
      reach: { message: expect.stringMatching(/no sign of life|does not answer|no route/) },
      facts: { hostname: 'head' },
    })
    bed.host('head').restoreLink()
    await linkIs('connected')
    expect((await call('machines.get', { machine: 'head' })).reach.state).toBe('connected')
    await submit('true')
    const wanted = await until('the events of the jobs', async () => {
      const body = (await call('api.read', { cluster: 'lab', route: 'getJob', params: { id: job } })).body as { status: string } // the same
      const all = await numbers()
      return body.status === 'SUCCEEDED' && all.every((seq) => seq <= since || seen.has(seq)) ? all : undefined
    })
    expect(wanted.filter((seq) => seq > since).length).toBeGreaterThan(6)
    expect(twice).toEqual([])
    subscription.close()
  }, 120_000)

  /** Of every event that the head has. */
  async function numbers(): Promise<number[]> {
    const { body } = await call('api.read', { cluster: 'lab', route: 'listEvents', query: { limit: 1_000 } })
    return (body as { events: { seq: number }[] }).events.map(({ seq }) => seq) // as runtime/api has it
  }

  test('two panels: who comes second is told who is at work; by taking over it stops that work, and does its own', async () => {
    const second = await secondPanel()
    try {
      const nodes = (await call('api.read', { cluster: 'lab', route: 'pageNodes', query: { detail: true } })).body
      const { rows } = nodes as { rows: { node_name: string; node_ip: string }[] } // as runtime/api has it
      const ip = rows.find(({ node_name: name }) => name === 'good')?.node_ip
      const body = { entrypoint: 'sleep 300', entrypoint_resources: { [`node:${ip}`]: 0.01 } }
      await call('api.change', { cluster: 'lab', route: 'submitShoalJob', body })
      const { operationId } = await call('clusters.drain', { cluster: 'lab', machines: ['good'] })
      const running = { panel: panel.host, operationId }
      await during(running, { name: 'good', id: 'drain' }, () => {})

      const refused = {
        code: 'lease.held',
        message: expect.stringMatching(/^first is changing this cluster, for \d+ s now; wait .* or take over$/),
      }
      await expect(second.host.call('clusters.add', { cluster: 'lab', machines: ['spare'] })).rejects.toMatchObject(refused)
      expect((await second.host.call('machines.get', { machine: 'spare' })).clusterId).toBeNull()
      await second.host.call('clusters.takeOver', { cluster: 'lab' })
      const added = (await second.host.call('clusters.add', { cluster: 'lab', machines: ['spare'] })).operationId
      const stopped = await endsAs(panel.host, operationId, 'cancelled')
      expect(stopped.failure).toMatchObject({ code: 'lease.held', message: expect.stringMatching(/second took over .*was stopped/) })
      await endsAs(second.host, added, 'done')
      expect(await alive(panel.host, 'lab')).toContain('spare')
      await endsAs(second.host, (await second.host.call('clusters.down', { cluster: 'lab' })).operationId, 'done')
      await expectNothingLeft(bed)
    } finally {
      await second.dispose()
    }
  }, 120_000)

  /** With the same machines and clusters, as on another computer of the same person. */
  async function secondPanel(): Promise<TestPanel> {
    await panel.stop()
    const folder = join(bed.folder, 'second')
    cpSync(panel.folder, folder, { recursive: true })
    for (const [name, path] of [
      ['first', panel.folder],
      ['second', folder],
    ] as const) {
      const file = join(path, 'data', 'settings.json')
      const text = readFileSync(file, 'utf8').replace(/"panelName":\s*"[^"]*"/, `"panelName":"${name}"`)
      writeFileSync(file, name === 'first' ? text : text.replace(/p-[0-9a-f]{12}/, 'p-222222222222'))
    }
    panel = await panel.restart()
    await call('clusters.connect', { cluster: 'lab' })
    return openTestPanel({ payloadFolder, isWatching: true, folder })
  }
})
