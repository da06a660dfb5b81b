import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as shoal from 'shoal'
import { readMemoryUse } from '#runtime/node/memory-use.ts'
import { runtimeNode } from '#runtime/session/daemon.ts'
import { check, finish, rejection, until } from '../support/checks.ts'
import { startCluster } from '../support/cluster.ts'
import { makeMemoryGroup } from '../support/memory-group.ts'

const megabyte = 1024 * 1024
const folder = mkdtempSync(join(tmpdir(), 'shoal-memory-'))
const group = makeMemoryGroup(700 * megabyte)

/** Where no control group can be made, the node counts as full a bit above what this machine uses now. */
function limitHere(): number {
  const { usedBytes, totalBytes } = readMemoryUse()
  return (usedBytes + 700 * megabyte) / totalBytes
}

const cluster = await startCluster({ nodes: [{ cpus: 1 }] })
const node = join(folder, 'node')
writeFileSync(node, `#!/bin/sh\n${group ? `echo $$ > ${group.processesFile}` : ':'}\nexec ${runtimeNode()} "$@"\n`)
chmodSync(node, 0o700)
process.env['SHOAL_NODE'] = node // read when the process is started, which is now
const memoryLimit = group ? 0.75 : limitHere()
const small = await cluster.addNode({ cpus: 2, resources: { small: 2 }, config: { memoryLimit, memoryCheckMs: 50 } })
delete process.env['SHOAL_NODE']
await shoal.init({ address: cluster.address, tempDir: cluster.tempDir, onWarning: () => {} })

const Keeper = shoal.actor(
  class {
    readonly #kept = Buffer.alloc(30 * 1024 * 1024, 1)
    pid() {
      return this.#kept[0] === 1 ? process.pid : 0
    }
  },
  { resources: { small: 1 }, numCpus: 0 },
)
/** Takes memory until it is ended, the first time; notes each run. */
const hog = async (log: string, isGreedyFor: number) => {
  const fs = await import('node:fs')
  fs.appendFileSync(log, `${process.pid}\n`)
  const runs = fs.readFileSync(log, 'utf8').trim().split('\n').length
  const taken: Buffer[] = []
  while (runs <= isGreedyFor && taken.length < 200) {
    taken.push(Buffer.alloc(10 * 1024 * 1024, 1))
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return runs
}
const linesIn = (path: string): string[] => (existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : [])
const keeper = Keeper.remote()
const keeperPid = await shoal.get(keeper.pid.remote())

await check('a task that takes all memory is ended and runs again, whatever its retries, and others on the node live on', async () => {
  const log = join(folder, 'again')
  const patient = shoal.remote(hog, { resources: { small: 1 }, maxRetries: 1 })
  assert.equal(await shoal.get(patient.remote(log, 2), { timeout: '60s' }), 3)
  assert.equal(new Set(linesIn(log)).size, 3)
  assert.equal(await shoal.get(keeper.pid.remote()), keeperPid)
})

await check('one that may run once fails with OutOfMemoryError, which says how much was in use', async () => {
  const log = join(folder, 'once')
  const once = shoal.remote(hog, { resources: { small: 1 }, maxRetries: 0 })
  const error = await rejection(shoal.get(once.remote(log, 1), { timeout: '60s' }))
  assert.ok(error instanceof shoal.OutOfMemoryError, error.stack)
  assert.match(error.message, /out of memory: \d+ of \d+ MiB were in use/)
  const { usedBytes, totalBytes } = error.details
  assert.ok(Number(usedBytes) >= Number(totalBytes) * memoryLimit, `${usedBytes} of ${totalBytes}`)
  if (group) assert.equal(totalBytes, 700 * megabyte)
  assert.equal(linesIn(log).length, 1)
  assert.equal(await shoal.get(keeper.pid.remote()), keeperPid)
})

await check('the log of the node says that memory was short', async () => {
  const log = readFileSync(join(small.layout.logDir, 'agent.log'), 'utf8')
  assert.match(log, /memory\.short/)
})

await shoal.shutdown()
await cluster.stop()
if (group) await until('the control group is empty', () => readFileSync(group.processesFile, 'utf8') === '')
group?.remove()
rmSync(folder, { recursive: true, force: true })
finish()
