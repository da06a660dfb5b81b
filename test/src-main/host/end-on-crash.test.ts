import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { ClusterError } from '#runtime/base/errors.ts'
import { silentLogger } from '#runtime/base/logger.ts'
import { runtimeNode } from '#runtime/session/daemon.ts'
import { describeCrash } from '#src-main/host/end-on-crash.ts'
import { openPanelHost } from '#src-main/host/panel-host.ts'

const folder = mkdtempSync(join(tmpdir(), 'shoal-crash-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const secret = 'planted secret $4711'

async function crash(fault: string) {
  const program = fileURLToPath(new URL('crashing-panel.ts', import.meta.url))
  const child = spawn(runtimeNode(), ['--no-warnings', '--report-uncaught-exception', `--report-directory=${folder}`, program, fault], {
    timeout: 30_000,
    env: { ...process.env, SHOAL_PANEL_HOME: folder, SHOAL_DEBUG: '', SECRET_OF_ENVIRONMENT: secret },
  })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (part: Buffer) => (stdout += part.toString()))
  child.stderr.on('data', (part: Buffer) => (stderr += part.toString()))
  child.stdin.end(secret)
  const code = await new Promise((resolve) => child.once('close', resolve))
  return { code, stdout, stderr }
}

test.each(['thrown', 'rejected', 'text', 'event'])('a fault that nobody caught ends the panel: %s', async (fault) => {
  const { code, stdout, stderr } = await crash(fault)
  expect([code, stdout]).toEqual([1, 'serves\n'])
  const lines = stderr.trim().split('\n')
  expect(lines).toHaveLength(1)
  expect(JSON.parse(lines[0] ?? '')).toMatchObject(
    fault === 'text'
      ? { level: 'error', event: 'panel.crashed', name: 'thrown: string' }
      : { level: 'error', event: 'panel.crashed', name: 'TypeError', code: 'ERR_ODD', at: expect.stringContaining('crashing-panel.ts') },
  )
  expect(stderr).not.toContain('4711')
  expect(readdirSync(folder)).toEqual(['data']) // no report
  expect(readdirSync(join(folder, 'data')).filter((name) => /^(lock|endpoint)/.test(name))).toEqual([])
  const next = await openPanelHost({ folder: join(folder, 'data'), logger: silentLogger })
  await next.close()
})

test('of a fault the line tells names and places, and the words of our own errors only', () => {
  const odd = new RangeError(`first ${secret}\n    at ${secret} (/x.ts:1:1)\n    at run (/x.ts:1:1)`)
  const told = describeCrash(odd)
  expect(told).toMatchObject({ name: 'RangeError', at: expect.stringMatching(/end-on-crash\.test\.ts:\d+:\d+/) })
  expect(JSON.stringify(told)).not.toContain('4711')
  expect(told['at']).not.toContain('/x.ts')
  expect(describeCrash(new ClusterError('limit.reached', 'four are enough'))).toMatchObject({
    code: 'limit.reached',
    reason: 'four are enough',
  })
  expect(describeCrash(Object.assign(new Error('x'), { code: secret }))).not.toHaveProperty('code')
  expect(describeCrash({ secret })).toEqual({ name: 'thrown: object', at: '' })
  expect(describeCrash(undefined)).toEqual({ name: 'thrown: undefined', at: '' })
})
