import { testReachability, verdictOf } from '#src-main/bootstrap/reachability.ts'
import type { HostConnection } from '#src-main/ssh/host-connection.ts'
import { runtimeNode } from '#runtime/session/daemon.ts'
import { type Bed, createBed, whyNoBed } from '#test/support/bed/bed.ts'
import type { BedHost } from '#test/support/bed/bed-host.ts'
import { connectHost } from '#test/support/bed/connect-host.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const missing = whyNoBed()
const port = 6_380
const nodePath = '/home/user/node'
const scripting = ['python3', 'python', 'perl']

describe.skipIf(missing)(`a test of who reaches whom${missing === undefined ? '' : ` (needs ${missing})`}`, () => {
  let bed: Bed
  let connections: Map<BedHost, HostConnection>
  beforeAll(async () => {
    bed = await createBed({
      hosts: [
        { name: 'node', bare: true, noisyShell: true },
        { name: 'python' },
        { name: 'perl', without: ['python3', 'python'] },
        { name: 'nc', without: scripting },
        { name: 'busybox', without: [...scripting, 'nc', 'nc.openbsd', 'netcat', 'bash'], shell: '/bin/sh' },
        { name: 'bash', bare: true },
      ],
    })
    connections = new Map(await Promise.all(bed.hosts.map(async (host) => [host, await connectHost(bed, host)] as const)))
    bed.host('node').put(runtimeNode(), nodePath, 0o755)
  })
  afterAll(async () => {
    for (const connection of connections?.values() ?? []) connection.close()
    await bed?.close()
  })
  const linkOf = (host: BedHost): HostConnection => {
    const found = connections.get(host)
    if (!found) throw new Error(`${host.name} is not connected`)
    return found
  }

  const cellsOf = async (hosts: readonly BedHost[], timeoutMs = 1_500) => {
    const machines = hosts.map((host) => ({
      machineId: host.name,
      connection: linkOf(host),
      address: host.address,
      port,
      ...(host.name === 'node' ? { nodePath } : {}),
    }))
    const cells = await testReachability(machines, { timeoutMs })
    return { cells, verdicts: Object.fromEntries(cells.map(({ from, to, verdict }) => [`${from} ${to}`, verdict])) }
  }
  const left = () => bed.hosts.flatMap((host) => host.processes())

  test('works with whatever a host has, and leaves nothing', async () => {
    const { cells, verdicts } = await cellsOf(bed.hosts)
    const expected = bed.hosts.flatMap((from) =>
      bed.hosts.filter((to) => to !== from).map((to) => [`${from.name} ${to.name}`, to.name === 'bash' ? 'refused' : 'open'] as const),
    )
    expect(verdicts).toEqual(Object.fromEntries(expected))
    for (const cell of cells.filter(({ verdict }) => verdict === 'open')) expect(cell.roundTripMs).toBeGreaterThanOrEqual(0)
    await expect.poll(left, { timeout: 3_000 }).toEqual([])
    expect(bed.hosts.flatMap((host) => host.listChanges()).filter((path) => path !== nodePath)).toEqual([])
  })

  test('sees a port that is blocked for one, that somebody has already, and an address that is of another', async () => {
    const [node, python, perl, nc, busybox] = ['node', 'python', 'perl', 'nc', 'busybox'].map((name) => bed.host(name)) as [
      BedHost,
      BedHost,
      BedHost,
      BedHost,
      BedHost,
    ] // five names
    for (const from of [python, perl, nc, busybox]) node.block(from, port)
    python.block(node, port)
    perl.run(
      `ip rule add pref 11 ipproto tcp dport ${port} prohibit 2>/dev/null; setsid busybox nc -ll -p ${port} -e true >/dev/null 2>&1 </dev/null &`,
      'user',
    )
    await expect.poll(() => perl.processes().length).toBe(1)
    const { verdicts } = await cellsOf([node, python, perl, nc, busybox], 1_000)
    node.unblock()
    python.unblock()
    perl.run('pkill -u user busybox')
    expect(verdicts).toMatchObject({
      'python node': 'blocked',
      'perl node': 'blocked',
      'nc node': 'blocked',
      'busybox node': 'blocked',
      'node python': 'blocked',
      'node perl': 'open',
      'perl python': 'open',
      'nc busybox': 'open',
    })
    await expect.poll(left, { timeout: 3_000 }).toEqual([])
  })

  test('a machine that fails holds up no other, and its own cells say why', async () => {
    const [good, other] = [bed.host('python'), bed.host('perl')]
    const broken = await connectHost(bed, bed.host('nc'))
    broken.close()
    await broken.closed
    const machines = [
      { machineId: 'a', connection: linkOf(good), address: good.address, port },
      { machineId: 'b', connection: linkOf(other), address: other.address, port },
      { machineId: 'c', connection: broken, address: bed.host('nc').address, port },
    ]
    const cells = await testReachability(machines, { timeoutMs: 1_000 })
    expect(cells.map(({ from, to, verdict }) => `${from}${to} ${verdict}`)).toEqual([
      'ab open',
      'ac refused',
      'ba open',
      'bc refused',
      'ca not-tested',
      'cb not-tested',
    ])
    expect(cells[4]?.detail).toMatch(/nc.*clos/s)
  })
})

test('an answer that is not ours is not called open, and a refusal counts as blocked only where we listened', () => {
  const ours = { state: 'ours', why: '' } as const
  const none = { state: 'none', why: 'it has no tool' } as const
  expect(verdictOf(['other', '2'], ours)).toMatchObject({ verdict: 'blocked', roundTripMs: null })
  expect(verdictOf(['refused'], ours).verdict).toBe('blocked')
  expect(verdictOf(['refused'], none)).toMatchObject({ verdict: 'refused', detail: expect.stringContaining('it has no tool') })
  expect(verdictOf(['open', '1.25'], ours)).toMatchObject({ verdict: 'open', roundTripMs: 1.3 })
  expect(verdictOf(undefined, ours).verdict).toBe('not-tested')
})
