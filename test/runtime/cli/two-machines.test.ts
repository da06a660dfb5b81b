import { execFileSync, spawn } from 'node:child_process'
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runtimeNode } from '#runtime/session/daemon.ts'
import { sessionLayout } from '#runtime/session/layout.ts'
import { nodeOf, outcomeOf, Sandbox, smallNode, statusOf } from './support.ts'

const program = fileURLToPath(new URL('program-elsewhere.ts', import.meta.url))
const ip = (...args: string[]) => execFileSync('ip', args, { stdio: 'pipe' })

/** Two network namespaces with a cable between them: to the network, two machines. */
const suffix = process.pid.toString(36)
const machines = [
  { name: `shoal-a-${suffix}`, wire: `sa${suffix}`, address: '10.231.77.1' },
  { name: `shoal-b-${suffix}`, wire: `sb${suffix}`, address: '10.231.77.2' },
] as const
const [one, two] = machines
const on = ({ name }: { name: string }) => ['ip', 'netns', 'exec', name]

function canMakeNamespaces(): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false
  try {
    ip('netns', 'add', `${one.name}-probe`)
    ip('netns', 'del', `${one.name}-probe`)
    return true
  } catch {
    return false // no iproute2, or a container without the right
  }
}

describe.skipIf(!canMakeNamespaces())('two machines with a network between them', () => {
  const sandbox = new Sandbox()
  const first = sandbox.tempDir('one')
  const second = sandbox.tempDir('two')
  const headAddress = `${one.address}:6379`

  beforeAll(() => {
    for (const { name } of machines) ip('netns', 'add', name)
    ip('link', 'add', one.wire, 'netns', one.name, 'type', 'veth', 'peer', 'name', two.wire, 'netns', two.name)
    for (const { name, wire, address } of machines) {
      ip('-n', name, 'addr', 'add', `${address}/24`, 'dev', wire)
      for (const device of [wire, 'lo']) ip('-n', name, 'link', 'set', device, 'up')
    }
  })
  afterAll(async () => {
    await sandbox.dispose()
    for (const { name } of machines) ip('netns', 'del', name)
  })

  test('a head without a default route stays on loopback and says so', async () => {
    const tempDir = sandbox.tempDir('loopback')
    const started = await sandbox.json(['start', '--head', '--port', '0', '--temp-dir', tempDir, ...smallNode], { prefix: on(one) })
    expect(started).toMatchObject({
      address: expect.stringMatching(/^127\.0\.0\.1:/),
      listen: { host: '127.0.0.1', why: expect.stringContaining('no default route: only this machine can join') },
    })
    await sandbox.run(['stop', '--temp-dir', tempDir])
  })

  test('a head listens where the default route leads, at the default port', async () => {
    ip('-n', one.name, 'route', 'add', 'default', 'via', two.address)
    const started = await sandbox.json(['start', '--head', '--temp-dir', first, ...smallNode], { prefix: on(one) })
    expect(started).toMatchObject({
      address: headAddress,
      listen: { host: one.address, why: `the address of ${one.wire}, where the default route leads` },
    })
  })

  test('the other machine is turned away with no token, then joins with a copy of it', async () => {
    const args = ['start', '--address', headAddress, '--temp-dir', second, '--labels', 'machine=two', ...smallNode]
    expect(await sandbox.json(args, { prefix: on(two) })).toMatchObject({ error: { code: 'auth.refused' } })
    const copied = join(sandbox.folder, 'copied-token')
    copyFileSync(sessionLayout(first).joinToken, copied)
    const joined = await sandbox.json([...args, '--join-token-file', copied], { prefix: on(two) })
    expect(joined).toMatchObject({
      started: 'node',
      address: headAddress,
      listen: { host: two.address, why: `the address of ${two.wire}, which leads to the head` },
      node: { address: expect.stringMatching(/^10\.231\.77\.2:\d+$/) },
    })
  })

  test('both machines see both nodes, each at its own address', async () => {
    for (const tempDir of [first, second]) {
      const { nodes } = await statusOf(sandbox, ['--temp-dir', tempDir])
      expect(nodes.map(({ address, state }) => ({ host: address.split(':')[0], state }))).toEqual([
        { host: one.address, state: 'alive' },
        { host: two.address, state: 'alive' },
      ])
    }
  })

  test('a program on the first machine runs a task on the second, and objects cross both ways', async () => {
    const [ipCommand = '', ...inside] = on(one)
    const env = { ...process.env, SHOAL_ADDRESS: 'auto', SHOAL_TEMP_DIR: first }
    const child = spawn(ipCommand, [...inside, runtimeNode(), program], { env, stdio: ['ignore', 'pipe', 'pipe'] })
    const { code, stdout, stderr } = await outcomeOf(child)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(JSON.parse(stdout)).toEqual({ agentPid: nodeOf(second)?.pid, length: 200_000, last: 42 })
  })

  test('a machine without a way to the head is told so', async () => {
    const refused = await sandbox.json(['start', '--address', '10.99.99.99:6379', '--temp-dir', sandbox.tempDir('lost'), ...smallNode], {
      prefix: on(two),
      env: { SHOAL_JOIN_TOKEN: `shoal1.${'a'.repeat(43)}.${'b'.repeat(43)}` },
    })
    expect(refused).toMatchObject({ error: { code: 'head.unavailable', message: expect.stringContaining('(ENETUNREACH)') } })
  })

  test('a node that leaves is dead to the other at once', async () => {
    const { nodeId } = nodeOf(second) ?? { nodeId: '' }
    await sandbox.run(['stop', '--temp-dir', second], { prefix: on(two) })
    const { nodes } = await statusOf(sandbox, ['--temp-dir', first])
    expect(nodes.find((node) => node.nodeId === nodeId)?.state).toBe('dead')
  })
})
