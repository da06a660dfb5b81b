import { readFileSync } from 'node:fs'
import { afterAll, expect, test } from 'vitest'
import { tokenFileOf } from '#runtime/session/api-tokens.ts'
import { sessionLayout } from '#runtime/session/layout.ts'
import { headOf, Sandbox, smallNode } from './support.ts'

const sandbox = new Sandbox()
afterAll(() => sandbox.dispose())

const loopback = ['start', '--head', '--port', '0', '--node-ip-address', '127.0.0.1', ...smallNode]

test('a head says where its HTTP API is and where the token lies, and never the token itself', async () => {
  const tempDir = sandbox.tempDir('said')
  const { stdout, stderr, code } = await sandbox.run([...loopback, '--temp-dir', tempDir, '--dashboard-port', '0'])
  expect({ stderr, code }).toEqual({ stderr: '', code: 0 })
  const api = headOf(tempDir)?.apiAddress ?? ''
  const layout = sessionLayout(tempDir)
  expect(stdout).toContain(`HTTP API at http://${api}`)
  expect(stdout).toContain(tokenFileOf(layout, 'full'))
  for (const access of ['full', 'read'] as const) expect(stdout).not.toContain(readFileSync(tokenFileOf(layout, access), 'utf8').trim())
  const second = await sandbox.run([...loopback, '--temp-dir', sandbox.tempDir('taken'), '--dashboard-port', api.split(':')[1] ?? ''])
  expect(second.code).toBe(1)
  expect(second.stderr).toContain(`port ${api.split(':')[1]} of 127.0.0.1`)
})

test('without a dashboard no HTTP is served', async () => {
  const tempDir = sandbox.tempDir('without')
  const started = await sandbox.json([...loopback, '--temp-dir', tempDir, '--include-dashboard', 'false'])
  expect(started['api']).toBeNull()
  expect(headOf(tempDir)?.apiAddress).toBe('')
})

test('what cannot be meant is refused with the name of the flag', async () => {
  for (const [flag, value] of [
    ['--dashboard-port', '70000'],
    ['--dashboard-host', 'a b'],
    ['--include-dashboard', 'perhaps'],
  ] as const) {
    const { code, stderr } = await sandbox.run([...loopback, flag, value])
    expect(code).toBe(2)
    expect(stderr).toContain(flag)
  }
  const joining = await sandbox.run(['start', '--address', '127.0.0.1:1', '--dashboard-port', '1'])
  expect(joining.stderr).toContain('--dashboard-port is for --head')
})
