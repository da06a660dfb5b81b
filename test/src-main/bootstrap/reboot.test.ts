import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { planDown, planRemove } from '#src-main/bootstrap/plan.ts'
import { runnableInput } from '#src-main/bootstrap/plan-of.ts'
import { type Bed, createBed, whyNoCron } from '#test/support/bed/bed.ts'
import { ensurePayload } from '#test/support/payload.ts'
import { Fleet, machineIdOf, stepOf, troubleOf, until } from './fleet.ts'

const missing = whyNoCron()

type StatusLine = { readonly nodes: { readonly name: string; readonly state: string }[] }

describe.skipIf(missing !== undefined)(
  `machines that are started again, or gone${missing === undefined ? '' : ` (needs ${missing})`}`,
  () => {
    let bed: Bed
    let fleet: Fleet
    beforeAll(async () => {
      const folder = await ensurePayload()
      bed = await createBed({ hosts: [{ name: 'one', cron: true }, { name: 'two', cron: true }, { name: 'three' }] })
      fleet = new Fleet(bed, folder)
      fleet.cluster = { ...fleet.cluster, service: 'auto' }
    }, 180_000)
    afterAll(async () => {
      for (const connection of fleet?.connections ?? []) connection.close()
      await bed?.close()
    })

    const head = () => fleet.cluster.members.find(({ role }) => role === 'head')

    function alive(): string[] {
      const { home } = bed.host('one')
      const { status, stdout } = bed
        .host('one')
        .try(`${home}/.shoal/runtime/${head()?.payload}/bin/shoal status --json --temp-dir ${head()?.sessionFolder}`, 'user')
      if (status !== 0) return []
      const { nodes } = JSON.parse(stdout) as StatusLine // what the command line prints
      return nodes
        .filter(({ state }) => state === 'alive')
        .map(({ name }) => name)
        .toSorted()
    }

    async function comeBack(names: readonly string[]): Promise<void> {
      const untilMs = performance.now() + 60_000
      while (alive().join() !== names.join() && performance.now() < untilMs) await new Promise((resolve) => setTimeout(resolve, 500))
      expect(alive()).toEqual(names)
    }

    test('with a service, nodes and the head itself come back after a reboot, as the same cluster; where nothing does that, the step says why', async () => {
      const operation = await (await fleet.create()).done
      expect(troubleOf(operation)).toEqual([])
      expect(stepOf(operation, 'one', 'service')).toMatchObject({ state: 'done', note: 'a line of its crontab' })
      expect(stepOf(operation, 'three', 'service')).toMatchObject({
        state: 'skipped',
        note: expect.stringMatching(/not come back by itself.*systemd.*crontab/),
      })
      const token = bed.host('one').run(`cat ${head()?.sessionFolder}/head/join-token`)
      for (const name of ['one', 'two']) await bed.host(name).powerOff()
      for (const name of ['two', 'one']) await bed.host(name).powerOn()
      await comeBack(['one', 'three', 'two'])
      expect(bed.host('one').run(`cat ${head()?.sessionFolder}/head/join-token`)).toBe(token)
    }, 180_000)

    test('a machine that cannot be reached fails its removal and nobody else’s; by force it is forgotten, and what stays there is said', async () => {
      await bed.host('three').powerOff()
      const ids = [machineIdOf(1), machineIdOf(2)]
      const leaving = { ...(await fleet.world()), force: false, unreachable: new Set<string>() }
      const first = await fleet.begin(runnableInput(planRemove(fleet.cluster, ids, leaving), { withoutBlocked: false })).done
      expect(first.machines.map(({ name, state, failure }) => `${name} ${state} ${failure?.code}`)).toEqual([
        'two done undefined',
        'three failed ssh.unreachable',
      ])
      expect(bed.host('two').try('crontab -l', 'user').stdout).toBe('')
      expect({ changes: bed.host('two').listChanges(), processes: bed.host('two').processes() }).toEqual({ changes: [], processes: [] })

      const forced = { ...leaving, force: true, unreachable: new Set([machineIdOf(2)]) }
      const folder = fleet.cluster.members.find(({ machineId }) => machineId === machineIdOf(2))?.sessionFolder
      const second = await fleet.begin(runnableInput(planRemove(fleet.cluster, [machineIdOf(2)], forced), { withoutBlocked: false })).done
      expect(stepOf(second, 'three', 'forget')?.log).toContain(folder)
      expect(fleet.cluster.members.map(({ machineId }) => machineId)).toEqual([machineIdOf(0)])
    }, 120_000)

    test('a link that breaks while the node starts is no harm: the retry waits for that start and finds it running', async () => {
      await fleet.takeDown()
      const running = await fleet.create(2)
      await until(running, (now) => stepOf(now, 'two', 'start')?.state === 'running')
      bed.host('two').restartSshd()
      await running.done
      running.retry()
      expect(troubleOf(await running.done)).toEqual([])
      expect(alive()).toEqual(['one', 'two'])
      const daemons = bed
        .host('two')
        .processes()
        .filter(({ command }) => /agent\.mjs/.test(command))
      expect(daemons).toHaveLength(1)
    }, 120_000)

    test('down keeps a payload that a session of another cluster names, and takes away what a half-removed session left', async () => {
      const { home } = bed.host('one')
      const other = `${home}/.shoal/clusters/other-c-ffffffffffff/one`
      bed.host('one').run(`mkdir -p ${other} && cat ${head()?.sessionFolder}/payload >${other}/payload`, 'user')
      bed.host('two').run(`rm -rf ${home}/.shoal/runtime`, 'user') // as if somebody had tidied up there
      const operation = await fleet.begin(
        runnableInput(planDown(fleet.cluster, { ...(await fleet.world()), force: false, unreachable: new Set<string>() }), {
          withoutBlocked: false,
        }),
      ).done
      expect(troubleOf(operation)).toEqual([])
      expect(bed.host('one').run(`ls ${home}/.shoal/runtime`).trim()).toMatch(/^[0-9a-f]{64}$/)
      expect(bed.host('one').run(`ls ${home}/.shoal/clusters`).trim()).toBe('other-c-ffffffffffff')
      expect({ changes: bed.host('two').listChanges(), processes: bed.host('two').processes() }).toEqual({ changes: [], processes: [] })
    }, 120_000)
  },
)
