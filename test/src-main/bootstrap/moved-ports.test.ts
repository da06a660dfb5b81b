import { expect, test } from 'vitest'
import { keptPorts, movedText, takenPorts, withMovedPorts } from '#src-main/bootstrap/moved-ports.ts'
import type { Cluster } from '#src-main/contract/clusters.ts'
import { Machine } from '#src-main/contract/machines.ts'
import { aMachine, clusterId, machineIdOf } from './fleet.ts'

type Listener = NonNullable<Machine['facts']>['listening'][number]
const by = (port: number, more: Partial<Listener> = {}): Listener => ({ port, address: '127.0.0.1', process: 'nginx (process 7)', ...more })
const own = { process: 'node (process 8)', session: `/home/user/.shoal/clusters/local-${clusterId}/here` }

function machine(listening: readonly Listener[] = [], more: Partial<Machine> = {}): Machine {
  const made = Machine.parse(aMachine({ name: 'here', address: '127.0.0.1', user: 'user', home: '/home/user' }, 0))
  return { ...made, ...more, facts: made.facts && { ...made.facts, listening: [...listening] } }
}

const cluster = (more: Partial<Cluster> = {}): Cluster => ({
  ...{ id: clusterId, name: 'local', engine: 'shoal', createdAtMs: 0, ports: { head: 25_000, agent: 25_001, api: 8_265 }, service: 'none' },
  members: [
    {
      ...{ machineId: machineIdOf(0), role: 'head', state: 'started', payload: 'a'.repeat(64), address: '127.0.0.1:25001', nodeId: null },
      ...{ sessionFolder: own.session, extraNodes: [{ name: 'local-2', agentPort: 25_002, nodeId: null }] },
    },
  ],
  ...{ link: { state: 'off', sinceMs: 0, message: null }, lease: { holder: null, isOurs: false } },
  ...more,
})

const taken = (...listening: readonly Listener[]) => takenPorts(cluster(), machine(listening)).map(({ of }) => of)

test('a port that another program has is taken, one of the cluster itself is not', () => {
  expect(taken()).toEqual([])
  expect(taken(by(25_000), by(25_001), by(25_002), by(8_265))).toEqual(['head', 'agent', 'api', 'local-2'])
  expect(taken(by(25_000, own), by(25_002, own), by(25_001))).toEqual(['agent'])
})

test('the API listens on loopback alone, and a free port of its choice is never taken', () => {
  expect(taken(by(8_265, { address: '10.0.0.1' }), by(25_000, { address: '10.0.0.1' }))).toEqual(['head'])
  const free = cluster({ ports: { head: 25_000, agent: 25_001, api: 0 } })
  expect(keptPorts(free, machine()).map(({ of }) => of)).toEqual(['head', 'agent', 'local-2'])
})

test('the port that a person gave the machine stays as it is', () => {
  expect(takenPorts(cluster(), machine([by(25_001)], { agentPort: 25_001 }))).toEqual([])
})

test('what moves is moved wherever it is written down, and what stays is not touched', () => {
  const moved = [
    { of: 'head', from: 25_000, to: 26_000, holder: 'nginx (process 7)' },
    { of: 'local-2', from: 25_002, to: 26_002, holder: 'nginx (process 7)' },
  ]
  const next = withMovedPorts(cluster(), moved)
  expect(next.ports).toEqual({ head: 26_000, agent: 25_001, api: 8_265 })
  expect(next.members[0]).toMatchObject({ address: '127.0.0.1:25001', extraNodes: [{ name: 'local-2', agentPort: 26_002 }] })
  const agent = withMovedPorts(cluster(), [{ of: 'agent', from: 25_001, to: 26_001, holder: 'nginx' }])
  expect(agent.members[0]?.address).toBeNull() // the one that it had leads to somebody else
  expect(keptPorts(agent, machine())[1]).toMatchObject({ of: 'agent', port: 26_001 })
})

test.each([
  ['head', 26_000, 'port 1 is taken by nginx: the head listens on port 26000 from now on\n'],
  ['agent', 26_000, 'port 1 is taken by nginx: the node here listens on port 26000 from now on\n'],
  ['local-2', 26_000, 'port 1 is taken by nginx: the node local-2 listens on port 26000 from now on\n'],
  ['api', 0, 'port 1 is taken by nginx: the HTTP API listens on a free port from now on\n'],
])('it is said of %s', (of, to, text) => {
  expect(movedText({ of, from: 1, to, holder: 'nginx' }, 'here')).toBe(text)
})
