import { expect, test } from 'vitest'
import type { Notice } from '#src-main/electron/core/news.ts'
import { bodyOf, pageOf, titleOf } from '#src-main/electron/notice-text.ts'
import { trayTip } from '#src-main/electron/tray-text.ts'
import { wordsIn } from '#src-main/electron/words.ts'

const words = wordsIn('en')
const notice = (kind: Notice['kind'], more: Partial<Notice> = {}): Notice => ({
  kind,
  clusterId: 'c-1',
  id: 'train 1',
  title: 'node train.ts',
  message: '',
  ...more,
})

test('a notice says what happened, where, and what it said of itself', () => {
  expect(titleOf(notice('job-failed'), words, 0)).toBe('Job failed')
  expect(bodyOf(notice('job-failed', { message: 'exit code 3' }), 'lab')).toBe('lab: node train.ts\nexit code 3')
  expect(titleOf(notice('job-stalled', { sinceMs: 0 }), words, 720_000)).toBe('Job has been quiet for 12 min')
  const node = notice('node-died', { title: 'gpu01', message: 'no heartbeat for 30 s' })
  expect([titleOf(node, words, 0), bodyOf(node, 'lab')]).toEqual(['Node gpu01 died', 'lab\nno heartbeat for 30 s'])
  expect(bodyOf(notice('operation-done', { title: 'Create lab' }), 'lab')).toBe('Create lab')
})

test.each([
  ['job-succeeded', '/c/c-1/jobs/train%201'],
  ['job-stalled', '/c/c-1/jobs/train%201'],
  ['node-died', '/c/c-1/nodes/train%201'],
  ['operation-failed', '/operations/train%201'],
] as const)('a click on %s leads to %s', (kind, page) => {
  expect(pageOf(notice(kind))).toBe(page)
})

test('the tray names a few clusters, and counts where there are many', () => {
  const cluster = (name: string, runningJobs = 0) => ({ id: name, name, state: 'connected' as const, runningJobs })
  expect(trayTip({ clusters: [], operations: [] }, words)).toBe('Shoal')
  expect(trayTip({ clusters: [cluster('lab', 3), cluster('prod')], operations: [] }, words)).toBe(
    'Shoal\nlab — connected, 3 jobs run\nprod — connected',
  )
  const many = Array.from({ length: 40 }, (_, index) => cluster(`cluster-${index}`, 2))
  expect(trayTip({ clusters: many, operations: [{ id: 'op-1', title: 'x' }] }, words)).toBe('Shoal\n80 jobs run\n1 operation runs')
  const long = Array.from({ length: 3 }, () => cluster('x'.repeat(48), 1_000))
  expect(trayTip({ clusters: long, operations: [] }, words).length).toBeLessThanOrEqual(127)
})
