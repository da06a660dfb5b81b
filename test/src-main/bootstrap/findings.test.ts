import { ClusterError, type ErrorCode, errorCodes } from '#runtime/base/errors.ts'
import { findingOfError, findingsOf, type WantedOfMachine } from '#src-main/bootstrap/findings.ts'
import { ClusterPorts } from '#src-main/contract/clusters.ts'
import { Finding, MachineFacts } from '#src-main/contract/machines.ts'
import { RaySetup } from '#src-main/contract/ray-setup.ts'
import { describe, expect, test } from 'vitest'

const good: MachineFacts = MachineFacts.parse({
  probedAtMs: 0,
  hostname: 'gpu01',
  user: 'ada',
  uid: 1_000,
  os: 'Debian GNU/Linux 12 (bookworm)',
  kernel: 'Linux 6.1.0',
  arch: 'x86_64',
  libc: { kind: 'glibc', version: '2.36' },
  hasLibstdcxx: true,
  cpus: 8,
  memoryBytes: 32e9,
  memoryAvailableBytes: 30e9,
  gpus: [],
  gpuDriver: null,
  folder: { path: '/home/user/.shoal', isWritable: true, isExecutable: true, freeBytes: 100e9, freeInodes: 1e6, fileSystem: 'ext4' },
  temp: { path: '/tmp', isWritable: true, freeBytes: 10e9 },
  shm: { exists: true, isWritable: true, sizeBytes: 16e9, freeBytes: 16e9 },
  clockSkewMs: 12,
  limits: { openFiles: 1_048_576, processes: 100_000, lockedMemoryBytes: 65_536 },
  listening: [{ port: 22, address: '0.0.0.0', process: 'a process of root' }],
  addresses: [{ address: '10.0.0.5', device: 'eth0' }],
  tools: { tar: '/usr/bin/tar', gzip: '/usr/bin/gzip' },
  python: null,
  ray: null,
  services: { systemdUser: true, linger: true, cron: true },
  payloads: [],
  leftovers: [],
})
const head: WantedOfMachine = {
  role: 'head',
  ports: ClusterPorts.parse({}),
  service: 'auto',
  payload: { packedBytes: 40e6, unpackedBytes: 120e6 },
}
const problems = (facts: Partial<MachineFacts>, wanted: Partial<WantedOfMachine> = {}) =>
  findingsOf({ ...good, ...facts }, { ...head, ...wanted }).filter(({ level }) => level !== 'ok')
const only = (facts: Partial<MachineFacts>, wanted: Partial<WantedOfMachine> = {}): Finding => {
  const found = problems(facts, wanted)
  expect(found.map(({ id }) => id)).toHaveLength(1)
  return found[0] as Finding // one, as was just seen
}
const folder = (more: Partial<MachineFacts['folder']>) => ({ folder: { ...good.folder, ...more } })
const listener = (port: number, address = '0.0.0.0') => ({ listening: [{ port, address, process: 'redis-server (process 812)' }] })

test('a good machine has no warning, and every line that was looked at says what was seen', () => {
  expect(problems({})).toEqual([])
  const all = findingsOf(good, head)
  expect(all.length).toBeGreaterThan(12)
  expect(new Set(all.map(({ id }) => id)).size).toBe(all.length)
  for (const finding of all) expect(Finding.parse(finding).remedy).toBe('')
})

describe('what stops a node', () => {
  test.each<[string, Partial<MachineFacts>, RegExp]>([
    ['os.unsupported', { kernel: 'Darwin 24.1.0' }, /Linux/],
    ['arch.unsupported', { arch: 'riscv64' }, /x86_64 and aarch64/],
    ['libc.musl', { libc: { kind: 'musl', version: '1.2.4' } }, /glibc/],
    ['libc.old', { libc: { kind: 'glibc', version: '2.27' } }, /Debian 10/],
    ['libstdcxx.missing', { hasLibstdcxx: false }, /apt-get install libstdc\+\+6/],
    ['disk.full', folder({ freeBytes: 300e6 }), /shoal machine set gpu01 --folder \/var\/tmp\/shoal-ada/],
    ['disk.no-inodes', folder({ freeInodes: 20 }), /--folder/],
    ['folder.not-writable', folder({ isWritable: false }), /--folder/],
    ['folder.noexec', folder({ isExecutable: false }), /without noexec/],
    ['temp.not-writable', { temp: { path: '/tmp', isWritable: false, freeBytes: 1e9 } }, /chmod 1777/],
    ['clock.wrong', { clockSkewMs: -13 * 3_600_000 }, /timedatectl/],
    ['limit.open-files', { limits: { ...good.limits, openFiles: 256 } }, /nofile/],
    ['tools.missing', { tools: { gzip: '/bin/gzip' } }, /apt-get install tar/],
    ['port.head-taken', listener(6_379), /--port 6381/],
    ['port.agent-taken', listener(6_380, '::'), /--agent-port 6381/],
    ['port.api-taken', listener(8_265, '127.0.0.1'), /--api-port 8266/],
  ])('%s', (id, facts, remedy) => {
    const finding = only(facts)
    expect(finding).toMatchObject({ id, level: 'blocker' })
    expect(finding.remedy).toMatch(remedy)
    expect(finding.detail).not.toBe('')
  })
})

