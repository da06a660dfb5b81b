import type { Machine, ReachCell } from '#src-main/contract/machines.ts'

/** A machine of the list that was never looked at. */
export const machineOf = (name: string, more: Partial<Machine> = {}): Machine => ({
  id: `m-${Buffer.from(name.padEnd(6, '.')).toString('hex').slice(0, 12)}`,
  name,
  via: 'ssh',
  host: name,
  groups: [],
  tags: [],
  notes: '',
  addedAtMs: 1,
  reach: { state: 'never-tried', sinceMs: 0, code: null, message: null },
  facts: null,
  findings: [],
  clusterId: null,
  ...more,
})

const facts: NonNullable<Machine['facts']> = {
  probedAtMs: 1,
  hostname: 'host',
  user: 'ada',
  uid: 1_000,
  os: 'Debian 12',
  kernel: '6.1',
  arch: 'x86_64',
  libc: { kind: 'glibc', version: '2.36' },
  hasLibstdcxx: true,
  cpus: 8,
  memoryBytes: 1e10,
  memoryAvailableBytes: 1e10,
  gpus: [],
  gpuDriver: null,
  folder: { path: '/srv/shoal', isWritable: true, isExecutable: true, freeBytes: 1e10, freeInodes: null, fileSystem: 'ext4' },
  temp: { path: '/tmp', isWritable: true, freeBytes: 1e9 },
  shm: { exists: true, isWritable: true, sizeBytes: 1e9, freeBytes: 1e9 },
  clockSkewMs: 0,
  limits: { openFiles: 65_536, processes: null, lockedMemoryBytes: null },
  listening: [],
  addresses: [],
  tools: {},
  python: null,
  ray: null,
  services: { systemdUser: true, linger: true, cron: false },
  payloads: [],
  leftovers: [],
}
const gpu = { index: 0, name: 'A100', memoryBytes: 8e10, usedBytes: 0, holders: [] }

/** One that was looked at. */
export const checkedMachine = (name: string, { gpus = 0, isBlocked = false }: { gpus?: number; isBlocked?: boolean } = {}): Machine =>
  machineOf(name, {
    facts: { ...facts, hostname: name, gpus: Array.from({ length: gpus }, (_, index) => ({ ...gpu, index })) },
    findings: isBlocked ? [{ id: 'disk.full', level: 'blocker', title: 'Not enough free disk space', detail: '', remedy: '' }] : [],
  })

/** Every way between them, open but for those that `verdicts` names as `from to`. */
export const waysBetween = (machines: readonly Machine[], verdicts: Readonly<Record<string, ReachCell['verdict']>> = {}): ReachCell[] =>
  machines.flatMap((from) =>
    machines
      .filter((to) => to !== from)
      .map((to) => ({
        from: from.id,
        to: to.id,
        port: 6_380,
        address: to.host,
        verdict: verdicts[`${from.name} ${to.name}`] ?? 'open',
        roundTripMs: 1,
        detail: '',
      })),
  )
