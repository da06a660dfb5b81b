import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as shoal from 'shoal'
import { isRunning, processRecord } from '#runtime/session/process-record.ts'
import { check, finish, rejection, until } from '../support/checks.ts'
import { startCluster } from '../support/cluster.ts'

const folder = mkdtempSync(join(tmpdir(), 'shoal-head-faults-'))
const fileIn = (name: string) => join(folder, name)
const linesIn = (path: string): string[] => (existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : [])
const cluster = await startCluster({
  nodes: [{ cpus: 2 }, { cpus: 2, resources: { here: 10 }, config: { headPatienceMs: 6_000 } }],
  headConfig: { linkGraceMs: 1_000 },
})
await shoal.init({ address: cluster.address, tempDir: cluster.tempDir, namespace: 'faults', onWarning: () => {} })
const aliveCount = async () => (await shoal.nodes()).filter((node) => node.alive).length

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
  { numCpus: 0 },
)
const gated = shoal.remote(
  async (gate: string, value: number) => {
    const fs = await import('node:fs')
    while (!fs.existsSync(gate)) await new Promise((resolve) => setTimeout(resolve, 10))
    return value
  },
  { numCpus: 0.5 },
)
const square = shoal.remote((value: number) => value * value)

await check('running tasks and actors go on while the head is away, and named actors are found again', async () => {
  const counter = Counter.options({ name: 'counter', lifetime: 'detached' }).remote()
  assert.equal(await shoal.get(counter.add.remote(1)), 1)
  const gate = fileIn('one.gate')
  const running = [1, 2, 3].map((value) => gated.remote(gate, value))
  await shoal.wait(running, { timeout: '300ms' })
  await cluster.killHead()
  writeFileSync(gate, '')
  assert.deepEqual(await shoal.get(running), [1, 2, 3])
  assert.equal(await shoal.get(counter.add.remote(1)), 2)
  assert.deepEqual(await shoal.get([2, 3, 4].map((value) => square.remote(value))), [4, 9, 16])
  await cluster.restartHead()
  await until('both nodes are back', async () => (await aliveCount()) === 2)
  const found = (await shoal.getActor('counter')) as typeof counter
  assert.equal(await shoal.get(found.add.remote(1)), 3)
})

await check('an actor that is made while the head is away is made once, when it is back', async () => {
  const made = fileIn('made')
  const Made = shoal.actor(
    class {
      constructor(path: string) {
        process.getBuiltinModule('node:fs').appendFileSync(path, 'x')
      }
      ready() {
        return true
      }
    },
    { numCpus: 0 },
  )
  await cluster.killHead()
  const actor = Made.remote(made)
  const answer = shoal.get(actor.ready.remote())
  await cluster.restartHead()
  assert.equal(await answer, true)
  assert.equal(readFileSync(made, 'utf8'), 'x')
})

await check('many actors asked for while the head dies and comes back are each made exactly once', async () => {
  const made = fileIn('many')
  const Made = shoal.actor(
    class {
      readonly #index: number
      constructor(path: string, index: number) {
        this.#index = index
        process.getBuiltinModule('node:fs').appendFileSync(path, `${index}\n`)
      }
      index() {
        return this.#index
      }
    },
    { numCpus: 0 },
  )
  const actors = []
  for (let index = 0; index < 12; index += 1) {
    actors.push(Made.remote(made, index))
    if (index === 3 || index === 8) {
      await new Promise((resolve) => setTimeout(resolve, 30)) // into the middle of what is under way
      await cluster.killHead()
      await cluster.restartHead()
    }
  }
  const indexes = await shoal.get(actors.map((actor) => actor.index.remote()))
  assert.deepEqual(
    indexes,
    Array.from({ length: 12 }, (_, index) => index),
  )
  assert.deepEqual(
    linesIn(made)
      .map(Number)
      .sort((a, b) => a - b),
    Array.from({ length: 12 }, (_, index) => index),
  )
  for (const actor of actors) await shoal.kill(actor)
})

