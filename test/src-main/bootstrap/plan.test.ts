import { describe, expect, test } from 'vitest'
import { Machine } from '#src-main/contract/machines.ts'
import { type Cluster, ClusterSpec, Plan } from '#src-main/contract/clusters.ts'
import { OperationInput } from '#src-main/bootstrap/operation-input.ts'
import { plannedMember } from '#src-main/bootstrap/machine-target.ts'
import { chooseNodeIp } from '#src-main/bootstrap/node-address.ts'
import { planAdd, planCreate, planDown, planDrain, planRemove, planRestart, planUpgrade } from '#src-main/bootstrap/plan.ts'
import { type PlannedOperation, runnableInput } from '#src-main/bootstrap/plan-of.ts'
import { aMachine, clusterId, machineIdOf } from './fleet.ts'

const hash = (digit: string) => digit.repeat(64)
const payloads = { x64: { sha256: hash('a'), sizeBytes: 42_000_000 }, arm64: { sha256: hash('b'), sizeBytes: 41_000_000 } }

type Change = (machine: Machine) => unknown

/** Machines as a probe found them, `changes` applied to those of that index. */
function inventory(count: number, changes: Readonly<Record<number, Change>> = {}): Machine[] {
  return Array.from({ length: count }, (_, index) => {
    const host = { name: `gpu${index}`, address: `10.0.0.${index + 1}`, user: 'user', home: '/home/user' } as const
    const machine = aMachine(host, index)
    changes[index]?.(machine)
    return Machine.parse(machine)
  })
}

const world = (machines: readonly Machine[]) => ({ machines, payloads })
const spec = (count: number, more: object = {}) =>
  ClusterSpec.parse({
    name: 'lab',
    head: machineIdOf(0),
    workers: Array.from({ length: count - 1 }, (_, index) => machineIdOf(index + 1)),
    ...more,
  })
const create = (machines: readonly Machine[], more: object = {}) => planCreate(clusterId, spec(machines.length, more), world(machines))
const blockersOf = ({ plan }: PlannedOperation) => plan.blockers.map(({ machineId, finding }) => `${machineId}: ${finding.id}`)
const stepsOf = ({ plan }: PlannedOperation, index: number) => plan.machines[index]?.steps.map(({ id }) => id).join(' ')

/** The record of a cluster after its creation went well. */
function running(machines: readonly Machine[], payload?: string): Cluster {
  const { input } = create(machines)
  const members = (input?.machines ?? []).map((target) => ({
    ...plannedMember(target),
    state: 'started' as const,
    address: `${target.nodeIp}:${target.agentPort}`,
    nodeId: '0'.repeat(56),
    ...(payload === undefined ? {} : { payload }),
  }))
  const link = { state: 'off', sinceMs: 0, message: null } as const
  return {
    id: clusterId,
    name: 'lab',
    engine: 'shoal',
    createdAtMs: 0,
    ports: spec(2).ports,
    service: 'none',
    members,
    link,
    lease: { holder: null, isOurs: true },
  }
}

