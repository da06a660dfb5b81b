import { describe, expect, it } from 'vitest'
import { categoryOfLog, isLogName, jobLogName, parseWorkerLogName, submissionOfLog, workerLogName } from '#runtime/protocol/log-names.ts'

const worker = { workerId: 'a'.repeat(56), jobId: '02000000', pid: 17 }

describe('names of log files', () => {
  it('are those that Ray clients look for', () => {
    expect(workerLogName(worker, 'out')).toMatch(/.*worker-([0-9a-f]+)-([0-9a-f]+)-(\d+).(out|err)/)
    expect(parseWorkerLogName(workerLogName(worker, 'err'))).toEqual({ ...worker, stream: 'err' })
    expect(submissionOfLog(jobLogName('raysubmit_a.b-c'))).toBe('raysubmit_a.b-c')
  })

  it.each([
    [workerLogName(worker, 'out'), 'worker_out'],
    [workerLogName(worker, 'err'), 'worker_err'],
    [jobLogName('x'), 'driver'],
    ['agent.log', 'agent'],
    ['head.log', 'gcs_server'],
    ['raylet.out', 'raylet'],
    ['dashboard.log', 'dashboard'],
    ['monitor.log', 'autoscaler'],
    ['mine.txt', 'internal'],
  ])('%s is of kind %s', (name, category) => {
    expect(categoryOfLog(name)).toBe(category)
  })

  it('lead nowhere else', () => {
    for (const name of ['', '..', '../a', 'a/../b', '/a', 'a//b', '.a', 'a/.b', 'a\\b', 'a\nb', 'a\0', 'a/b/c/d/e', 'x'.repeat(600)])
      expect(isLogName(name)).toBe(false)
    for (const name of ['a', 'a/b.log', 'a..b', 'ü.log', 'a b.log']) expect(isLogName(name)).toBe(true)
  })
})
