import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { endTree, findTree, killTreeNow, markVariable, type ProcessTree } from '#runtime/node/jobs/process-tree.ts'
import { isRunning, processRecord } from '#runtime/session/process-record.ts'

let count = 0
/** Runs a shell line as a job would; resolves when it has said `ready`. */
async function start(line: string): Promise<{ child: ChildProcess; tree: ProcessTree }> {
  const mark = `${process.pid}-${(count += 1)}`.padStart(32, '0')
  const child = spawn('/bin/sh', ['-c', line], {
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, [markVariable]: mark },
  })
  if (child.pid === undefined || child.stdout === null) throw new Error('no shell')
  await once(child.stdout, 'data')
  return { child, tree: { root: processRecord(child.pid), mark } }
}
const ended = (child: ChildProcess) => once(child, 'exit')

test('a tree is found whole: the group, other sessions, and what outlived its parent', async () => {
  const { tree, child } = await start('sleep 81 & (setsid sleep 82 &) ; setsid sh -c "sleep 83 & echo ready; wait" & wait')
  expect(findTree(tree).length).toBeGreaterThanOrEqual(5) // the shell, three sleeps, the inner shell
  const exit = ended(child)
  expect(killTreeNow(tree)).toBeGreaterThanOrEqual(5)
  await exit
  await endTree(tree, { signal: 'SIGTERM', graceMs: 0 })
  expect(findTree(tree)).toEqual([])
})

test('who ends when asked is not killed, and who does not is ended after the grace', async () => {
  const polite = await start('trap "exit 5" TERM; echo ready; while :; do sleep 0.05; done')
  const politeExit = ended(polite.child)
  await endTree(polite.tree, { signal: 'SIGTERM', graceMs: 10_000 })
  expect((await politeExit)[0]).toBe(5)
  const stubborn = await start('trap "" TERM; echo ready; while :; do sleep 0.05; done')
  const stubbornExit = ended(stubborn.child)
  await endTree(stubborn.tree, { signal: 'SIGTERM', graceMs: 100 })
  expect((await stubbornExit)[1]).toBe('SIGKILL')
})

test('a stranger that got the number of an ended command is left alone', async () => {
  const { child, tree } = await start('echo ready; sleep 84')
  const stranger = { root: { ...tree.root, startTime: '1' }, mark: 'f'.repeat(32) }
  expect(killTreeNow(stranger)).toBe(0)
  expect(isRunning(tree.root)).toBe(true)
  const exit = ended(child)
  killTreeNow(tree)
  await exit
})
