import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { ended, openTestPanel, storyOf } from '#test/support/panel.ts'
import { ensurePayload } from '#test/support/payload.ts'
import { pidsOf } from '#test/support/processes-of.ts'
import { during, endsAs } from '../faults/support.ts'

test('an operation that runs when the panel closes is interrupted, and a retry at the next start finishes it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-closing-'))
  let panel = await openTestPanel({ payloadFolder: await ensurePayload() })
  onTestFinished(async () => {
    await panel.dispose()
    for (const pid of pidsOf(folder)) process.kill(pid, 'SIGKILL') // of a test that failed
    rmSync(folder, { recursive: true, force: true })
  })
  await panel.host.call('machines.add', { machines: [{ name: 'here', via: 'local', host: '127.0.0.1', folder }] })
  const { operationId } = await panel.host.call('clusters.startLocal', { nodes: 1, withSamples: false })
  await during({ panel: panel.host, operationId }, { name: 'here', id: 'start' }, () => panel.stop())
  panel = await panel.restart()
  const left = await panel.host.call('operations.get', { operationId })
  expect(left, storyOf(left)).toMatchObject({ state: 'interrupted', failure: null })
  expect(left.endedAtMs).not.toBeNull()
  await panel.host.call('operations.retry', { operationId })
  await endsAs(panel.host, operationId, 'done')
  const down = await panel.host.call('clusters.down', { cluster: 'local' })
  expect((await ended(panel.host, down.operationId)).state).toBe('done')
  expect(pidsOf(folder)).toEqual([])
}, 120_000)
