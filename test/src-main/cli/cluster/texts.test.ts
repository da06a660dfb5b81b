import { expect, test } from 'vitest'
import type { NodeSummary } from '#runtime/api/nodes.ts'
import { differenceText } from '#src-main/cli/cluster/apply.ts'
import { blockedOf, planText } from '#src-main/cli/cluster/plan-text.ts'
import { clusterTable, clusterText } from '#src-main/cli/cluster/show.ts'
import { nodesText, recordedText } from '#src-main/cli/cluster/status.ts'
import type { Cluster, Member, Plan } from '#src-main/contract/clusters.ts'
import { aFinding, aMachine, idOf } from '../builders.ts'

const steps = [
  { id: 'upload', title: 'Upload', effect: '28 MiB to ~/.shoal', command: 'cat > x' },
  { id: 'start', title: 'Start', effect: '', command: null },
]
const planned = (name: string, more: Partial<Plan['machines'][number]> = {}): Plan['machines'][number] => ({
  machineId: idOf(name),
  name,
  role: 'worker',
  steps,
  findings: [],
  ...more,
})
const aPlan = (more: Partial<Plan> = {}): Plan => ({
  kind: 'create',
  clusterId: null,
  clusterName: 'lab',
  machines: [planned('h', { role: 'head' }), planned('a'), planned('b')],
  notes: ['84 MiB are sent'],
  blockers: [],
  ...more,
})

test('a plan shows machines with the same steps together, what is in the way, and commands when asked', () => {
  const finding = aFinding('blocker', { title: 'No room', remedy: 'free some' })
  const plan = aPlan({
    machines: [planned('h', { role: 'head' }), planned('a'), planned('b', { findings: [finding] })],
    blockers: [{ machineId: idOf('b'), finding }],
  })
  expect(planText(plan, false)).toBe(
    [
      'Plan: create lab, 3 machines',
      '',
      'head h',
      '   1. Upload: 28 MiB to ~/.shoal',
      '   2. Start',
      '',
      'worker a, b',
      '   1. Upload: 28 MiB to ~/.shoal',
      '   2. Start',
      '',
      'Note: 84 MiB are sent',
      '',
      '  blocker  No room',
      '           on b',
      '           → free some',
    ].join('\n'),
  )
  expect(planText(plan, true)).toContain('   1. Upload: 28 MiB to ~/.shoal\n        $ cat > x')
})

test('machines that differ in paths alone stand together, told of the first, and apart with commands', () => {
  const other = planned('b', { steps: steps.map((step) => ({ ...step, effect: step.effect.replace('~', '/data/b') })) })
  const plan = aPlan({ machines: [planned('a'), other] })
  expect(planText(plan, false)).toContain('\nworker a, b, told of a\n   1. Upload: 28 MiB to ~/.shoal\n')
  expect(planText(plan, true)).toMatch(/\nworker a\n[^]*\nworker b\n {3}1\. Upload: 28 MiB to \/data\/b\/\.shoal\n/)
})

test('a blocker of a worker keeps that one out, one of the head or of all keeps everything from being done', () => {
  const finding = aFinding('blocker')
  expect(blockedOf(aPlan())).toEqual({ names: [], whole: false })
  expect(blockedOf(aPlan({ blockers: [{ machineId: idOf('a'), finding }] }))).toEqual({ names: ['a'], whole: false })
  expect(blockedOf(aPlan({ blockers: [{ machineId: idOf('h'), finding }] })).whole).toBe(true)
  expect(blockedOf(aPlan({ blockers: [{ machineId: null, finding }] })).whole).toBe(true)
  expect(planText(aPlan({ blockers: [{ machineId: null, finding }] }), false)).toContain('  blocker  a blocker')
})

const member = (name: string, more: Partial<Member>): Member => ({
  machineId: idOf(name),
  role: 'worker',
  state: 'started',
  payload: 'f'.repeat(64),
  address: '10.0.0.1:6380',
  nodeId: '0123456789'.repeat(6),
  sessionFolder: null,
  ...more,
})
const lab: Cluster = {
  id: 'c-0123456789ab',
  name: 'lab',
  engine: 'shoal',
  createdAtMs: 0,
  ports: { head: 6_379, agent: 6_380, api: 0 },
  service: 'none',
  members: [member('h', { role: 'head' }), member('gone', { state: 'draining', payload: null, nodeId: null })],
  link: { state: 'reconnecting', sinceMs: 55_000, message: 'the link broke' },
  lease: { holder: 'other@desk', isOurs: false },
}

