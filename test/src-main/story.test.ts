import { copyFileSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Bed, createBed, whyNoBed } from '#test/support/bed/bed.ts'
import { ended, logOfJob, openTestPanel, storyOf, type TestPanel, until } from '#test/support/panel.ts'
import { ensurePayload, makeOtherPayload } from '#test/support/payload.ts'

const missing = whyNoBed()
const far = ['n7', 'n8']
const near = ['n1', 'n2', 'n3', 'n4', 'n5', 'n6']
const everybody = [...near, ...far]

/** One story, told in order: each part stands on the one before. */
describe.skipIf(missing !== undefined)(
  `from a pasted list of hosts to a cluster and back${missing === undefined ? '' : ` (needs ${missing})`}`,
  () => {
    let bed: Bed
    let panel: TestPanel
    let payloadFolder: string
    const call: TestPanel['host']['call'] = (...args) => panel.host.call(...args)
    const done = async (operationId: string) => {
      const operation = await ended(panel.host, operationId)
      if (operation.state !== 'done') throw new Error(storyOf(operation))
      return operation
    }
    const nodes = async () => {
      const { body } = await call('api.read', { cluster: 'lab', route: 'pageNodes', query: { detail: true } })
      return (body as { rows: { node_name: string; node_id: string; node_ip: string; state: string }[] }).rows // as runtime/api has it
    }
    const alive = async () => (await nodes()).filter(({ state }) => state === 'ALIVE').map(({ node_name: name }) => name)

    beforeAll(async () => {
      const made = await ensurePayload()
      bed = await createBed({
        hosts: [
          ...near.map((name) => ({ name, bothNetworks: true, bare: name === 'n2', noisyShell: name === 'n3' })),
          ...far.map((name) => ({ name, behindJump: true })),
        ],
        jump: true,
      })
      payloadFolder = join(bed.folder, 'payload')
      mkdirSync(payloadFolder)
      for (const file of readdirSync(made))
        if (file.includes(`linux-${process.arch}`)) copyFileSync(join(made, file), join(payloadFolder, file))
      panel = await openTestPanel({ payloadFolder, isWatching: true })
    }, 180_000)
    afterAll(async () => {
      await panel?.dispose()
      await bed?.close()
    }, 60_000)

    test('a pasted list becomes an inventory, with what could not be read by line', async () => {
      const line = (name: string, more = '') =>
        `user@${bed.host(name).address} name=${name} key=${bed.keyFile} group=lab/${name < 'n4' ? 'gpu' : 'cpu'}${more}`
      const pasted = [
        '# the lab',
        line('jump'),
        ...near.map((name) => line(name, ` ip=${bed.host(name).innerAddress}`)),
        ...far.map((name) => line(name, ' jump=jump')),
        'user@',
        '',
      ].join('\n')
      const parsed = await call('machines.parse', { format: 'auto', text: pasted })
      expect(parsed.problems.map((problem) => problem.line)).toEqual([11])
      await call('machines.add', { machines: parsed.machines })
      expect((await call('machines.list', {})).map(({ name }) => name)).toEqual(['jump', ...everybody])
    })

    test('each is checked over SSH, those behind the jump host too, and reaches each other on the chosen port', async () => {
      const checked = await call('machines.check', { machines: everybody, role: 'worker' })
      expect(
        checked.map(({ machine, findings }) => [machine.name, machine.reach.state, findings.filter(({ level }) => level === 'blocker')]),
      ).toEqual(everybody.map((name) => [name, 'connected', []]))
      const cells = await call('machines.reachability', { machines: everybody })
      expect(cells).toHaveLength(everybody.length * (everybody.length - 1))
      // a bare host has nothing that could listen, so what answers there is its kernel
      const bareId = checked.find(({ machine }) => machine.name === 'n2')?.machine.id
      expect(cells.filter(({ verdict, to }) => verdict !== (to === bareId ? 'refused' : 'open'))).toEqual([])
    })

    test('one call makes a cluster of six, whose plan was shown before, and all its nodes are alive', async () => {
      const spec = { name: 'lab', head: 'n1', workers: near.slice(1) }
      const ids = Object.fromEntries((await call('machines.list', {})).map(({ name, id }) => [name, id]))
      const wanted = { ...spec, head: ids['n1'] ?? '', workers: spec.workers.map((name) => ids[name] ?? '') }
      const { plan } = await call('clusters.planCreate', { spec: wanted })
      expect(plan.blockers).toEqual([])
      const { operationId } = await call('clusters.create', { spec: wanted })
      const operation = await done(operationId)
      const shown = plan.machines.map(({ name, steps }) => [name, steps.map(({ id }) => id)])
      expect(operation.machines.map(({ name, steps }) => [name, steps.map(({ id }) => id)])).toEqual(shown)
      await call('clusters.connect', { cluster: 'lab' })
      expect((await alive()).sort()).toEqual(near)
    })

    test('machines behind the jump host join a cluster that runs', async () => {
      const { operationId } = await call('clusters.add', { cluster: 'lab', machines: far })
      await done(operationId)
      expect((await alive()).sort()).toEqual(everybody)
    })

    test('a job runs on every node, and its log comes to the panel', async () => {
      const logs = await Promise.all(
        (await nodes()).map(async ({ node_name: name, node_ip: ip }) => {
          const body = { entrypoint: 'echo "here is $(hostname)"', entrypoint_resources: { [`node:${ip}`]: 0.01 } }
          const submitted = await call('api.change', { cluster: 'lab', route: 'submitShoalJob', body })
          const { submission_id: job } = submitted.body as { submission_id: string } // as runtime/api has it
          return [name, await logOfJob(panel.host, { cluster: 'lab', job })] as const
        }),
      )
      expect(logs.map(([name, log]) => log.includes(`here is ${name}\n`))).toEqual(everybody.map(() => true))
    }, 120_000)

    test('a drained node leaves by itself, and a removed machine has nothing of ours any more', async () => {
      await done((await call('clusters.drain', { cluster: 'lab', machines: ['n3'] })).operationId)
      expect(await alive()).not.toContain('n3')
      const removed = await done((await call('clusters.remove', { cluster: 'lab', machines: ['n3', 'n8'] })).operationId)
      for (const name of ['n3', 'n8']) {
        expect([bed.host(name).listChanges(), removed.state]).toEqual([[], 'done'])
        expect(bed.host(name).processes()).toEqual([])
      }
      expect((await call('clusters.get', { cluster: 'lab' })).members).toHaveLength(6)
      expect((await call('machines.get', { machine: 'n3' })).clusterId).toBeNull()
    }, 120_000)

    test('an upgrade brings another payload to every machine in place, the head with its records, and takes the old one away', async () => {
      const before = (await call('clusters.get', { cluster: 'lab' })).members.map(({ payload }) => payload)
      const other = join(bed.folder, 'other')
      mkdirSync(other)
      makeOtherPayload(payloadFolder, other)
      for (const file of readdirSync(other)) copyFileSync(join(other, file), join(payloadFolder, file))
      rmSync(other, { recursive: true })
      const jobsBefore = await jobCount()
      const { members } = await call('clusters.get', { cluster: 'lab' })
      const { operationId } = await call('clusters.upgrade', { cluster: 'lab', machines: members.map(({ machineId }) => machineId) })
      await done(operationId)
      const after = await call('clusters.get', { cluster: 'lab' })
      expect(new Set(after.members.map(({ payload }) => payload)).size).toBe(1)
      expect(before).not.toContain(after.members[0]?.payload)
      await until('six nodes', async () => ((await alive().catch(() => [])).length === 6 ? true : undefined))
      expect(await jobCount()).toBe(jobsBefore)
      expect(bed.host('n2').run('ls ~user/.shoal/runtime', 'user').trim().split('\n')).toEqual([after.members[0]?.payload])
    }, 240_000)

    const jobCount = async () => ((await call('api.read', { cluster: 'lab', route: 'listShoalJobs' })).body as { total: number }).total

    test('taking it down leaves nothing on any machine, and what was recorded is read through the same calls', async () => {
      const jobs = await jobCount()
      await done((await call('clusters.down', { cluster: 'lab' })).operationId)
      for (const host of [...bed.hosts, bed.host('jump')]) {
        expect([host.name, host.listChanges(), host.processes()]).toEqual([host.name, [], []])
      }
      const record = await call('api.read', { cluster: 'lab', route: 'listShoalJobs' })
      expect(record).toMatchObject({ source: 'record', body: { total: jobs } })
      expect(record.recordedAtMs).toBeGreaterThan(Date.now() - 600_000)
      const { body } = await call('api.read', {
        cluster: 'lab',
        route: 'listShoalJobs',
        query: { limit: 1, filter: ['status:eq:SUCCEEDED'] },
      })
      const [job] = (body as { rows: { id: string }[] }).rows // the same
      expect(await logOfJob(panel.host, { cluster: 'lab', job: job?.id ?? '' })).toMatch(/^here is n\d$/m)
      await expect(call('api.change', { cluster: 'lab', route: 'submitShoalJob', body: { entrypoint: 'true' } })).rejects.toThrow(
        'not connected',
      )
    }, 120_000)

    test('a cluster that is gone can be forgotten, and its record goes with it', async () => {
      await call('clusters.forget', { cluster: 'lab' })
      expect(await call('clusters.list', {})).toEqual([])
      await call('machines.remove', { machines: everybody })
    })
  },
)