describe('what a person should know of', () => {
  const gpu = { index: 0, name: 'NVIDIA A100', memoryBytes: 40e9, usedBytes: 30e9 }
  const holders = [{ pid: 4_711, user: 'bob', command: 'python3', usedBytes: 30e9 }]
  test.each<[string, Partial<MachineFacts>, RegExp]>([
    ['folder.network', folder({ fileSystem: 'nfs4' }), /nfs4/],
    ['disk.low', folder({ freeBytes: 1e9 }), /1.0 GB are free/],
    ['disk.few-inodes', folder({ freeInodes: 2_000 }), /2000 more files/],
    ['temp.full', { temp: { path: '/tmp', isWritable: true, freeBytes: 1e6 } }, /1.0 MB free/],
    ['shm.missing', { shm: { exists: false, isWritable: false, sizeBytes: 0, freeBytes: 0 } }, /lies on disk/],
    ['shm.small', { shm: { exists: true, isWritable: true, sizeBytes: 64e6, freeBytes: 64e6 } }, /64.0 MB/],
    ['shm.limited', { shm: { exists: true, isWritable: true, sizeBytes: 1e9, freeBytes: 1e9 } }, /goes to disk/],
    ['memory.small', { memoryBytes: 500e6, memoryAvailableBytes: 400e6 }, /500 MB/],
    ['memory.in-use', { memoryAvailableBytes: 100e6 }, /100 MB of 32.0 GB/],
    ['clock.skew', { clockSkewMs: 3_600_000 }, /60 min ahead of/],
    ['libc.unknown', { libc: { kind: 'unknown', version: '' } }, /getconf/],
    ['limit.open-files', { limits: { ...good.limits, openFiles: 4_096 } }, /4096/],
    ['limit.processes', { limits: { ...good.limits, processes: 100 } }, /100 processes/],
    ['gpu.driver', { gpuDriver: '535.1: Failed to initialize NVML' }, /NVML/],
    ['gpu.in-use', { gpus: [{ ...gpu, holders }], gpuDriver: '535.1' }, /30.0 GB of 40.0 GB by bob \(process 4711, python3, 30.0 GB\)/],
    ['gpu.in-use', { gpus: [{ ...gpu, holders: [] }], gpuDriver: '535.1' }, /not visible/],
    ['ray.running', { ray: { version: '2.9.0', isRunning: true } }, /Ray 2.9.0/],
    ['service.no-linger', { services: { systemdUser: true, linger: false, cron: false } }, /logged in/],
    ['service.unavailable', { services: { systemdUser: false, linger: null, cron: false } }, /no cron/],
    ['leftovers', { leftovers: [{ kind: 'folder', what: '/x/runtime/a', detail: '', sizeBytes: 2e9, sinceMs: 0 }] }, /2.0 GB/],
  ])('%s', (id, facts, detail) => {
    const finding = only(facts)
    expect(finding).toMatchObject({ id, level: 'warning' })
    expect(finding.detail).toMatch(detail)
    expect(finding.remedy).not.toBe('')
  })
})

test('blockers come first, and only what the role needs is asked for', () => {
  const taken = { ...listener(6_379), clockSkewMs: 60_000, arch: 'ppc64le' }
  expect(problems(taken).map(({ level }) => level)).toEqual(['blocker', 'blocker', 'warning'])
  expect(problems(taken, { role: 'worker' }).map(({ id }) => id)).toEqual(['arch.unsupported', 'clock.skew'])
  expect(problems(listener(6_380), { role: 'none' })).toEqual([])
  expect(problems({ services: { systemdUser: false, linger: null, cron: false } }, { service: 'none' })).toEqual([])
  expect(problems({ services: { systemdUser: true, linger: false, cron: true } }, { service: 'cron' })).toEqual([])
  expect(problems(listener(8_265, '10.0.0.5'))).toEqual([]) // the API listens on loopback only
})

test('what needs room is counted from the payload itself', () => {
  expect(problems(folder({ freeBytes: 3e9 }), { payload: { packedBytes: 1e9, unpackedBytes: 3e9 } }).map(({ id }) => id)).toEqual([
    'disk.full',
  ])
  expect(problems(folder({ freeBytes: 3e9 }), { payload: null })).toEqual([])
})

test('every error of a connection becomes a blocker with advice, and keeps what the error says', () => {
  const codes = Object.keys(errorCodes).filter(
    (code): code is ErrorCode => code.startsWith('ssh.') || code === 'timeout' || code === 'internal',
  )
  for (const code of codes) {
    const finding = Finding.parse(findingOfError(new ClusterError(code, `it failed with ${code}`)))
    expect(finding).toMatchObject({ level: 'blocker', detail: `it failed with ${code}` })
    expect(finding.remedy).not.toBe('')
  }
  expect(findingOfError(new ClusterError('ssh.host-key-changed', 'x')).remedy).toContain('ssh-keygen -R')
})

