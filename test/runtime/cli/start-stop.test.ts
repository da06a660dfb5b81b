import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sessionLayout } from '#runtime/session/layout.ts'
import { isRunning, type ProcessRecord } from '#runtime/session/process-record.ts'
import { headOf, linesOf, nodeOf, outcomeOf, Sandbox, smallNode, statusOf } from './support.ts'

const sandbox = new Sandbox()
afterAll(() => sandbox.dispose())

const loopback = ['--node-ip-address', '127.0.0.1', ...smallNode]
const sharedMemoryOf = (nodeId: string): string[] => readdirSync('/dev/shm').filter((name) => name.includes(nodeId.slice(0, 24)))

describe('a cluster of two nodes on one machine', () => {
  const first = sandbox.tempDir('first')
  const second = sandbox.tempDir('second')
  let address = ''

  beforeAll(async () => {
    const started = await sandbox.json(['start', '--head', '--port', '0', '--temp-dir', first, '--node-name', 'one', ...loopback])
    address = String(started['address'])
    expect(started).toMatchObject({
      started: 'head',
      address: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
      listen: { host: '127.0.0.1', why: 'as asked by --node-ip-address' },
      head: { pid: headOf(first)?.pid },
      node: { pid: nodeOf(first)?.pid, nodeId: nodeOf(first)?.nodeId },
      joinTokenFile: sessionLayout(first).joinToken,
      env: { SHOAL_ADDRESS: 'auto', SHOAL_TEMP_DIR: first },
    })
  })

  test('the second node joins over TLS with the token, and status shows both', async () => {
    const tokenFile = sessionLayout(first).joinToken
    const joined = await sandbox.run([
      ...['start', '--address', address, '--join-token-file', tokenFile, '--temp-dir', second, '--labels', 'zone=a', '--node-name', 'two'],
      ...loopback,
    ])
    expect(joined).toMatchObject({ code: 0, stderr: '' })
    expect(joined.stdout).toContain(`Joined the cluster at ${address}.`)
    const status = await statusOf(sandbox, ['--temp-dir', second])
    expect(status.nodes.map(({ name, state, isHead }) => ({ name, state, isHead }))).toEqual([
      { name: 'one', state: 'alive', isHead: true },
      { name: 'two', state: 'alive', isHead: false },
    ])
    expect(status.nodes[1]?.labels['zone']).toBe('a')
    expect(status.resources['CPU']).toEqual({ used: 0, total: 2, reserved: 0 })
    expect(status).toMatchObject({ address, demand: { tasks: [], actors: 0, placementGroups: 0 }, placementGroups: [] })
  })

  test('status finds a node by the address of its cluster, and says where nodes run when asked for none of them', async () => {
    const { nodes } = await statusOf(sandbox, ['--address', address])
    expect(nodes).toHaveLength(2)
    const lost = await sandbox.run(['status'])
    expect(lost.code).toBe(1)
    expect(lost.stderr).toContain('nodes run in ')
    expect(lost.stderr).toContain(first)
  })

  test('status --watch looks again and again until it is interrupted', async () => {
    const child = sandbox.spawn(['status', '--watch', '--interval', '100ms', '--json', '--temp-dir', first])
    const lines = linesOf(child)
    const looks = [await lines.next(), await lines.next()]
    for (const { value } of looks) expect(JSON.parse(value)).toMatchObject({ nodes: [{ name: 'one' }, { name: 'two' }] })
    child.kill('SIGINT')
    expect(await outcomeOf(child)).toMatchObject({ code: 0 })
  })

  test('a second start in the same folder is refused by the pid of the first', async () => {
    const again = await sandbox.run(['start', '--head', '--port', '0', '--temp-dir', first, ...loopback])
    expect(again.code).toBe(1)
    expect(again.stderr).toContain(
      `a head runs in ${first} already (pid ${headOf(first)?.pid}); stop it with "shoal stop --temp-dir ${first}"`,
    )
    expect(headOf(first)).toBeDefined()
  })

  test('the token is printed on the machine of the head, and by nothing else', async () => {
    const { stdout } = await sandbox.run(['token', '--temp-dir', first])
    expect(stdout).toBe(readFileSync(sessionLayout(first).joinToken, 'utf8'))
    const elsewhere = await sandbox.json(['token', '--temp-dir', second])
    expect(elsewhere).toMatchObject({ error: { code: 'cluster.not-found' } })
  })

  test('a machine without the right token is turned away, and nothing of it stays running', async () => {
    const stranger = sandbox.tempDir('stranger')
    const join = ['start', '--address', address, '--temp-dir', stranger, ...loopback]
    expect(await sandbox.json(join)).toMatchObject({
      error: { code: 'auth.refused', message: expect.stringContaining('run "shoal token" on the head\'s machine') },
    })
    const token = readFileSync(sessionLayout(first).joinToken, 'utf8').trim()
    const wrong = `${token.slice(0, -4)}${token.endsWith('AAAA') ? 'BBBB' : 'AAAA'}`
    const refused = await sandbox.run(join, { env: { SHOAL_JOIN_TOKEN: wrong } })
    expect(refused).toEqual({ code: 1, stdout: '', stderr: 'shoal: the join token is not of this cluster; copy it again from the head\n' })
    expect(await sandbox.json(join, { env: { SHOAL_JOIN_TOKEN: 'hello' } })).toMatchObject({ error: { code: 'bad-argument' } })
    expect(nodeOf(stranger)).toBeUndefined()
  })

  test('the token in a variable reaches the node, and not the environment of its processes', async () => {
    const third = sandbox.tempDir('third')
    const token = readFileSync(sessionLayout(first).joinToken, 'utf8').trim()
    await sandbox.json(['start', '--address', address, '--temp-dir', third, ...loopback], { env: { SHOAL_JOIN_TOKEN: token } })
    const pid = nodeOf(third)?.pid
    expect(readFileSync(`/proc/${pid}/environ`, 'utf8')).not.toContain(token)
    expect(statSync(join(sessionLayout(third).nodeDir, 'join-token')).mode & 0o077).toBe(0)
    await sandbox.run(['stop', '--temp-dir', third])
  })

  test('stop ends one folder and leaves the other', async () => {
    const node = nodeOf(second)
    const stopped = await sandbox.json(['stop', '--temp-dir', second])
    expect(stopped).toEqual({ stopped: [{ tempDir: second, role: 'node', pid: node?.pid, how: 'ended' }] })
    expect(nodeOf(second)).toBeUndefined()
    expect(sharedMemoryOf(node?.nodeId ?? '')).toEqual([])
    expect(existsSync(sessionLayout(second).socketDir)).toBe(false)
    expect(headOf(first)).toBeDefined()
    expect(await sandbox.run(['stop', '--temp-dir', second])).toEqual({
      code: 0,
      stdout: `Nothing runs with its files in ${second}.\n`,
      stderr: '',
    })
  })

  test('a node that was stopped comes back without the token', async () => {
    const back = await sandbox.json(['start', '--address', address, '--temp-dir', second, ...loopback])
    expect(back).toMatchObject({ started: 'node', address })
    const { nodes } = await statusOf(sandbox, ['--temp-dir', first])
    expect(nodes.filter(({ state }) => state === 'alive')).toHaveLength(2)
  })

  test('stop --all ends the rest: processes, workers, sockets and shared memory', async () => {
    const nodes = [nodeOf(first), nodeOf(second)]
    const workers = [first, second].flatMap((tempDir) => recordsIn(sessionLayout(tempDir).workersRecord))
    const { stdout, code } = await sandbox.run(['stop', '--all'])
    expect(code).toBe(0)
    expect(stdout.split('\n').sort()).toEqual(
      [
        '',
        `Stopped the head (pid ${/head \(pid (\d+)\)/.exec(stdout)?.[1]}) of ${first}.`,
        `Stopped the node (pid ${nodes[0]?.pid}) of ${first}.`,
        `Stopped the node (pid ${nodes[1]?.pid}) of ${second}.`,
      ].sort(),
    )
    expect([headOf(first), nodeOf(first), nodeOf(second)]).toEqual([undefined, undefined, undefined])
    expect(workers.filter(isRunning)).toEqual([])
    expect(nodes.flatMap((node) => sharedMemoryOf(node?.nodeId ?? ''))).toEqual([])
    expect([first, second].filter((tempDir) => existsSync(sessionLayout(tempDir).socketDir))).toEqual([])
    expect((await sandbox.run(['stop', '--all'])).stdout).toBe('Nothing runs of this user on this machine.\n')
  })
})

