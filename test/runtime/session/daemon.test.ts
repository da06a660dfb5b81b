import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { spawnDaemon } from '#runtime/session/daemon.ts'

/** A daemon that runs this text, and would go on for ever. */
function start(source: string) {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-daemon-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const script = join(folder, 'daemon.mjs')
  writeFileSync(script, `${source}\nsetInterval(() => {}, 1_000)`)
  return spawnDaemon({ name: 'agent', args: [], script, logPath: join(folder, 'agent.log'), detached: false })
}

test('a daemon is there when it has said so, with what it said', async () => {
  const { child, facts } = await start(`console.log('ready {"pid":' + process.pid + '}')`)
  onTestFinished(() => void child.kill('SIGKILL'))
  expect(facts).toEqual({ pid: child.pid })
})

test('one that fails says why in its own words', async () => {
  const message = 'port 1 is taken'
  const failed = start(`console.log('failed {"code":"bad-argument","message":"${message}"}')`)
  await expect(failed).rejects.toMatchObject({ code: 'bad-argument', message })
})

test.each([
  ['a line of something else', `console.log('hello from a module that was brought in')`, 'hello from a module'],
  ['a line that only begins like ours', `console.log('ready or not')`, 'ready or not'],
  ['words without an end', `process.stdout.write('x'.repeat(100_000))`, 'xxx'],
])('%s is no answer, and ends the start', async (_, source, said) => {
  await expect(start(source)).rejects.toMatchObject({ code: 'cluster.start-failed', message: expect.stringContaining(said) })
})