describe('a plan', () => {
  test('of a creation says for each machine what is done there, with the command that could be run by hand', () => {
    const planned = create(inventory(2))
    expect(Plan.parse(planned.plan)).toEqual(planned.plan)
    expect(OperationInput.parse(planned.input)).toEqual(planned.input)
    expect(stepsOf(planned, 0)).toBe('connect probe upload unpack start verify')
    expect(stepsOf(planned, 1)).toBe('connect probe upload unpack network start verify')
    const command = (index: number) => planned.plan.machines[index]?.steps.find(({ id }) => id === 'start')?.command
    const session = `/home/user/.shoal/clusters/lab-${clusterId}`
    expect(command(0)).toContain(
      `"$payload/bin/shoal" start --head --json --temp-dir ${session}/gpu0 --port 6379 --agent-port 6380 --node-ip-address 10.0.0.1 --node-name gpu0`,
    )
    expect(command(1)).toContain(
      `start --json --temp-dir ${session}/gpu1 --address 10.0.0.1:6379 --join-token-file ${session}/gpu1/join-token --agent-port 6380 --node-ip-address 10.0.0.2 --node-name gpu1`,
    )
    expect(planned.plan.notes).toEqual(['40 MiB go from here to each of 2 machines: 80 MiB in all.'])
  })

  test('of ten machines and more says that most get the payload from each other', () => {
    expect(create(inventory(10)).plan.notes).toEqual([
      '40 MiB go to each of 10 machines: from here to about 4 (gpu0, gpu1, gpu2, gpu3), and from those to the others; about 160 MiB leave this computer.',
    ])
  })

  test('counts the machines that have the payload already', () => {
    const machines = inventory(2, { 1: ({ facts }) => facts?.payloads.push(hash('a')) })
    expect(create(machines).plan.notes[0]).toBe('1 of 2 machines have the payload already.')
  })

  test('is kept out by what cannot work, machine by machine, each with what to do', () => {
    const disk = { id: 'disk.full', level: 'blocker', title: 'Disk full', detail: '3 MB free', remedy: 'Free 400 MB.' } as const
    const planned = create(
      inventory(7, {
        1: (machine) => machine.findings.push(disk),
        2: (machine) => Object.assign(machine, { facts: null }),
        3: ({ facts }) => Object.assign(facts ?? {}, { arch: 'riscv64' }),
        4: (machine) => Object.assign(machine, { clusterId: 'c-ffffffffffff' }),
        5: (machine) => Object.assign(machine, { nodeIp: '10.0.0.1' }),
        6: ({ facts }) => Object.assign(facts ?? {}, { addresses: [{ address: '127.0.0.1', device: 'lo' }] }),
      }),
    )
    expect(blockersOf(planned)).toEqual([
      `${machineIdOf(1)}: disk.full`,
      `${machineIdOf(2)}: machine.not-checked`,
      `${machineIdOf(3)}: arch.unsupported`,
      `${machineIdOf(4)}: machine.elsewhere`,
      `${machineIdOf(5)}: machine.twice`,
      `${machineIdOf(6)}: address.none`,
    ])
    expect(() => runnableInput(planned, { withoutBlocked: false })).toThrow(/gpu1: Disk full: 3 MB free\. Free 400 MB\./)
    expect(runnableInput(planned, { withoutBlocked: true }).machines.map(({ name }) => name)).toEqual(['gpu0'])
  })

  test('whose head is kept out is not run, with or without the others', () => {
    const planned = create(inventory(2, { 0: (machine) => Object.assign(machine, { facts: null }) }))
    expect(() => runnableInput(planned, { withoutBlocked: true })).toThrow(expect.objectContaining({ code: 'machine.unfit' }))
  })

  test('names a missing payload by the command that makes it', () => {
    const planned = planCreate(clusterId, spec(1), { machines: inventory(1), payloads: {} })
    expect(planned.plan.blockers[0]?.finding).toMatchObject({
      id: 'payload.missing',
      remedy: expect.stringContaining('npm run payload -- --arch x64'),
    })
  })

  test('takes each machine’s own payload, by its processor', () => {
    const planned = create(inventory(2, { 1: ({ facts }) => Object.assign(facts ?? {}, { arch: 'aarch64' }) }))
    expect(planned.input?.machines.map(({ payload }) => payload)).toEqual([hash('a'), hash('b')])
  })

  test('gives two machines of one host name folders of their own', () => {
    const planned = create(inventory(2, { 1: ({ facts }) => Object.assign(facts ?? {}, { hostname: 'gpu0' }) }))
    expect(new Set(planned.input?.machines.map(({ sessionFolder }) => sessionFolder)).size).toBe(2)
  })

  test('refuses a machine that is named twice, and one that is gone', () => {
    const twice = ClusterSpec.parse({ name: 'lab', head: machineIdOf(0), workers: [machineIdOf(0)] })
    expect(() => planCreate(clusterId, twice, world(inventory(1)))).toThrow(expect.objectContaining({ code: 'bad-argument' }))
    expect(() => planCreate(clusterId, spec(2), world(inventory(1)))).toThrow(expect.objectContaining({ code: 'machine.not-found' }))
  })

  test('with a service has a step that makes it come back', () => {
    expect(stepsOf(create(inventory(1), { service: 'auto' }), 0)).toBe('connect probe upload unpack start verify service')
  })
})

