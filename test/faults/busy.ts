import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as shoal from 'shoal'
import { check, finish, until } from '../support/checks.ts'
import { startCluster } from '../support/cluster.ts'

const folder = mkdtempSync(join(tmpdir(), 'shoal-busy-'))
const cluster = await startCluster({ nodes: [{ cpus: 1 }, { cpus: 2, resources: { there: 2 } }] })
await shoal.init({ address: cluster.address, tempDir: cluster.tempDir, onWarning: () => {} })

function compute(forMs: number): void {
  for (const untilMs = performance.now() + forMs; performance.now() < untilMs; );
}
const pidsIn = (path: string): string[] => (existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : [])

/** Each run leaves its pid, so that a second one shows. */
const busy = shoal.remote(
  (path: string, forMs: number) => {
    process.getBuiltinModule('node:fs').appendFileSync(path, `${process.pid}\n`)
    for (const untilMs = performance.now() + forMs; performance.now() < untilMs; );
    return process.pid
  },
  { resources: { there: 1 } },
)

await check('a worker that computes for 15 s and a driver that computes for 12 s stay alive to all others', async () => {
  const log = join(folder, 'pids')
  const Busy = shoal.actor(
    class {
      pid() {
        return process.pid
      }
      compute(forMs: number) {
        for (const untilMs = performance.now() + forMs; performance.now() < untilMs; );
        return process.pid
      }
    },
    { resources: { there: 1 }, numCpus: 0 },
  )
  const actor = Busy.remote()
  const actorPid = await shoal.get(actor.pid.remote())
  const result = busy.remote(log, 15_000)
  const call = actor.compute.remote(9_000)
  await until('the task runs', () => pidsIn(log).length === 1)
  compute(12_000)
  assert.equal(await shoal.get(call), actorPid)
  assert.equal(String(await shoal.get(result)), pidsIn(log)[0])
  assert.equal(pidsIn(log).length, 1, 'it ran once')
  assert.equal(await shoal.get(actor.pid.remote()), actorPid)
  assert.equal((await shoal.nodes()).filter((node) => node.alive).length, 2)
  const logs = cluster.nodes.map((node) => readFileSync(join(node.layout.logDir, 'agent.log'), 'utf8')).join('')
  assert.doesNotMatch(logs, /link\.dead|was silent/)
})

await shoal.shutdown()
await cluster.stop()
rmSync(folder, { recursive: true, force: true })
finish()