function recordsIn(path: string): ProcessRecord[] {
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as ProcessRecord[]) : [] // the agent wrote it
}

describe('a folder that was part of another cluster', () => {
  test('joins a new one with its token, and can become a head', async () => {
    const [old, next, mover] = [sandbox.tempDir('old'), sandbox.tempDir('next'), sandbox.tempDir('mover')]
    for (const tempDir of [old, next]) {
      const { address } = await sandbox.json(['start', '--head', '--port', '0', '--temp-dir', tempDir, ...loopback])
      const tokenFile = sessionLayout(tempDir).joinToken
      const joined = await sandbox.json([
        'start',
        '--address',
        String(address),
        '--join-token-file',
        tokenFile,
        '--temp-dir',
        mover,
        ...loopback,
      ])
      expect(joined).toMatchObject({ started: 'node', address })
      await sandbox.run(['stop', '--temp-dir', mover])
    }
    expect(await sandbox.json(['start', '--head', '--port', '0', '--temp-dir', mover, ...loopback])).toMatchObject({ started: 'head' })
    await sandbox.run(['stop', '--all'])
  }, 180_000)
})

describe('start --block', () => {
  const tempDir = sandbox.tempDir('block')
  const args = ['start', '--head', '--block', '--json', '--port', '0', '--temp-dir', tempDir, ...loopback]

  test('stays, and ends what it started when it is interrupted', async () => {
    const child = sandbox.spawn(args)
    const outcome = outcomeOf(child)
    const { value } = await linesOf(child).next()
    const { head, node } = JSON.parse(value) as { head: { pid: number }; node: { pid: number } }
    expect([headOf(tempDir)?.pid, nodeOf(tempDir)?.pid]).toEqual([head.pid, node.pid])
    child.kill('SIGINT')
    expect(await outcome).toMatchObject({ code: 0, stderr: '' })
    expect([headOf(tempDir), nodeOf(tempDir)]).toEqual([undefined, undefined])
  })

  test.each(['head', 'node'] as const)('ends with an error when the %s dies, and takes the rest with it', async (role) => {
    const child = sandbox.spawn(args)
    const outcome = outcomeOf(child)
    const { value } = await linesOf(child).next()
    const started = JSON.parse(value) as Record<'head' | 'node', { pid: number; nodeId: string }>
    process.kill(started[role].pid, 'SIGKILL')
    const { code, stderr } = await outcome
    expect(code).toBe(1)
    expect(stderr).toMatch(new RegExp(`^shoal: the ${role === 'head' ? 'head' : 'agent'} died \\(SIGKILL\\); see .*\\.log\\n$`))
    expect([headOf(tempDir), nodeOf(tempDir)]).toEqual([undefined, undefined])
    expect(sharedMemoryOf(started.node.nodeId)).toEqual([])
  })
})

