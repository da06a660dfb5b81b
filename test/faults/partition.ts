import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as shoal from 'shoal'
import { runtimeNode } from '#runtime/session/daemon.ts'
import { isRunning, processRecord } from '#runtime/session/process-record.ts'
import { check, finish, until } from '../support/checks.ts'
import { startCluster, type NodeOptions, type TestNode } from '../support/cluster.ts'
import { enterNamespace, system } from '../support/own-namespace.ts'

enterNamespace('mount', 'network')

const folder = mkdtempSync(join(tmpdir(), 'shoal-partition-'))
const ourAddress = '10.77.0.1'
system('mount', '-t', 'tmpfs', 'none', '/run')
system('ip', 'link', 'set', 'lo', 'up')
system('ip', 'link', 'add', 'bridge', 'type', 'bridge')
system('ip', 'address', 'add', `${ourAddress}/24`, 'dev', 'bridge')
system('ip', 'link', 'set', 'bridge', 'up')

/** A machine of its own, as far as the network goes. Cutting its wire sends no sign to either side. */
type Machine = {
  readonly name: string
  readonly address: string
  cut(): void
  heal(): void
  start(options: NodeOptions): Promise<TestNode>
}

function aMachine(number: number): Machine {
  const name = `m${number}`
  const address = `10.77.0.${number}`
  system('ip', 'netns', 'add', name)
  system('ip', 'link', 'add', `to-${name}`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name)
  system('ip', 'link', 'set', `to-${name}`, 'master', 'bridge', 'up')
  const inside = (...args: string[]) => system('ip', 'netns', 'exec', name, ...args)
  inside('ip', 'link', 'set', 'lo', 'up')
  inside('ip', 'address', 'add', `${address}/24`, 'dev', 'eth0')
  inside('ip', 'link', 'set', 'eth0', 'up')
  const node = join(folder, `node-${name}`)
  writeFileSync(node, `#!/bin/sh\nexec ip netns exec ${name} ${runtimeNode()} "$@"\n`)
  chmodSync(node, 0o700)
  return {
    ...{ name, address },
    cut: () => void system('ip', 'link', 'set', `to-${name}`, 'down'),
    heal: () => void system('ip', 'link', 'set', `to-${name}`, 'up'),
    start(options) {
      process.env['SHOAL_NODE'] = node // read when the process is started, which is now
      const starting = cluster.addNode({ ...options, host: address })
      delete process.env['SHOAL_NODE']
      return starting
    },
  }
}

const cluster = await startCluster({ nodes: [{ cpus: 1, host: ourAddress }], host: ourAddress })
const [near, far] = [aMachine(2), aMachine(3)]
const cutOff = await far.start({ cpus: 1, resources: { anywhere: 2 } })
await shoal.init({ address: cluster.address, tempDir: cluster.tempDir, onWarning: () => {} })

const linesIn = (path: string): string[] => (existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : [])
const gated = shoal.remote(
  async (log: string, gate: string) => {
    const fs = await import('node:fs')
    fs.appendFileSync(log, `${process.pid}\n`)
    while (!fs.existsSync(gate)) await new Promise((resolve) => setTimeout(resolve, 20))
    return process.pid
  },
  { resources: { anywhere: 1 } },
)
const Counter = shoal.actor(
  class {
    #count = 0
    add(by: number) {
      this.#count += by
      return this.#count
    }
    pid() {
      return process.pid
    }
  },
  { resources: { anywhere: 1 }, numCpus: 0, maxRestarts: 5, maxTaskRetries: 5, name: 'counter' },
)

await check('machines of the network take work and objects from one another', async () => {
  const size = shoal.remote((length: number) => new Uint8Array(length).fill(3), { resources: { anywhere: 1 } })
  assert.equal(((await shoal.get(size.remote(5_000_000))) as Uint8Array).length, 5_000_000)
})

const log = join(folder, 'runs')
const gate = join(folder, 'gate')
const counter = Counter.remote()
const actorPid = await shoal.get(counter.pid.remote())
const stuck = gated.remote(log, gate)
await until('the task runs', () => linesIn(log).length === 1)
const before = [actorPid, Number(linesIn(log)[0])].map((pid) => processRecord(pid))

await check('a node that is cut off is dead within 10 s, and its work goes on elsewhere', async () => {
  await near.start({ cpus: 1, resources: { anywhere: 2 } })
  const cutAtMs = performance.now()
  far.cut()
  await until('the node is dead to the head', async () => (await shoal.nodes()).some((node) => !node.alive), 15_000)
  const noticedMs = performance.now() - cutAtMs
  assert.ok(noticedMs < 10_500, `noticed after ${Math.round(noticedMs)} ms`) // 10 s, and the time to ask
  await until('the task runs again', () => linesIn(log).length === 2)
  assert.notEqual(await shoal.get(counter.pid.remote(), { timeout: '20s' }), actorPid)
  assert.equal(await shoal.get(counter.add.remote(1)), 1)
})

await check('the node ends what it ran while it is still cut off, and goes on trying to come back', async () => {
  await until('what it ran has ended', () => before.every((one) => !isRunning(one)), 60_000)
  assert.equal((await shoal.nodes()).filter((node) => node.alive).length, 2)
  assert.equal(isRunning(processRecord(cutOff.pid)), true)
})

await check('when the wire heals, it comes back as a new node', async () => {
  far.heal()
  await until('a new node is there', async () => (await shoal.nodes()).filter((node) => node.alive).length === 3, 20_000)
  assert.ok((await shoal.nodes()).some((node) => node.nodeId === cutOff.nodeId && !node.alive))
  assert.equal(await shoal.get(counter.add.remote(1)), 2, 'nobody heard of the old actor')
  writeFileSync(gate, '')
  assert.equal(String(await shoal.get(stuck)), linesIn(log)[1])
  assert.equal(linesIn(log).length, 2)
})

await shoal.shutdown()
await cluster.stop()
rmSync(folder, { recursive: true, force: true })
finish()
