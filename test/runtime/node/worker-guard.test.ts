import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { runtimeNode } from '#runtime/session/daemon.ts'
import { isRunning, processRecord } from '#runtime/session/process-record.ts'

const folder = mkdtempSync(join(tmpdir(), 'shoal-guard-'))
const store = join(folder, 'store')
const children: ChildProcess[] = []
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

/** A process that holds a guard as an agent does, and tells it what we write to its standard input. */
async function aHolder(): Promise<ChildProcess> {
  mkdirSync(store, { recursive: true })
  const source = `
    import { WorkerGuard } from ${JSON.stringify(join(import.meta.dirname, '../../../runtime/node/worker-guard.ts'))}
    import { createInterface } from 'node:readline'
    const logger = { debug() {}, info() {}, warn() {}, error() {} }
    const guard = new WorkerGuard({ storeDirectory: ${JSON.stringify(store)}, logger })
    createInterface({ input: process.stdin }).on('line', (line) => {
      const [order, pid] = line.split(' ')
      if (order === '+') guard.add(Number(pid))
      else if (order === '-') guard.remove(Number(pid))
      else guard.close()
      console.log('done')
    })
    console.log('ready')`
  const holder = spawn(runtimeNode(), ['--no-warnings', '--input-type=module-typescript', '-e', source], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  children.push(holder)
  await once(holder.stdout, 'data')
  writeFileSync(join(store, 'owner.json'), JSON.stringify({ pid: holder.pid, startTicks: '1' }))
  return holder
}

async function tell(holder: ChildProcess, line: string): Promise<void> {
  const answered = holder.stdout && once(holder.stdout, 'data')
  holder.stdin?.write(`${line}\n`)
  await answered
}

/** A worker that computes and looks at nothing, in a group of its own. */
function aBusyProcess() {
  const child = spawn('/bin/sh', ['-c', 'while :; do sleep 100 & wait; done'], { detached: true, stdio: 'ignore' })
  children.push(child)
  return processRecord(child.pid)
}

test('when the agent is killed, the workers that are left end, and the shared memory goes', async () => {
  const holder = await aHolder()
  const [first, second, third] = [aBusyProcess(), aBusyProcess(), aBusyProcess()]
  for (const { pid } of [first, second, third]) await tell(holder, `+ ${pid}`)
  await tell(holder, `- ${second.pid}`)
  holder.kill('SIGKILL')
  await expect.poll(() => [isRunning(first), isRunning(third), existsSync(store)]).toEqual([false, false, false])
  expect(isRunning(second)).toBe(true) // not its worker any more: the pid may be anybody's
})

test('a store that a next agent has taken over stays', async () => {
  const holder = await aHolder()
  const worker = aBusyProcess()
  await tell(holder, `+ ${worker.pid}`)
  writeFileSync(join(store, 'owner.json'), JSON.stringify({ pid: 1, startTicks: '1' }))
  holder.kill('SIGKILL')
  await expect.poll(() => isRunning(worker)).toBe(false)
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(existsSync(store)).toBe(true)
})