await check('a request that the head does not answer in time is refused with an error that says to try again', async () => {
  const ask = shoal.remote(
    async () => {
      try {
        await shoal.nodes()
        return 'answered'
      } catch (error) {
        return error instanceof Error && 'code' in error && 'retryable' in error
          ? `${String(error.code)} ${String(error.retryable)}`
          : String(error)
      }
    },
    { resources: { here: 1 } },
  )
  assert.equal(await shoal.get(ask.remote()), 'answered')
  await cluster.killHead()
  assert.equal(await shoal.get(ask.remote(), { timeout: '20s' }), 'head.unavailable true')
  await cluster.restartHead()
  await until('both nodes are back', async () => (await aliveCount()) === 2)
})

await check('a worker that dies while the head is away has its actor built again when it is back', async () => {
  const counter = Counter.options({ maxRestarts: 2, maxTaskRetries: 2 }).remote()
  const pid = await shoal.get(counter.pid.remote())
  await cluster.killHead()
  process.kill(pid, 'SIGKILL')
  const next = shoal.get(counter.pid.remote(), { timeout: '30s' })
  await cluster.restartHead()
  assert.notEqual(await next, pid)
})

await check('a driver that is killed leaves nothing but its detached actors', async () => {
  const hereFree = async () => (await shoal.availableResources())['here'] ?? 0
  const storeUsed = async () =>
    ((await shoal.clusterResources())['object_store_memory'] ?? 0) - ((await shoal.availableResources())['object_store_memory'] ?? 0)
  await until('nothing is held that it will hold', async () => (await hereFree()) === 10)
  const pids = fileIn('doomed')
  const script = fileURLToPath(new URL('doomed-driver.ts', import.meta.url))
  const driver = spawn(process.execPath, ['--no-warnings', ...process.execArgv, script, cluster.address, cluster.tempDir, pids], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [said] = (await Promise.race([once(driver.stdout, 'data'), once(driver, 'exit')])) as [unknown]
  assert.equal(String(said), 'ready\n')
  await until('its task runs', () => linesIn(pids).length === 2)
  const mortals = linesIn(pids).map((pid) => processRecord(Number(pid)))
  const kept = processRecord(Number(linesIn(`${pids}.kept`)[0]))
  // The head hears of it from the nodes, some time after: before that all looks as free as it is to be in the end.
  await until('the head knows what its task and its object hold', async () => (await hereFree()) === 9 && (await storeUsed()) >= 20_000_000)
  driver.kill('SIGKILL')
  await until('its task and its actor end', () => mortals.every((one) => !isRunning(one)))
  await until('what they held is free again', async () => (await hereFree()) === 10)
  await until('its objects are freed', async () => (await storeUsed()) <= 0)
  assert.equal((await rejection(shoal.getActor('mortal', { namespace: 'doomed' }))).name.length > 0, true)
  assert.equal(isRunning(kept), true)
  const found = await shoal.getActor('kept', { namespace: 'doomed' })
  await shoal.kill(found)
  await until('the detached actor ends when it is killed', () => !isRunning(kept))
})

await check('a head that is told to stop and started again goes on with what it knew', async () => {
  const counter = (await shoal.getActor('counter')) as ReturnType<typeof Counter.remote>
  assert.equal(await shoal.get(counter.add.remote(0)), 3) // its handle knows where the actor is: the head is not needed from now on
  process.kill(cluster.headPid, 'SIGTERM')
  await until('it has ended', () => {
    try {
      return !process.kill(cluster.headPid, 0)
    } catch {
      return true
    }
  })
  await cluster.killHead()
  assert.equal(await shoal.get(counter.add.remote(1)), 4)
  await cluster.restartHead()
  await until('both nodes are back', async () => (await aliveCount()) === 2)
  assert.equal(await shoal.get(((await shoal.getActor('counter')) as typeof counter).add.remote(1)), 5)
})

await shoal.shutdown()
await cluster.stop()
rmSync(folder, { recursive: true, force: true })
finish()
