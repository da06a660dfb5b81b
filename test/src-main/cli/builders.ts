import type { Finding, Machine, MachineFacts } from '#src-main/contract/machines.ts'
import type { MachineRun, Operation, Step } from '#src-main/contract/operations.ts'

/** A machine of the list; `name` makes its id too. */
export function aMachine(name: string, more: Partial<Machine> = {}): Machine {
  return {
    id: idOf(name),
    name,
    via: 'ssh',
    host: `${name}.lab`,
    groups: [],
    tags: [],
    notes: '',
    addedAtMs: 0,
    reach: { state: 'reachable', sinceMs: 0, code: null, message: null },
    facts: null,
    findings: [],
    clusterId: null,
    ...more,
  }
}

export const idOf = (name: string): string => `m-${Buffer.from(name).toString('hex').padEnd(12, '0').slice(0, 12)}`

export const someFacts: MachineFacts = {
  probedAtMs: 0,
  hostname: 'a',
  user: 'user',
  uid: 1000,
  os: 'Debian 12',
  kernel: '6.1',
  arch: 'x86_64',
  libc: { kind: 'glibc', version: '2.36' },
  hasLibstdcxx: true,
  cpus: 8,
  memoryBytes: 2 ** 34,
  memoryAvailableBytes: 2 ** 33,
  gpus: [1, 2].map((index) => ({ index, name: 'NVIDIA A100', memoryBytes: 80 * 2 ** 30, usedBytes: 0, holders: [] })),
  gpuDriver: '550',
  folder: { path: '/home/user/.shoal', isWritable: true, isExecutable: true, freeBytes: 2 ** 36, freeInodes: null, fileSystem: 'ext4' },
  temp: { path: '/tmp', isWritable: true, freeBytes: 2 ** 30 },
  shm: { exists: true, isWritable: true, sizeBytes: 2 ** 33, freeBytes: 2 ** 33 },
  clockSkewMs: 0,
  limits: { openFiles: null, processes: null, lockedMemoryBytes: null },
  listening: [],
  addresses: [{ address: '10.0.0.5', device: 'eth0' }],
  tools: {},
  python: null,
  ray: null,
  services: { systemdUser: false, linger: null, cron: false },
  payloads: [],
  leftovers: [],
}

export const aFinding = (level: Finding['level'], more: Partial<Finding> = {}): Finding => ({
  id: `test.${level}`,
  level,
  title: `a ${level}`,
  detail: '',
  remedy: '',
  ...more,
})

export const aStep = (id: string, more: Partial<Step> = {}): Step => ({
  id,
  title: id,
  state: 'waiting',
  startedAtMs: null,
  endedAtMs: null,
  progress: null,
  command: null,
  log: '',
  note: null,
  ...more,
})

export const aRun = (name: string, more: Partial<MachineRun> = {}): MachineRun => ({
  machineId: idOf(name),
  name,
  role: 'worker',
  state: 'waiting',
  steps: [],
  failure: null,
  ...more,
})

export const anOperation = (more: Partial<Operation> = {}): Operation => ({
  id: 'op-0123456789abcdef',
  kind: 'create',
  title: 'Create lab',
  clusterId: null,
  state: 'running',
  startedAtMs: 1_000,
  endedAtMs: null,
  machines: [],
  failure: null,
  ...more,
})