describe('plans for a cluster that runs', () => {
  const machines = inventory(3)

  test('add joins the head that is there', () => {
    const planned = planAdd(running(machines.slice(0, 2)), [machineIdOf(2)], world(machines))
    expect(stepsOf(planned, 0)).toBe('connect probe upload unpack network start verify')
    expect(planned.input?.head).toMatchObject({ name: 'gpu0', nodeIp: '10.0.0.1', role: 'head' })
    expect(blockersOf(planAdd({ ...running(machines), members: [] }, [machineIdOf(2)], world(machines)))).toEqual(['null: head.none'])
  })

  test('drain is for members only, and says what stays', () => {
    const planned = planDrain(running(machines), [machineIdOf(2)], world(machines))
    expect(stepsOf(planned, 0)).toBe('drain')
    expect(planned.plan.notes[0]).toMatch(/all of ours stays/)
    expect(() => planDrain(running(machines.slice(0, 2)), [machineIdOf(2)], world(machines))).toThrow(/gpu2 is not part of cluster lab/)
  })

  test('remove drains first, unless forced; the head is not removed alone', () => {
    const leaving = { ...world(machines), force: false, unreachable: new Set<string>() }
    expect(stepsOf(planRemove(running(machines), [machineIdOf(1)], leaving), 0)).toBe('connect drain stop delete')
    expect(stepsOf(planRemove(running(machines), [machineIdOf(1)], { ...leaving, force: true }), 0)).toBe('connect stop delete')
    expect(blockersOf(planRemove(running(machines), [machineIdOf(0)], leaving))).toEqual([`${machineIdOf(0)}: head.stays`])
  })

  test('a machine that cannot be reached is forgotten by force only, and what stays there is said', () => {
    const leaving = { ...world(machines), force: true, unreachable: new Set([machineIdOf(1)]) }
    const planned = planRemove(running(machines), [machineIdOf(1)], leaving)
    expect(stepsOf(planned, 0)).toBe('forget')
    expect(planned.plan.notes.join('\n')).toContain('gpu1 cannot be reached and is only forgotten')
    expect(stepsOf(planRemove(running(machines), [machineIdOf(1)], { ...leaving, force: false }), 0)).toBe('connect drain stop delete')
  })

  test('down ends the head when all others have ended', () => {
    const { input } = planDown(running(machines), { ...world(machines), force: false, unreachable: new Set<string>() })
    expect(input?.machines.map(({ name }) => name)).toEqual(['gpu0', 'gpu1', 'gpu2'])
  })

  test('restart and upgrade say what is away meanwhile; an upgrade knows the payload that goes', () => {
    expect(stepsOf(planRestart(running(machines), [machineIdOf(1)], world(machines)), 0)).toBe('connect stop start verify')
    const ids = machines.map(({ id }) => id)
    const planned = planUpgrade(running(machines, hash('c')), ids, world(machines))
    expect(stepsOf(planned, 1)).toBe('connect upload unpack stop start verify prune')
    expect(planned.input?.machines[1]).toMatchObject({ payload: hash('a'), previousPayload: hash('c') })
    expect(planned.plan.notes.join('\n')).toMatch(/head is started anew.*What runs on the workers is ended/s)
    const gentle = planUpgrade(running(machines, hash('c')), ids, { ...world(machines), drain: true })
    expect(stepsOf(gentle, 0)).toBe('connect upload unpack stop start verify prune')
    expect(stepsOf(gentle, 1)).toBe('connect upload unpack drain stop start verify prune')
  })
})

describe('the address by which the others reach a machine', () => {
  const addresses = [
    { address: '127.0.0.1', device: 'lo' },
    { address: '172.17.0.1', device: 'docker0' },
    { address: 'fe80::1', device: 'eth0' },
    { address: '2001:db8::5', device: 'eth0' },
    { address: '10.1.2.3', device: 'eth0' },
    { address: '192.168.9.9', device: 'wg0' },
  ]
  test.each([
    ['what a person said', { nodeIp: '1.2.3.4', host: 'gpu', facts: { addresses } }, '1.2.3.4'],
    ['the one we reach it by', { host: '192.168.9.9', facts: { addresses } }, '192.168.9.9'],
    ['else the first IPv4 address that is not of containers', { host: 'gpu', facts: { addresses } }, '10.1.2.3'],
    ['an IPv6 address where there is no other', { host: 'gpu', facts: { addresses: addresses.slice(0, 4) } }, '2001:db8::5'],
    ['none on a machine with loopback only', { host: 'gpu', facts: { addresses: addresses.slice(0, 3) } }, undefined],
  ])('is %s', (_, known, expected) => {
    expect(chooseNodeIp(known)).toBe(expected)
  })
})
