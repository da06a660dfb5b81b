import { describe, expect, test } from 'vitest'
import { plannedMember } from '#src-main/bootstrap/machine-target.ts'
import { planAdd, planCreate, planDown, planDrain, planUpgrade } from '#src-main/bootstrap/plan.ts'
import type { PlannedOperation } from '#src-main/bootstrap/plan-of.ts'
import { readRayNodes } from '#src-main/bootstrap/ray/node-scripts.ts'
import { type Cluster, ClusterSpec } from '#src-main/contract/clusters.ts'
import { Machine } from '#src-main/contract/machines.ts'
import { RaySetup } from '#src-main/contract/ray-setup.ts'
import { aMachine, clusterId, machineIdOf } from '../fleet.ts'

const payloads = { x64: { sha256: 'a'.repeat(64), sizeBytes: 42_000_000 } }
const wheels = { sha256: 'c'.repeat(64), sizeBytes: 110_000_000 }

const machines = (...pythons: (string | null)[]): Machine[] =>
  pythons.map((version, index) => {
    const machine = aMachine({ name: `gpu${index}`, address: `10.0.0.${index + 1}`, user: 'user', home: '/home/user' }, index)
    const python = version === null ? null : { path: '/usr/bin/python3', version, hasVenv: true, hasPip: true }
    return Machine.parse({ ...machine, facts: machine.facts && { ...machine.facts, python } })
  })

const specOf = (known: readonly Machine[], ray?: Partial<RaySetup>, more: object = {}) =>
  ClusterSpec.parse({ name: 'lab', engine: 'ray', head: machineIdOf(0), workers: known.slice(1).map(({ id }) => id), ray, ...more })
const create = (known: readonly Machine[], ray?: Partial<RaySetup>) =>
  planCreate(clusterId, specOf(known, ray), { machines: known, payloads, ...(ray?.wheels ? { wheels } : {}) })
const stepsOf = ({ plan }: PlannedOperation, index: number) => plan.machines[index]?.steps.map(({ id }) => id).join(' ')
const commandOf = ({ plan }: PlannedOperation, index: number, step: string) =>
  plan.machines[index]?.steps.find(({ id }) => id === step)?.command ?? ''
const blockersOf = ({ plan }: PlannedOperation) => plan.blockers.map(({ machineId, finding }) => `${machineId}: ${finding.id}`)

function running(known: readonly Machine[], ray: RaySetup): Cluster {
  const planned = create(known, ray)
  return {
    ...{ id: clusterId, name: 'lab', engine: 'ray', createdAtMs: 0, ports: specOf(known).ports, service: 'none', ray },
    members: (planned.input?.machines ?? []).map((target) => ({
      ...plannedMember(target),
      state: 'started' as const,
      address: `${target.nodeIp}:${target.agentPort}`,
      nodeId: '0'.repeat(56),
    })),
    link: { state: 'off', sinceMs: 0, message: null },
    lease: { holder: null, isOurs: true },
  }
}

