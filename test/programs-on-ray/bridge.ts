import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import * as shoal from 'shoal'
import { check, finish, rejection, until } from '../support/checks.ts'

/** The Python process beside this one. */
function bridgePid(): number {
  const children = readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8').trim().split(' ').map(Number)
  const found = children.find((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('driver.py'))
  assert(found)
  return found
}
const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

const warnings: string[] = []
await shoal.init({ numCpus: 2, onWarning: (message) => void warnings.push(message) })

await check('values of every size arrive whole, there and back, many at a time', async () => {
  const same = shoal.remote((value: Uint8Array) => value)
  const sizes = [0, 1, 1_000, 99_000, 101_000, 300_000, 3_000_000]
  const values = sizes.map((size) => new Uint8Array(size).map((_, index) => index % 251))
  const came = await shoal.get(values.map((value) => same.remote(value)))
  for (const [index, value] of came.entries()) assert.equal(Buffer.compare(value, values[index] ?? new Uint8Array()), 0)
})

await check('a large argument does not let the call behind it pass', async () => {
  class Log {
    readonly seen: number[] = []
    note(number: number, _bytes: Uint8Array | null): number[] {
      this.seen.push(number)
      return this.seen
    }
  }
  const log = shoal.actor(Log).remote()
  const refs = Array.from({ length: 20 }, (_, index) => log.note.remote(index, index % 3 === 0 ? new Uint8Array(500_000) : null))
  assert.deepEqual(await shoal.get(refs.at(-1) as (typeof refs)[number]), [...refs.keys()])
})

await check('the Node process of a worker ends with the worker, also in a loop that hears nothing', async () => {
  class Spinner {
    pids(): number[] {
      return [process.pid, process.ppid]
    }
    spin(): void {
      for (;;);
    }
  }
  const spinner = shoal.actor(Spinner).remote()
  const [node = 0, worker = 0] = await shoal.get(spinner.pids.remote())
  const call = spinner.spin.remote()
  process.kill(worker, 'SIGKILL')
  assert((await rejection(shoal.get(call))) instanceof shoal.ActorDiedError)
  await until('Node has ended', () => !isAlive(node))
})

await check('a task whose Node process is killed runs again', async () => {
  const attempt = shoal.remote(() => {
    if (shoal.runtimeContext().attempt === 0) process.kill(process.pid, 'SIGKILL')
    return shoal.runtimeContext().attempt
  })
  assert.equal(await shoal.get(attempt.remote()), 1)
})

await check('when the bridge is killed, what waits fails at once, and the program can join again', async () => {
  const waits = shoal.remote(() => new Promise<void>(() => {}))
  const ref = waits.remote()
  const failure = rejection(shoal.get(ref))
  process.kill(bridgePid(), 'SIGKILL')
  const error = await failure
  assert(error instanceof shoal.ClusterError && error.code === 'link.closed', String(error))
  assert.equal(shoal.isInitialized(), false)
  assert(warnings.some((warning) => warning.includes('bridge')))
  await shoal.init({ numCpus: 1 })
  assert.equal(await shoal.get(shoal.remote(() => 7).remote()), 7)
})

await check('what cannot be joined says why', async () => {
  await shoal.shutdown()
  const python = await rejection(shoal.init({ rayPython: '/nowhere/python' }))
  assert(python instanceof shoal.ClusterError && python.code === 'cluster.start-failed', String(python))
  assert.match(python.message, /nowhere.*SHOAL_RAY_PYTHON/)
  const client = await rejection(shoal.init({ address: 'ray://127.0.0.1:10001' }))
  assert(client instanceof shoal.ClusterError && client.code === 'bad-argument', String(client))
  const nobody = await rejection(shoal.init({ address: '127.0.0.1:1' })) // not `auto`, which finds any Ray of this machine
  assert(nobody instanceof shoal.ClusterError && nobody.code === 'cluster.start-failed', String(nobody))
  assert.match(nobody.message, /no head of Ray answers at 127\.0\.0\.1:1 /)
})

finish()
