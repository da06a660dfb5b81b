import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { planDown, planDrain, planRemove, planRestart, planUpgrade } from '#src-main/bootstrap/plan.ts'
import { runnableInput } from '#src-main/bootstrap/plan-of.ts'
import type { PlannedOperation } from '#src-main/bootstrap/plan-of.ts'
import { type Bed, createBed, whyNoBed } from '#test/support/bed/bed.ts'
import { ensurePayload, makeOtherPayload } from '#test/support/payload.ts'
import { Fleet, longestSteps, machineIdOf, troubleOf } from './fleet.ts'

const missing = whyNoBed()
const leaving = { force: false, unreachable: new Set<string>() }

type StatusLine = { readonly nodes: { readonly name: string; readonly state: string; readonly isHead: boolean }[] }

describe.skipIf(missing !== undefined)(`a cluster on machines over SSH${missing === undefined ? '' : ` (needs ${missing})`}`, () => {
  let bed: Bed
  let fleet: Fleet
  beforeAll(async () => {
    const folder = await ensurePayload()
    bed = await createBed({
      hosts: [{ name: 'one' }, { name: 'two', noisyShell: true }, { name: 'three', shell: '/bin/sh', bare: true }, { name: 'four' }],
    })
    fleet = new Fleet(bed, folder)
  }, 180_000)
  afterAll(async () => {
    for (const connection of fleet?.connections ?? []) connection.close()
    await bed?.close()
  })

  const host = (index: number) => fleet.hostOf(machineIdOf(index))
  const member = (index: number) => fleet.cluster.members.find(({ machineId }) => machineId === machineIdOf(index))

  function status(): StatusLine {
    const head = fleet.cluster.members.find(({ role }) => role === 'head')
    const shoal = `${host(0).home}/.shoal/runtime/${head?.payload}/bin/shoal`
    return JSON.parse(host(0).run(`${shoal} status --json --temp-dir ${head?.sessionFolder}`, 'user')) as StatusLine // what the command line prints
  }
  const alive = () =>
    status()
      .nodes.filter(({ state }) => state === 'alive')
      .map(({ name }) => name)
      .toSorted()

  async function run(planned: PlannedOperation) {
    const operation = await fleet.begin(runnableInput(planned, { withoutBlocked: false })).done
    expect(troubleOf(operation)).toEqual([])
    return operation
  }

  test('create brings the payload to each, starts a head and its workers, and sees all of them alive', async () => {
    const operation = await (await fleet.create(3)).done
    expect(troubleOf(operation)).toEqual([])
    expect(operation.state).toBe('done')
    expect(alive()).toEqual(['one', 'three', 'two'])
    expect(member(1)).toMatchObject({
      state: 'started',
      address: `${host(1).address}:6380`,
      nodeId: expect.stringMatching(/^[0-9a-f]{56}$/),
    })
    expect(fleet.apis.get(machineIdOf(0))).toEqual({ address: '127.0.0.1:8265', tokenFile: `${member(0)?.sessionFolder}/head/api-token` })
    if (process.env['SHOW_TIMES']) expect(longestSteps(operation)).toEqual({})
  }, 120_000)

  test('the daemons go on when every SSH connection is gone, and no secret of theirs stands in a process list, a step or the record', async () => {
    for (const connection of fleet.connections) connection.close()
    bed.hosts.slice(0, 3).forEach((each) => each.restartSshd())
    expect(alive()).toEqual(['one', 'three', 'two'])
    const token = host(0)
      .run(`cat ${member(0)?.sessionFolder}/head/join-token`)
      .trim()
    expect(token.length).toBeGreaterThan(20)
    expect(
      host(1)
        .run(`cat ${member(1)?.sessionFolder}/join-token`)
        .trim(),
    ).toBe(token)
    expect(
      host(1)
        .run(`stat -c %a ${member(1)?.sessionFolder}/join-token`)
        .trim(),
    ).toBe('600')
    expect(JSON.stringify(fleet.saved)).not.toContain(token)
    for (const each of bed.hosts) expect(each.processes().filter(({ command }) => command.includes(token))).toEqual([])
  })

  test('create once more changes nothing: what runs as it should is left alone', async () => {
    const daemons = () =>
      host(1)
        .processes()
        .flatMap(({ pid, command }) => (command.includes('--temp-dir') ? [pid] : []))
    const before = daemons()
    expect(before.length).toBeGreaterThan(0)
    const operation = await (await fleet.create(3)).done
    expect(troubleOf(operation)).toEqual([])
    const steps = operation.machines.flatMap((each) =>
      each.steps.filter(({ id }) => id === 'upload' || id === 'start').map(({ state, note }) => `${state}: ${note}`),
    )
    expect(new Set(steps)).toEqual(new Set(['skipped: payload is there', 'skipped: it runs already']))
    expect(daemons()).toEqual(before)
  }, 60_000)

  test('add brings in a fourth', async () => {
    const operation = await (await fleet.add(3)).done
    expect(troubleOf(operation)).toEqual([])
    expect(alive()).toEqual(['four', 'one', 'three', 'two'])
  }, 60_000)

  test('drain lets a node leave, and a restart brings it back', async () => {
    await run(planDrain(fleet.cluster, [machineIdOf(3)], await fleet.world()))
    expect(alive()).toEqual(['one', 'three', 'two'])
    expect(member(3)).toMatchObject({ state: 'stopped' })
    await run(planRestart(fleet.cluster, [machineIdOf(3)], await fleet.world()))
    expect(alive()).toEqual(['four', 'one', 'three', 'two'])
  }, 60_000)

  test('upgrade starts every machine anew with another payload, the head in place, and deletes the old one', async () => {
    const before = host(0).run(`cat ${member(0)?.sessionFolder}/head/join-token`)
    const other = join(bed.folder, 'other-payload')
    mkdirSync(other)
    makeOtherPayload(fleet.payloadFolder, other)
    fleet.payloadFolder = other
    const ids = fleet.cluster.members.map(({ machineId }) => machineId)
    await run(planUpgrade(fleet.cluster, ids, { ...(await fleet.world()), drain: true }))
    expect(alive()).toEqual(['four', 'one', 'three', 'two'])
    expect(host(0).run(`cat ${member(0)?.sessionFolder}/head/join-token`)).toBe(before)
    for (const index of [0, 1, 2, 3])
      expect(
        host(index)
          .run(`ls -A ${host(index).home}/.shoal/runtime`)
          .split('\n'),
      ).toEqual([member(index)?.payload, ''])
  }, 120_000)

  test('remove drains a machine, stops it, and leaves nothing of ours there', async () => {
    const operation = await run(planRemove(fleet.cluster, [machineIdOf(3)], { ...(await fleet.world()), ...leaving }))
    expect(alive()).toEqual(['one', 'three', 'two'])
    expect(host(3).listChanges()).toEqual([])
    expect(host(3).processes()).toEqual([])
    expect(operation.machines[0]?.steps.find(({ id }) => id === 'delete')?.log).toMatch(
      /^removed session \d+ .*\/clusters\/lab-c-0123456789ab\/four$/m,
    )
    expect(fleet.cluster.members).toHaveLength(3)
  }, 60_000)

  test('down ends the workers, then the head, and leaves nothing on any machine', async () => {
    const operation = await run(planDown(fleet.cluster, { ...(await fleet.world()), ...leaving }))
    const ends = operation.machines.map(({ role, steps }) => ({
      role,
      atMs: steps.find(({ id }) => id === 'stop')?.startedAtMs ?? 0,
      overMs: steps.at(-1)?.endedAtMs ?? 0,
    }))
    const head = ends.find(({ role }) => role === 'head')
    for (const worker of ends.filter(({ role }) => role === 'worker')) expect(head?.atMs).toBeGreaterThanOrEqual(worker.overMs)
    for (const each of bed.hosts) {
      expect({ host: each.name, changes: each.listChanges(), processes: each.processes() }).toEqual({
        host: each.name,
        changes: [],
        processes: [],
      })
    }
    expect(fleet.cluster.members).toEqual([])
  }, 60_000)
})
