import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Cluster } from '#src-main/contract/clusters.ts'
import type { Machine, MachineSpec } from '#src-main/contract/machines.ts'
import { exportClusterFile, parseClusterFile } from '#src-main/machines/cluster-file.ts'
import { diffClusterFile } from '#src-main/machines/diff-cluster-file.ts'
import { anyMachines, messagesOf, spec } from './support.ts'

const idOf = (index: number) => `m-${String(index).padStart(12, '0')}`

function inventoryOf(specs: readonly MachineSpec[]): Machine[] {
  const reach = { state: 'never-tried', sinceMs: 0, code: null, message: null } as const
  return specs.map((each, index) => ({ ...each, id: idOf(index), addedAtMs: 0, reach, facts: null, findings: [], clusterId: null }))
}

function clusterOf(machines: readonly Machine[], more: Partial<Cluster> = {}): Cluster {
  return {
    id: 'c-000000000000',
    name: 'lab',
    engine: 'shoal',
    createdAtMs: 0,
    ports: { head: 6_379, agent: 6_380, api: 8_265 },
    service: 'none',
    members: machines.map(({ id }, index) => ({
      machineId: id,
      role: index === 0 ? 'head' : 'worker',
      state: 'started',
      payload: null,
      address: null,
      nodeId: null,
      sessionFolder: null,
    })),
    link: { state: 'off', sinceMs: 0, message: null },
    lease: { holder: null, isOurs: false },
    ...more,
  }
}

const text = `name: lab
service: auto
ports: { head: 7000 }
head: gpu01
workers:
  - gpu[02-03]
  - other
machines:
  gpu[01-03]: { user: ada, keyFiles: [/k], jump: [gate] }
  other:
    host: 10.0.0.9
`

test('a file says a cluster and its machines', () => {
  const { file, problems, notes } = parseClusterFile(text)
  expect([problems, notes]).toEqual([[], []])
  const common = { user: 'ada', keyFiles: ['/k'], jump: ['gate'] }
  expect(file).toEqual({
    name: 'lab',
    engine: 'shoal',
    service: 'auto',
    ports: { head: 7_000, agent: 6_380, api: 8_265 },
    head: 'gpu01',
    workers: ['gpu02', 'gpu03', 'other'],
    machines: [spec('gpu01', common), spec('gpu02', common), spec('gpu03', common), spec('other', { host: '10.0.0.9' })],
  })
})

test('what is exported is the same cluster when it is read, and then there is nothing to do', () => {
  fc.assert(
    fc.property(
      anyMachines.filter((specs) => specs.length > 0),
      (specs) => {
        const machines = inventoryOf(specs)
        const cluster = clusterOf(machines)
        const { file, problems } = parseClusterFile(exportClusterFile(cluster, machines))
        expect(problems).toEqual([])
        if (!file) throw new Error('no file')
        expect(diffClusterFile(file, { cluster, machines })).toEqual({ add: [], remove: [], change: [] })
      },
    ),
    { numRuns: 150 },
  )
})

test('what must be added, removed and changed', () => {
  const { file } = parseClusterFile(text.replace('workers:', 'engine: ray\nworkers:'))
  if (!file) throw new Error('no file')
  const machines = inventoryOf([
    spec('old'),
    spec('GPU01', { user: 'root', keyFiles: ['/k'], jump: ['gate'], tags: ['t'] }),
    spec('other', { host: '10.0.0.9' }),
  ])
  const { add, remove, change } = diffClusterFile(file, { cluster: clusterOf(machines.slice(0, 2)), machines })
  expect(add.map(({ name, role, machineId, spec: described }) => [name, role, machineId, described?.host])).toEqual([
    ['gpu02', 'worker', undefined, 'gpu02'],
    ['gpu03', 'worker', undefined, 'gpu03'],
    ['other', 'worker', idOf(2), '10.0.0.9'],
  ])
  expect(remove).toEqual([{ name: 'old', machineId: idOf(0), role: 'head' }])
  expect(change.map(({ subject, field, from, to }) => `${subject} ${field}: ${from} → ${to}`)).toEqual([
    'cluster engine: shoal → ray',
    'cluster service: none → auto',
    'cluster ports.head: 6379 → 7000',
    'gpu01 role: worker → head',
    'gpu01 host: GPU01 → gpu01',
    'gpu01 user: root → ada',
    'gpu01 tags: ["t"] → []',
  ])
})