describe('a cluster of Ray', () => {
  test('is made in the steps of one of ours, with an environment before the start and the token never in a command', () => {
    const planned = create(machines('3.11.2', '3.11.9'))
    expect(stepsOf(planned, 0)).toBe('connect probe upload unpack ray start verify')
    expect(stepsOf(planned, 1)).toBe('connect probe upload unpack ray network start verify')
    expect(commandOf(planned, 0, 'ray')).toContain("'ray[default]==2.58.0'")
    expect(commandOf(planned, 0, 'start')).toMatch(/--dashboard-host=127\.0\.0\.1 .*--port=6379 --dashboard-port=8265/s)
    expect(commandOf(planned, 1, 'start')).toMatch(/--address=10\.0\.0\.1:6379 --node-ip-address=10\.0\.0\.2/)
    expect(commandOf(planned, 1, 'start')).toMatch(/RAY_AUTH_TOKEN_PATH=\S+\/join-token/)
  })

  test('with wheels gets them first, and is told to use nothing else', () => {
    const planned = create(machines('3.11.2'), { wheels: '/wheels' })
    expect(stepsOf(planned, 0)).toBe('connect probe upload unpack wheels ray start verify')
    expect(commandOf(planned, 0, 'ray')).toContain('--no-index --find-links')
    expect(planned.input?.wheels).toEqual(wheels)
  })

  test('is refused where machines have other Pythons than the head, which a named Python or an unknown one does not say', () => {
    expect(blockersOf(create(machines('3.11.2', '3.12.1', '3.11.9')))).toEqual([`${machineIdOf(1)}: ray.python-differs`])
    expect(blockersOf(create(machines('3.11.2', '3.12.1'), { python: 'python3.12' }))).toEqual([])
    expect(blockersOf(create(machines('3.11.2', null)))).toEqual([])
  })

  test('is refused where nobody would be kept out, and where its dashboard would have no port', () => {
    const known = machines('3.11.2')
    expect(() => create(known, { version: '2.51.2' })).toThrow(/2\.51\.2 has no token authentication.*2\.52\.0 or later/)
    const noPort = specOf(known, undefined, { ports: { api: 0 } })
    expect(() => planCreate(clusterId, noPort, { machines: known, payloads })).toThrow(/dashboard needs a port/)
    const ours = ClusterSpec.parse({ ...specOf(known, {}), engine: 'shoal' })
    expect(() => planCreate(clusterId, ours, { machines: known, payloads })).toThrow(/only for the engine ray/)
  })

  test('goes to another version as a whole: installed beside the old one, workers after the head', () => {
    const known = machines('3.11.2', '3.11.2')
    const cluster = running(known, RaySetup.parse({}))
    const world = { machines: known, payloads, rayVersion: '2.59.0' }
    const planned = planUpgrade(cluster, [machineIdOf(0), machineIdOf(1)], world)
    expect(stepsOf(planned, 1)).toBe('connect upload unpack ray stop start verify prune')
    expect(planned.input?.ray?.version).toBe('2.59.0')
    expect(commandOf(planned, 0, 'prune')).toContain('/ray-2.59.0')
    expect(() => planUpgrade(cluster, [machineIdOf(1)], world)).toThrow(/all nodes of lab have the same Ray/)
    expect(() => planUpgrade(cluster, [machineIdOf(0), machineIdOf(1)], { ...world, rayVersion: '2.9.3' })).toThrow(/no token/)
  })

  test('ends what is its own alone: no step says ray stop', () => {
    const known = machines('3.11.2', '3.11.2')
    const cluster = running(known, RaySetup.parse({}))
    const leaving = { machines: known, payloads, force: false, unreachable: new Set<string>() }
    const down = planDown(cluster, leaving)
    expect(stepsOf(down, 0)).toBe('connect stop delete')
    expect(commandOf(down, 1, 'stop')).toContain('SHOAL_RAY_NODE=$session')
    expect(JSON.stringify([down.plan, planDrain(cluster, [machineIdOf(1)], leaving).plan])).not.toMatch(/ray stop/)
    const more = machines('3.11.2', '3.11.2', '3.12.0')
    expect(blockersOf(planAdd(cluster, [machineIdOf(2)], { machines: more, payloads }))).toEqual([`${machineIdOf(2)}: ray.python-differs`])
  })
})

test('the nodes that a head tells are read, whatever they are called', () => {
  const id = 'a'.repeat(56)
  expect(readRayNodes(`node ALIVE ${id} head gpu 1\nnoise\nnode DEAD ${id} worker gpü2\nnode ALIVE short worker x\n`)).toEqual([
    { state: 'ALIVE', nodeId: id, isHead: true, name: 'gpu 1' },
    { state: 'DEAD', nodeId: id, isHead: false, name: 'gpü2' },
  ])
})
