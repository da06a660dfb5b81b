import { describe, expect, it } from 'vitest'
import type { TaskOutcome, TaskResult } from '#runtime/protocol/tasks.ts'
import type { OwnedTask, OwnerCommand } from '#runtime/sdk/owner/core/state.ts'
import { nextAttempt } from '#runtime/sdk/owner/core/task-life.ts'
import { doing, OwnerHarness, threw } from './owner-harness.ts'

const noMore: TaskOutcome = { kind: 'done', results: [] }
const item: TaskResult = { place: { kind: 'inline', bytes: new Uint8Array() }, nested: [] }

/** A stream that runs, and the items of it that its consumer was given. */
function aStream(more: Partial<OwnedTask> = {}) {
  const owner = new OwnerHarness()
  const task = owner.submit(more)
  const given: number[] = []
  const note = (commands: readonly OwnerCommand[]) => given.push(...doing(commands, 'yield').map(({ index }) => index))
  const yields = (from: number, to: number, attempt = task.attempt) => {
    for (let index = from; index < to; index += 1)
      note(owner.send({ type: 'task.yielded', taskId: task.taskId, attempt, index, result: item }))
  }
  const start = () => {
    owner.flush()
    return owner.grant()
  }
  /** Its consumer lost an item: the finished stream runs again. */
  const again = () => {
    nextAttempt(task)
    owner.ends.clear()
    owner.send({ type: 'task.resubmit', task, unready: [] }) // the worker of its first run is still leased
  }
  let leaseId = start()
  const crash = () => {
    owner.die(leaseId)
    leaseId = start()
  }
  return { owner, task, given, yields, crash, again }
}

describe('a stream', () => {
  it('gives each item once, in order, and none of another attempt', () => {
    const { owner, task, given, yields } = aStream()
    yields(0, 2)
    yields(2, 3, task.attempt + 1)
    yields(0, 2)
    yields(2, 3)
    owner.end(task, noMore)
    expect(given).toEqual([0, 1, 2])
    expect(owner.failure(task)).toBe('outcome')
  })

  it('that runs again and repeats its items goes on behind them', () => {
    const { owner, task, given, yields, crash } = aStream()
    yields(0, 3)
    crash()
    yields(0, 5)
    owner.end(task, noMore)
    expect(given).toEqual([0, 1, 2, 3, 4])
    expect(owner.failure(task)).toBe('outcome')
  })

  it.each([
    ['ends before them', 2, noMore],
    ['throws before them', 2, threw('RangeError')],
    ['gives nothing at all', 0, noMore],
  ])('that runs again and %s is inconsistent', (_what, count, outcome) => {
    const { owner, task, given, yields, crash } = aStream()
    yields(0, 3)
    crash()
    yields(0, count)
    owner.end(task, outcome)
    expect(owner.failure(task)).toBe('task.replay-inconsistent')
    expect(owner.ends.get(task.taskId)).toMatchObject({ failure: { details: { before: 3, now: count } } })
    expect(given).toEqual([0, 1, 2])
  })

  it('that throws behind its repeated items shows that error', () => {
    const { owner, task, yields, crash } = aStream()
    yields(0, 3)
    crash()
    yields(0, 3)
    owner.end(task, threw('RangeError'))
    expect(owner.ends.get(task.taskId)).toMatchObject({ kind: 'outcome', outcome: { kind: 'threw' } })
  })

  it('is judged by its last run, and each run counts from none', () => {
    const { owner, task, given, yields, crash } = aStream()
    yields(0, 3)
    crash()
    yields(0, 1)
    crash()
    yields(0, 4)
    owner.end(task, noMore)
    expect(given).toEqual([0, 1, 2, 3])
    expect(owner.failure(task)).toBe('outcome')
  })

  it('that failed for another reason than its own shows that reason', () => {
    const { owner, task, yields, crash } = aStream()
    yields(0, 3)
    crash()
    const failure = { code: 'store.full', message: '', details: {} } as const
    owner.end(task, { kind: 'failed', failure })
    expect(owner.ends.get(task.taskId)).toMatchObject({ kind: 'outcome', outcome: { failure } })
  })

  it('that runs again for a lost item gives its consumer no more, and must be as long as it was', () => {
    const { owner, task, given, yields, again } = aStream()
    yields(0, 3)
    owner.end(task, noMore)
    again()
    yields(0, 3)
    owner.end(task, noMore)
    expect(owner.failure(task)).toBe('outcome')
    again()
    yields(0, 5)
    owner.end(task, noMore)
    expect(owner.failure(task)).toBe('task.replay-inconsistent')
    expect(given).toEqual([0, 1, 2])
  })

  it('that was left before its end may give more when it runs again for a lost item', () => {
    const { owner, task, given, yields, again } = aStream()
    yields(0, 3)
    owner.send({ type: 'task.cancel', taskId: task.taskId, force: false, recursive: true })
    owner.end(task, { kind: 'failed', failure: { code: 'task.cancelled', message: '', details: {} } })
    again()
    yields(0, 5)
    owner.end(task, noMore)
    expect(owner.failure(task)).toBe('outcome')
    expect(given).toEqual([0, 1, 2])
  })
})