describe('a file that cannot be used', () => {
  test.each([
    ['name: lab', '0|1: head is missing'],
    ['name: Lab!\nhead: a', '1: name: '],
    ['name: lab\nhead: a\nhaed: b', '3: "haed" is not known here; known are name'],
    ['name: lab\nhead: a\nmachines:\n  a:\n    hots: x', '5: "hots" is not known here; known are host'],
    ['name: lab\nhead: a\nports:\n  head: 99999', '4: ports.head: '],
    ['name: lab\nhead: a\nworkers: [a]', '3: a is in the cluster twice'],
    ['name: lab\nhead: a\nmachines:\n  b:\n    host: "-oProxyCommand=x"', '5: machines.b.host: '],
    ['name: lab\nhead: a\nmachines:\n  b:\n    jump: ["-oProxyCommand=x"]', '4: .*jump host'],
    ['name: lab\nhead: a\nworkers: ["n[1-99999]"]', '3: .*more than 4096'],
    ['name: lab\nname: lab', '2: .*comes twice'],
    ['- 1', '[01]: expected is a map'],
    ['', '[01]: expected is a map'],
  ])('%j', (broken, why) => {
    const parsed = parseClusterFile(broken)
    expect(parsed.file).toBeUndefined()
    expect(messagesOf(parsed).join('\n')).toMatch(new RegExp(`^(?:${why})`, 'm'))
  })

  test('a password in it is left out, said, and not repeated', () => {
    const parsed = parseClusterFile('name: lab\nhead: a\nmachines:\n  a:\n    password: hunter2\n')
    expect(parsed.file?.machines).toEqual([spec('a')])
    expect(messagesOf({ problems: parsed.notes })).toEqual([expect.stringMatching(/^5: password was left out/)])
    expect(JSON.stringify(parsed)).not.toContain('hunter2')
  })
})

describe('the launcher file of Ray', () => {
  const ray = `cluster_name: My_Cluster
provider:
    type: local
    head_ip: 10.0.0.1
    worker_ips: [10.0.0.2, 10.0.0.3]
auth:
    ssh_user: ubuntu
    ssh_private_key: ~/.ssh/id_rsa
    ssh_proxy_command: "ssh -W %h:%p me@gate"
min_workers: 2
max_workers: 2
docker:
    image: "rayproject/ray:latest"
setup_commands: []
head_start_ray_commands:
    - ray stop
file_mounts: {}
`
  test('for machines one has is read, and what is not taken over is said', () => {
    const { file, problems, notes } = parseClusterFile(ray)
    expect(problems).toEqual([])
    const common = { user: 'ubuntu', keyFiles: ['~/.ssh/id_rsa'], jump: ['me@gate'] }
    expect(file).toMatchObject({
      name: 'my-cluster',
      engine: 'ray',
      head: '10.0.0.1',
      workers: ['10.0.0.2', '10.0.0.3'],
      machines: [spec('10.0.0.1', common), spec('10.0.0.2', common), spec('10.0.0.3', common)],
    })
    expect(notes.map(({ line, text: key }) => `${line} ${key}`)).toEqual([
      '10 min_workers',
      '11 max_workers',
      '12 docker',
      '15 head_start_ray_commands',
      '1 cluster_name',
    ])
  })

  test('another way there than over a host is said', () => {
    const { file, notes } = parseClusterFile(ray.replace('ssh -W %h:%p me@gate', 'nc -x proxy %h %p'))
    expect(file?.machines[0]?.jump).toBeUndefined()
    expect(messagesOf({ problems: notes })).toContainEqual(expect.stringMatching(/^9: not taken over/))
  })

  test.each([
    ['type: aws', 'provider.type is "aws"'],
    ['coordinator_address: 10.0.0.1:1234\n    type: local', 'hands out machines'],
    ['', 'provider.type is missing'],
  ])('with %j is refused in plain words', (line, why) => {
    const parsed = parseClusterFile(ray.replace('type: local', line))
    expect(parsed.file).toBeUndefined()
    expect(messagesOf(parsed).join()).toContain(why)
  })

  test('without a head, or with a host that is none, is refused', () => {
    expect(messagesOf(parseClusterFile('cluster_name: a\nprovider: {type: local}')).join()).toContain('head_ip is missing')
    expect(messagesOf(parseClusterFile(ray.replace('10.0.0.3', '"-oProxyCommand=x"'))).join()).toMatch(/^5: not added/)
  })
})
