import { clockSkew, probeMachine } from '#src-main/bootstrap/probe.ts'
import { readFacts, reachWord } from '#src-main/bootstrap/probe-frame.ts'
import { parseGpus } from '#src-main/bootstrap/probe-gpus.ts'
import { addressOfHex, parseAddresses } from '#src-main/bootstrap/probe-network.ts'
import { probeScript } from '#src-main/bootstrap/probe-script.ts'
import { parseHardware, parseLibc, parsePlace } from '#src-main/bootstrap/probe-system.ts'
import { startListening } from '#src-main/bootstrap/reachability-listen.ts'
import { MachineFacts } from '#src-main/contract/machines.ts'
import { type Bed, createBed, whyNoBed } from '#test/support/bed/bed.ts'
import { connectHost } from '#test/support/bed/connect-host.ts'
import type { HostQuirks } from '#test/support/bed/quirks.ts'
import { existsSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const missing = whyNoBed()
const hash = 'c'.repeat(64)

const nvidia = `#!/bin/sh
case $1 in
  --query-gpu=*) echo '0, GPU-1, 40960, 30000, 535.104.05, NVIDIA A100-SXM4-40GB'; echo '1, GPU-2, 40960, 3, 535.104.05, NVIDIA A100-SXM4-40GB' ;;
  *) echo 'GPU-1, 1, 29990, /usr/bin/init, with a comma'; echo 'GPU-1, 99999, [N/A], [Not Found]' ;;
esac
`
const shells: HostQuirks[] = [
  { name: 'plain', cron: true },
  { name: 'poor', bare: true, noisyShell: true, noShm: true, readOnlyHome: true, musl: true, arch: 'riscv64', clockOffMs: -3_600_000 },
  { name: 'full', fullDisk: true, smallTmp: true, shmBytes: 1_048_576 },
  { name: 'noexec', noexecHome: true, noisyShell: true, shell: existsSync('/bin/tcsh') ? '/bin/tcsh' : '/bin/sh' },
  { name: 'gpus', files: { '/usr/bin/nvidia-smi': nvidia } },
  {
    name: 'broken',
    files: { '/usr/bin/nvidia-smi': '#!/bin/sh\necho "Failed to initialize NVML: Driver/library version mismatch"; exit 18\n' },
  },
  { name: 'hung', files: { '/usr/bin/nvidia-smi': '#!/bin/sh\nexec sleep 600\n' } },
]

describe.skipIf(missing)(`a probe${missing === undefined ? '' : ` (needs ${missing})`}`, () => {
  let bed: Bed
  beforeAll(async () => {
    bed = await createBed({ hosts: shells })
  })
  afterAll(async () => await bed?.close())

  const probe = async (name: string, folder?: string) => {
    const host = bed.host(name)
    const connection = await connectHost(bed, host)
    const before = host.listChanges()
    try {
      const facts = await probeMachine(connection, { ports: [6_379], nowMs: Date.now, ...(folder === undefined ? {} : { folder }) })
      expect(host.listChanges()).toEqual(before)
      await expect.poll(() => host.processes()).toEqual([])
      return MachineFacts.parse(facts)
    } finally {
      connection.close()
    }
  }

  test('finds all there is to know of a plain machine, within three seconds, and changes nothing', { retry: 2 }, async () => {
    const host = bed.host('plain')
    host.run(`mkdir -p ~/.shoal/runtime/${hash} ~/.shoal/runtime/not-a-hash`, 'user')
    const startedMs = performance.now()
    const facts = await probe('plain')
    expect(performance.now() - startedMs).toBeLessThan(3_000)
    expect(facts).toMatchObject({
      hostname: 'plain',
      user: 'user',
      uid: 12_345,
      arch: process.arch === 'arm64' ? 'aarch64' : 'x86_64',
      libc: { kind: 'glibc', version: expect.stringMatching(/^2\.\d+$/) },
      hasLibstdcxx: true,
      folder: { path: '/home/user/.shoal', isWritable: true, isExecutable: true },
      temp: { path: '/tmp', isWritable: true },
      shm: { exists: true, isWritable: true, sizeBytes: 1_073_741_824 },
      gpus: [],
      gpuDriver: null,
      addresses: [{ address: host.address, device: 'eth0' }],
      services: { systemdUser: false, cron: true },
      payloads: [hash],
      ray: null,
    })
    expect(facts.kernel).toMatch(/^Linux \d/)
    expect(facts.os).not.toBe('')
    expect(facts.cpus).toBeGreaterThan(0)
    expect(facts.memoryAvailableBytes).toBeLessThanOrEqual(facts.memoryBytes)
    expect(facts.memoryAvailableBytes).toBeGreaterThan(1e6)
    expect(facts.folder.freeBytes).toBeGreaterThan(1e6)
    expect(facts.folder.freeInodes).toBeGreaterThan(100)
    expect(Math.abs(facts.clockSkewMs)).toBeLessThan(1_000)
    expect(facts.limits.openFiles).toBeGreaterThan(255)
    expect(facts.listening).toContainEqual({ port: 22, address: '0.0.0.0', process: 'a process of root' })
    expect(Object.keys(facts.tools)).toEqual(expect.arrayContaining(['bash', 'tar', 'gzip', 'crontab']))
    expect(facts.python?.version).toMatch(/^3\./)
  })

  test('is not misled by a noisy shell, missing tools, another C library, processor and clock', async () => {
    const facts = await probe('poor')
    expect(facts).toMatchObject({
      arch: 'riscv64',
      libc: { kind: 'musl', version: '1.2.4' },
      folder: { isWritable: false },
      shm: { exists: false, isWritable: false, sizeBytes: 0 },
      python: null,
      services: { cron: false },
    })
    expect(facts.tools).not.toHaveProperty('curl')
    expect(Math.abs(facts.clockSkewMs + 3_600_000)).toBeLessThan(1_000)
  })

  test('measures full disks and small memory file systems, and sees noexec under a C shell', async () => {
    const full = await probe('full')
    expect(full.folder).toMatchObject({ freeBytes: 65_536, fileSystem: 'tmpfs', isWritable: true })
    expect([full.temp.freeBytes, full.shm.sizeBytes]).toEqual([1_048_576, 1_048_576])
    expect((await probe('noexec')).folder).toMatchObject({ isExecutable: false, isWritable: true })
  })

  test('looks at the folder that was asked for, with the nearest one above that exists', async () => {
    const elsewhere = await probe('noexec', '/var/tmp/shoal user/deep')
    expect(elsewhere.folder).toMatchObject({ path: '/var/tmp/shoal user/deep', isExecutable: true, isWritable: true })
    expect((await probe('plain', '~/x')).folder.path).toBe('/home/user/x')
    expect((await probe('plain', '/etc/shoal')).folder.isWritable).toBe(false)
    expect((await probe('plain', '/etc/passwd')).folder.isWritable).toBe(false)
  })

  test('says who holds a port and the memory of a GPU', async () => {
    const host = bed.host('gpus')
    host.run('setsid python3 -m http.server 6379 >/dev/null 2>&1 </dev/null &', 'user')
    host.run('setsid python3 -m http.server 6380 >/dev/null 2>&1 </dev/null &')
    await expect.poll(() => host.try('grep -c :18E[BC] /proc/net/tcp').stdout).toBe('2\n')
    const connection = await connectHost(bed, host)
    const facts = await probeMachine(connection, { ports: [6_379], nowMs: Date.now })
    connection.close()
    const pid = host.processes()[0]?.pid
    expect(facts.listening.filter(({ port }) => port > 22)).toEqual([
      { port: 6_379, address: '0.0.0.0', process: `python3 (process ${pid})` },
      { port: 6_380, address: '0.0.0.0', process: 'a process of root' },
    ])
    const mebibyte = 1_048_576
    expect(facts.gpuDriver).toBe('535.104.05')
    expect(facts.gpus.map(({ index, name, memoryBytes }) => [index, name, memoryBytes])).toEqual([
      [0, 'NVIDIA A100-SXM4-40GB', 40_960 * mebibyte],
      [1, 'NVIDIA A100-SXM4-40GB', 40_960 * mebibyte],
    ])
    expect(facts.gpus[0]?.holders).toEqual([
      { pid: 1, user: 'root', command: '/usr/bin/init, with a comma', usedBytes: 29_990 * mebibyte },
      { pid: 99_999, user: '?', command: '[Not Found]', usedBytes: 0 },
    ])
    expect(facts.gpus[1]?.holders).toEqual([])
    host.run('pkill -f [h]ttp.server')
  })

  test('takes the listener of a reachability test for nothing that stays', async () => {
    const host = bed.host('plain')
    const connection = await connectHost(bed, host)
    const machine = { machineId: 'plain', connection, address: host.address, port: 6_391 }
    const listening = await startListening(machine, { nonce: `${reachWord}of-a-test`, limitSeconds: 60, signal: undefined })
    expect(listening.state).toBe('ours')
    const facts = await probeMachine(connection, { ports: [6_391], nowMs: Date.now })
    expect(host.try('grep -c :18F7 /proc/net/tcp /proc/net/tcp6').stdout).toMatch(/:1/)
    await listening.end()
    connection.close()
    expect(facts.listening.filter(({ port }) => port === 6_391)).toEqual([])
  })

  test('tells a driver that fails from no GPU, and gives up one that hangs', async () => {
    expect(await probe('broken')).toMatchObject({ gpus: [], gpuDriver: expect.stringContaining('version mismatch') })
    const startedMs = performance.now()
    expect(await probe('hung')).toMatchObject({ gpus: [], gpuDriver: expect.stringContaining('does not answer'), hostname: 'hung' })
    expect(performance.now() - startedMs).toBeLessThan(15_000)
  })

  test('runs under every shell that this machine has as sh', () => {
    const host = bed.host('plain')
    for (const shell of ['dash', 'bash --posix', 'busybox sh'].filter((each) => existsSync(`/bin/${each.split(' ')[0]}`))) {
      const script = `cat >/tmp/probe <<'END_OF_PROBE'\n${probeScript}\nEND_OF_PROBE\n${shell} -s -- @mark '' </tmp/probe; rm /tmp/probe`
      const facts = readFacts(host.run(script, 'user'), { mark: '@mark', name: shell, stderr: '' })
      expect([shell, facts.first('hostname'), facts.first('folder-writable'), parseLibc(facts).kind]).toEqual([
        shell,
        'plain',
        'yes',
        'glibc',
      ])
      expect(facts.all('tcp').length).toBeGreaterThan(0)
    }
  })
})

const factsOf = (lines: readonly string[]) =>
  readFacts([...lines, 'end'].map((line) => `@m ${line}`).join('\n'), { mark: '@m', name: 'x', stderr: '' })

test('a script that did not come to its end is an error that names the machine and what it said', () => {
  expect(() => readFacts('@m hostname x\n', { mark: '@m', name: 'box', stderr: 'sh: Killed' })).toThrow(/box.*Killed/s)
})

test('marks are found behind noise without a line break, and other lines are passed over', () => {
  const facts = readFacts('motd\nno break@m os Debian 12\n@m empty\n@n os Evil\n@m end\n', { mark: '@m', name: 'x', stderr: '' })
  expect([facts.first('os'), facts.first('empty'), facts.first('none'), facts.all('os')]).toEqual([
    'Debian 12',
    '',
    undefined,
    ['Debian 12'],
  ])
})

test.each([
  [['getconf glibc 2.17'], { kind: 'glibc', version: '2.17' }],
  [['getconf', 'ldd ldd (Ubuntu GLIBC 2.31-0ubuntu9.9) 2.31'], { kind: 'glibc', version: '2.31' }],
  [['ldd musl libc (x86_64)', 'ldd Version 1.2.3'], { kind: 'musl', version: '1.2.3' }],
  [['loader /lib/ld-musl-aarch64.so.1'], { kind: 'musl', version: '' }],
  [['loader /lib64/ld-linux-x86-64.so.2'], { kind: 'glibc', version: '' }],
  [[], { kind: 'unknown', version: '' }],
])('libc: %j', (lines, libc) => expect(parseLibc(factsOf(lines))).toEqual(libc))

test('limits of control groups count, the tightest one', () => {
  const facts = factsOf([
    'cpus 64',
    'MemTotal 67108864',
    'MemAvailable 60000000',
    'cpu-max max 100000',
    'cpu-max 250000 100000',
    'memory-max max',
    'memory-max 8589934592',
  ])
  expect(parseHardware(facts)).toEqual({ cpus: 3, memoryBytes: 8_589_934_592, memoryAvailableBytes: 8_589_934_592 })
})

test('df alone is enough to know the room on a file system, and inodes that are made on demand are not counted', () => {
  const df = factsOf(['f-df /dev/sda1 1000 400 600 40% /data disk', 'f-mount xfs rw,noexec'])
  expect(parsePlace(df, 'f')).toMatchObject({
    sizeBytes: 1_024_000,
    freeBytes: 614_400,
    freeInodes: null,
    isExecutable: false,
    fileSystem: 'xfs',
  })
  expect(parsePlace(factsOf(['f-stat 10 20 4096 0 0']), 'f')).toMatchObject({ freeBytes: 40_960, freeInodes: null })
})

test('clocks are compared in the middle between asking and hearing', () => {
  expect(clockSkew('1700000000123456789', { begunAtMs: 1_700_000_000_000, heardAtMs: 1_700_000_000_200 })).toBe(23)
  expect(clockSkew('1700000000N', { begunAtMs: 1_700_000_000_400, heardAtMs: 1_700_000_000_600 })).toBe(0)
  expect(clockSkew('', { begunAtMs: 5, heardAtMs: 6 })).toBe(0)
})

test('addresses of the kernel and of ifconfig are read, and that of ssh comes first', () => {
  expect(addressOfHex('0100007F')).toBe('127.0.0.1')
  expect(addressOfHex('00000000000000000000000000000000')).toBe('::')
  expect(addressOfHex('00000000000000000000000001000000')).toBe('::1')
  expect(addressOfHex('0000000000000000FFFF00000100007F')).toBe('::ffff:127.0.0.1')
  const lines = [
    'ip 1: lo    inet 127.0.0.1/8 scope host lo',
    'ip 2: eth0    inet 10.0.0.5/24 scope global',
    'ip 3: ib0    inet 10.1.0.5/16 scope global',
    'ssh 1.2.3.4 55 10.1.0.5 22',
  ]
  expect(parseAddresses(factsOf(lines))).toEqual([
    { address: '10.1.0.5', device: 'ib0' },
    { address: '10.0.0.5', device: 'eth0' },
  ])
  expect(parseAddresses(factsOf(['ifconfig eth0: flags=4163<UP>', 'ifconfig         inet 10.0.0.7  netmask 255.0.0.0']))).toEqual([
    { address: '10.0.0.7', device: 'eth0' },
  ])
  expect(parseAddresses(factsOf(['ifconfig 10.0.0.8 fd00::1 ']))).toEqual([
    { address: '10.0.0.8', device: '' },
    { address: 'fd00::1', device: '' },
  ])
})

test('cards of AMD are read by the titles of their table', () => {
  const facts = factsOf([
    'amd-driver 6.7.0',
    'rocm device,VRAM Total Memory (B),VRAM Total Used Memory (B),Card series,Card model',
    'rocm card0,68702699520,10960896,AMD Instinct MI210,0x740f',
  ])
  expect(parseGpus(facts)).toEqual({
    gpuDriver: '6.7.0',
    gpus: [{ index: 0, name: 'AMD Instinct MI210', memoryBytes: 68_702_699_520, usedBytes: 10_960_896, holders: [] }],
  })
})