describe('what cannot start says why', () => {
  test('a head whose port is taken', async () => {
    const first = sandbox.tempDir('port-first')
    const { address } = await sandbox.json(['start', '--head', '--port', '0', '--temp-dir', first, ...loopback])
    const port = String(address).split(':')[1] ?? ''
    const second = sandbox.tempDir('port-second')
    const refused = await sandbox.run(['start', '--head', '--port', port, '--temp-dir', second, ...loopback])
    expect(refused.code).toBe(1)
    expect(refused.stderr).toContain(port)
    expect(headOf(second)).toBeUndefined()
    await sandbox.run(['stop', '--temp-dir', first])
  })

  test('a node whose head does not answer', async () => {
    const tempDir = sandbox.tempDir('lonely')
    const token = `shoal1.${'a'.repeat(43)}.${'b'.repeat(43)}`
    const refused = await sandbox.json(['start', '--address', '127.0.0.1:1', '--temp-dir', tempDir, ...loopback], {
      env: { SHOAL_JOIN_TOKEN: token },
    })
    expect(refused).toMatchObject({
      error: { code: 'head.unavailable', message: expect.stringContaining('no head answers at 127.0.0.1:1 (ECONNREFUSED)') },
    })
  })

  test('a folder that others may write to', async () => {
    const tempDir = sandbox.tempDir('open')
    mkdirSync(tempDir, { mode: 0o700 })
    writeFileSync(join(tempDir, 'x'), '')
    chmodSync(tempDir, 0o777)
    const refused = await sandbox.run(['start', '--head', '--port', '0', '--temp-dir', tempDir, ...loopback])
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining(`others may write to ${tempDir}; run chmod 700 on it`) })
  })
})

test('a head that was killed is told of at once, with what brings it back', async () => {
  const tempDir = sandbox.tempDir('headless')
  const start = ['start', '--head', '--port', '0', '--temp-dir', tempDir, ...loopback]
  expect((await sandbox.run([...start, '--dashboard-port', '0'])).code).toBe(0)
  const head = headOf(tempDir)
  if (head) process.kill(head.pid, 'SIGKILL')
  await expect.poll(() => headOf(tempDir), { timeout: 30_000 }).toBeUndefined()
  for (const command of [['status'], ['job', 'list'], ['list', 'tasks'], ['timeline']]) {
    const { code, stderr } = await sandbox.run([...command, '--temp-dir', tempDir])
    expect([command, code]).toEqual([command, 1])
    expect(stderr).toContain(`(pid ${head?.pid}) has ended, and its node waits for it. "shoal stop --temp-dir ${tempDir}" and`)
  }
  expect((await sandbox.run(['stop', '--temp-dir', tempDir])).code).toBe(0)
  expect((await sandbox.run(['status', '--temp-dir', tempDir])).stderr).toContain('no node runs on this machine')
})

test('a process that does not end in time is killed, and its leftovers are removed', async () => {
  const tempDir = sandbox.tempDir('stuck')
  await sandbox.json(['start', '--head', '--port', '0', '--temp-dir', tempDir, ...loopback])
  const node = nodeOf(tempDir)
  process.kill(node?.pid ?? 0, 'SIGSTOP')
  const { stdout } = await sandbox.run(['stop', '--temp-dir', tempDir, '--grace', '200ms'])
  expect(stdout).toContain(`Killed the node (pid ${node?.pid}) of ${tempDir}: it did not end in time.`)
  expect(nodeOf(tempDir)).toBeUndefined()
  expect(sharedMemoryOf(node?.nodeId ?? '')).toEqual([])
})
