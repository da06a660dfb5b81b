// Programs on three machines as far as the network can tell, with a token on every connection. The driver's node has no CPUs: all work is elsewhere.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import * as shoal from 'shoal'
import { check, finish, rejection, until } from '../support/checks.ts'
import { enterRayNetwork, startRayMachines } from '../support/ray-machines.ts'
import { needleOf, searchFolder } from '../support/secret-search.ts'

enterRayNetwork()

const python = process.env['SHOAL_RAY_PYTHON'] ?? 'python3'
const token = `planted-ray-token-${'5e'.repeat(20)}`
const folder = mkdtempSync(join(tmpdir(), 'shoal-three-nodes-'))
const tokenFile = join(folder, 'token')
writeFileSync(tokenFile, token, { mode: 0o600 })
/** What an operator sets for Ray; older versions know nothing of it. */
const auth = { RAY_AUTH_MODE: 'token', RAY_AUTH_TOKEN_PATH: tokenFile }
const worker = { cpus: 2, gpus: 1, resources: { slot: 2, tool: 1, aside: 1 } }
const machines = await startRayMachines([{ cpus: 0 }, worker, worker], python, auth)
const { address } = machines

/** Commands of all processes, whoever's they are. */
const allCommands = (): string[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        return [readFileSync(`/proc/${pid}/cmdline`, 'utf8')]
      } catch {
        return [] // it has ended
      }
    })

await check('without the token, or with another, a program is not let in and is told why', async () => {
  const wrong = 'not-this-one-at-all-0123456789abcdef'
  for (const tried of [{}, { RAY_AUTH_MODE: 'token', RAY_AUTH_TOKEN: wrong }]) {
    Object.assign(process.env, tried)
    const error = await rejection(shoal.init({ address })).finally(() => {
      for (const name of Object.keys(tried)) delete process.env[name]
    })
    assert(error instanceof shoal.ClusterError && error.code === 'cluster.start-failed', String(error))
    assert.match(error.message, /RAY_AUTH_TOKEN_PATH/)
    assert(!error.message.includes(wrong), error.message)
  }
})

Object.assign(process.env, auth)
await shoal.init({ address })
const where = shoal.remote(() => shoal.runtimeContext().nodeId)

await check('work and objects go to each machine and back', async () => {
  const working = async () => (await shoal.nodes()).filter((node) => node.alive && (node.resources['CPU'] ?? 0) > 0)
  await until('both machines have joined', async () => (await working()).length === 2, 180_000)
  const nodes = await working()
  const bytesOn = shoal.remote((fill: number) => new Uint8Array(3_000_000).fill(fill))
  const sumOf = shoal.remote((bytes: Uint8Array) => bytes.reduce((sum, byte) => sum + byte, 0))
  for (const { nodeId } of nodes) {
    const other = nodes.find((node) => node.nodeId !== nodeId)?.nodeId ?? ''
    const here = { schedulingStrategy: { nodeId } }
    assert.equal(await shoal.get(where.options(here).remote()), nodeId)
    const bytes = bytesOn.options(here).remote(2)
    assert.equal(await shoal.get(sumOf.options({ schedulingStrategy: { nodeId: other } }).remote(bytes)), 6_000_000)
    assert.equal((await shoal.get(bytes)).length, 3_000_000)
    assert.equal(await shoal.get(sumOf.options(here).remote(await shoal.put(new Uint8Array(2_000_000).fill(1)))), 2_000_000)
  }
})

await check('the token stands in no argument of any process', () => {
  assert.deepEqual(
    allCommands().filter((command) => command.includes(token)),
    [],
  )
})
await shoal.shutdown()

/** Checks that count on all the CPUs that their program asked for, and those that differ on Ray. */
const programs: Readonly<Record<string, readonly string[]>> = {
  errors: [],
  objects: ['100 MB come back as a view without a copy, in this process and in a task'],
  streams: ['a stream that ran again and gave fewer items, or an error in place of one, fails with the error for that'],
  actors: ['an actor without numCpus needs a CPU to start and holds none; with numCpus it holds it for life'],
  references: [
    'a ref passed on to a third process lives on after the first two have dropped it',
    'a lost result of a task is made again by running the task',
    'a lost result of an actor is made again where maxTaskRetries allows it, and only there',
    'what was put, and what may not run again, cannot be made again and says so',
  ],
}
for (const [name, left] of Object.entries(programs)) await runThere(name, left)

await check('the token stands in no log of Ray or of ours', () => {
  assert.deepEqual(searchFolder('/run', [needleOf('token', token)]), [])
})
await machines.stop()
rmSync(folder, { recursive: true })
finish()

/** Runs a program of test/programs on the machines; its checks are told as ours. */
async function runThere(name: string, leaveOut: readonly string[]): Promise<void> {
  const path = fileURLToPath(new URL(`../programs/${name}.ts`, import.meta.url))
  const env = { ...process.env, SHOAL_TEST_JOIN: address, SHOAL_TEST_LEAVE_OUT: JSON.stringify(leaveOut) }
  const child = spawn(process.execPath, [...process.execArgv, path], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
  for await (const line of createInterface({ input: child.stdout })) {
    const said = line.startsWith('\u001e') ? (JSON.parse(line.slice(1)) as { name?: string }) : null // written by checks.ts
    if (said?.name !== undefined) process.stdout.write(`\u001e${JSON.stringify({ ...said, name: `${name}: ${said.name}` })}\n`)
  }
  const code = await ended
  await check(`${name} runs to its end on three machines`, () => assert.equal(code, 0))
}