test('commands to type name a machine as the list does, not as it calls itself', () => {
  expect(only(folder({ freeBytes: 300e6 }), { name: 'first' }).remedy).toContain('shoal machine set first --folder')
  const leftovers: MachineFacts['leftovers'] = [{ kind: 'folder', what: '/x/runtime/a', detail: '', sizeBytes: 2e9, sinceMs: 0 }]
  expect(only({ leftovers }, { name: 'first' }).remedy).toContain('shoal machine clean first')
})

describe('the command of a finding', () => {
  const commandOf = (facts: Partial<MachineFacts>, wanted: Partial<WantedOfMachine> = {}) => only(facts, wanted).command
  const temp = (path: string) => ({ temp: { path, isWritable: false, freeBytes: 1e9 } })

  test('can be run as it stands', () => {
    expect(commandOf(temp('/tmp'))).toBe('chmod 1777 /tmp')
    expect(commandOf({ tools: {} })).toBe('apt-get install tar gzip')
    expect(commandOf({ services: { systemdUser: true, linger: false, cron: false } })).toBe('loginctl enable-linger ada')
    expect(commandOf({ services: { systemdUser: false, linger: null, cron: false } }, { service: 'cron' })).toBe('apt-get install cron')
    expect(commandOf({ arch: 'riscv64' })).toBeUndefined()
  })

  test('holds a name from the machine as one word, and is left out where that could be read as more', () => {
    expect(commandOf(temp("/tmp/a b'; reboot"))).toBe(`chmod 1777 '/tmp/a b'\\''; reboot'`)
    expect(commandOf(temp('/tmp/\u001b[201~\nreboot\n'))).toBeUndefined()
    expect(commandOf(temp(`/${'x'.repeat(1_100)}`))).toBeUndefined()
  })

  test.each<[ErrorCode, ClusterError['details'], string | undefined]>([
    ['ssh.unreachable', { host: '10.0.0.7', port: 2222 }, 'ssh -v -p 2222 10.0.0.7'],
    ['ssh.unreachable', { host: '10.0.0.7', port: 22, via: 'gate' }, undefined],
    ['ssh.unreachable', {}, undefined],
    ['ssh.auth-failed', { host: 'gpu7', port: 22, user: 'ada' }, 'ssh-copy-id ada@gpu7'],
    ['ssh.auth-failed', { host: 'gpu7', port: 22 }, undefined],
    ['ssh.host-key-changed', {}, 'ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub'],
  ])('of an error goes where the connection went: %s %j', (code, details, command) => {
    expect(findingOfError(new ClusterError(code, 'x', { details })).command).toBe(command)
  })
})

describe('a machine that is to have Ray', () => {
  const python = { path: '/usr/bin/python3', version: '3.11.2', hasVenv: true, hasPip: true }
  const ray = RaySetup.parse({})
  const tools = good.tools

  test('can have it by uv, venv or pip; what is missing is said with what installs it', () => {
    expect(problems({ python }, { ray })).toEqual([])
    expect(problems({ python: { ...python, hasVenv: false } }, { ray })).toEqual([])
    expect(problems({ tools: { ...tools, uv: '/home/user/.local/bin/uv' } }, { ray })).toEqual([])
    expect(only({}, { ray })).toMatchObject({
      id: 'ray.no-python',
      level: 'blocker',
      remedy: expect.stringContaining('apt-get install python3-venv'),
    })
    expect(only({ python: { ...python, version: '3.8.10' } }, { ray })).toMatchObject({ id: 'ray.python-old', level: 'blocker' })
    const bare = { ...python, hasVenv: false, hasPip: false }
    expect(only({ python: bare }, { ray })).toMatchObject({ id: 'ray.no-venv', level: 'blocker', command: 'apt-get install python3-venv' })
    expect(only({ python: bare }, { ray: { ...ray, wheels: '/w' } })).toMatchObject({ id: 'ray.no-venv', level: 'warning' })
    expect(problems({}, { ray: { ...ray, python: '/opt/python3.12/bin/python3' } })).toEqual([])
  })

  test('needs the ports beside the first too, unless its own Ray has them, and room for an environment', () => {
    const taken = { listening: [{ port: 6_383, address: '0.0.0.0', process: 'redis (process 8)' }] }
    expect(only({ python, ...taken }, { ray })).toMatchObject({
      id: 'port.agentHttp-taken',
      level: 'blocker',
      detail: expect.stringMatching(/redis .*takes 6380 to 6386/),
      remedy: expect.stringContaining('--agent-port 6390'),
    })
    expect(problems(taken)).toEqual([])
    const own = { listening: [{ ...taken.listening[0], session: '/home/user/.shoal/clusters/lab-c-0123456789ab/gpu01' }] }
    expect(problems({ python, ...own } as Partial<MachineFacts>, { ray, clusterId: 'c-0123456789ab' })).toEqual([])
    expect(problems(folder({ freeBytes: 900e6 })).map(({ level }) => level)).toEqual(['warning'])
    expect(problems({ python, ...folder({ freeBytes: 900e6 }) }, { ray }).map(({ id }) => id)).toEqual(['disk.full'])
  })
})