test('a cluster is shown with its members, their states and versions, and who may change it', () => {
  const known = { machines: [aMachine('h')], nowMs: 65_000 }
  expect(clusterTable([lab], known)).toBe(
    [
      'NAME  ENGINE  MACHINES        HEAD  LINK          AGE        CHANGED BY',
      'lab   shoal   1 of 2 started  h     reconnecting  1 min 5 s  other@desk',
    ].join('\n'),
  )
  const text = clusterText(lab, known)
  expect(text).toContain('  Link          reconnecting, for 10 s: the link broke')
  expect(text).toContain('  Ports         head 6379, nodes 6380, API a free one')
  expect(text).toMatch(/\nh +head +started +reachable +ffffffffffff +10\.0\.0\.1:6380 +01234567\n/)
  expect(text).toMatch(new RegExp(`\\n${idOf('gone')} +worker +draining +not on the list`))
})

test('nodes are shown with what they use, the dead last with the reason', () => {
  const node = (id: string, raylet: Partial<NodeSummary['raylet']>, more: Partial<NodeSummary> = {}): NodeSummary => ({
    ...more,
    raylet: {
      nodeId: id.repeat(56),
      state: 'ALIVE',
      isHeadNode: false,
      nodeName: id,
      nodeManagerAddress: '10.0.0.1',
      nodeManagerHostname: `host-${id}`,
      resourcesTotal: { CPU: 4, memory: 2 ** 33 },
      labels: {},
      startTimeMs: 0,
      endTimeMs: 0,
      objectStoreUsedMemory: 0,
      objectStoreAvailableMemory: 0,
      ...raylet,
    },
  })
  const dead = node('b', { state: 'DEAD', stateMessage: 'it left' })
  const head = node('a', { isHeadNode: true }, { cpu: 12.4, cpus: [4, 2], mem: [2 ** 34, 2 ** 33, 50, 2 ** 33] })
  const lines = nodesText('lab', [dead, head], 65_000).split('\n')
  expect(lines[0]).toBe('lab: 1 node alive, 1 dead; 4 CPU, 8.0 GiB memory')
  expect(lines[3]).toMatch(/^aaaaaaaa +host-a +10\.0\.0\.1 +alive +head +12% of 4 +8\.0 GiB of 16 GiB +1 min 5 s$/)
  expect(lines[4]).toMatch(/^bbbbbbbb +host-b +10\.0\.0\.1 +dead: it left$/)
})

test('of a cluster whose head does not answer the nodes that were alive are shown', () => {
  const node = { node_ip: '10.0.0.1', is_head_node: true, node_name: 'one', resources_total: {}, labels: {} }
  const rows = [
    { ...node, node_id: 'a'.repeat(56), state: 'ALIVE' as const },
    { ...node, node_id: 'b'.repeat(56), state: 'DEAD' as const },
  ]
  expect(recordedText('lab', rows)).toBe('lab: 1 node was alive\n\nNODE      HOST  ADDRESS   ROLE\naaaaaaaa  one   10.0.0.1  head')
  expect(recordedText('lab', [])).toBe('lab: 0 nodes were alive')
})

test('what applying a file would change is said, or that nothing would', () => {
  const nothing = {
    name: 'lab',
    exists: true,
    machinesToAdd: [],
    spec: { engine: 'shoal' as const, head: 'h', workers: ['a'], service: 'none' as const },
    add: [],
    remove: [],
    notes: [],
  }
  expect(differenceText(nothing)).toBe('lab is as the file says.')
  expect(differenceText({ ...nothing, add: ['b'], remove: ['a'], notes: ['x'] })).toBe(
    'lab will be changed:\n  will join           b\n  will leave          a\n  Note: x',
  )
  expect(differenceText({ ...nothing, exists: false, machinesToAdd: [aMachine('h')] })).toBe(
    'lab will be made:\n  new on the list     h\n  head                h\n  workers             a',
  )
  expect(differenceText({ ...nothing, exists: false, spec: { ...nothing.spec, engine: 'ray' } })).toContain('\n  engine              Ray\n')
})
