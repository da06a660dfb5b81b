import { describe, expect, test } from 'vitest'
import { checkInvariants } from '#src-main/bootstrap/core/invariants.ts'
import {
  type Command,
  createState,
  type MachinePlan,
  type OperationEvent,
  operationOf,
  type Outcome,
  usualLimits,
} from '#src-main/bootstrap/core/state.ts'
import { step } from '#src-main/bootstrap/core/step.ts'
import { aPlan, idOf } from './plans.ts'

const done: Outcome = { kind: 'done', note: null }
const failed = (message = 'no room'): Outcome => ({ kind: 'failed', failure: { code: 'bootstrap.failed', message, isRetryable: true } })

/** An operation that is begun, with a clock that goes on by itself; every step is held against the invariants. */
function anOperation(plans: readonly MachinePlan[], limits: Partial<typeof usualLimits> = {}) {
  const head = { id: 'op-0000000000000000', kind: 'create', title: 'create', clusterId: null, startedAtMs: 0 } as const
  const state = createState(head, plans, { ...usualLimits, ...limits })
  let nowMs = 0
  type Open<E> = E extends unknown ? Omit<E, 'nowMs'> : never
  const send = (event: Open<OperationEvent>): Command[] => {
    const commands = step(state, { ...event, nowMs: ++nowMs } as OperationEvent) // one of the union, and its time
    checkInvariants(state)
    return commands
  }
  const machine = (index: number) => operationOf(state).machines[index]
  const end = (index: number, outcome: Outcome, attempt = state.machines.get(idOf(index))?.attempt ?? 0) =>
    send({ type: 'step.ended', machineId: idOf(index), attempt, outcome })
  return { state, send, machine, end, begin: () => send({ type: 'operation.begun' }) }
}

const runs = (commands: readonly Command[]) =>
  commands.flatMap((each) => (each.do === 'run-step' ? [`${Number.parseInt(each.machineId.slice(2), 16)} ${each.stepId}`] : []))

describe('an operation on machines', () => {
  test('runs the steps of a machine one after the other, and those of several at once', () => {
    const { begin, end } = anOperation([aPlan(0, ['connect', 'start']), aPlan(1, ['connect', 'start'])])
    expect(runs(begin())).toEqual(['0 connect', '1 connect'])
    expect(runs(end(1, done))).toEqual(['1 start'])
    expect(runs(end(0, done))).toEqual(['0 start'])
    end(0, done)
    expect(end(1, { kind: 'skipped', note: 'it runs' })).toContainEqual({ do: 'end-operation' })
  })

  test('a worker waits for the head at the step that needs it, not before', () => {
    const worker = aPlan(1, ['connect', 'start'], { start: [{ machineId: idOf(0), stepId: 'verify' }] })
    const { begin, end } = anOperation([aPlan(0, ['connect', 'verify']), worker])
    begin()
    expect(runs(end(1, done))).toEqual([])
    end(0, done)
    expect(runs(end(0, done))).toEqual(['1 start'])
  })

  test('a machine that fails delays nobody, and the operation is partly done', () => {
    const { begin, end, state, machine } = anOperation([aPlan(0, ['connect']), aPlan(1, ['connect', 'start'])])
    begin()
    end(1, failed('connection refused'))
    end(0, done)
    expect(state.phase).toBe('partly-done')
    expect(machine(1)).toMatchObject({
      state: 'failed',
      failure: { message: 'connection refused' },
      steps: [{ state: 'failed' }, { state: 'waiting' }],
    })
  })

  test('where the head fails, the workers do what they can without it and then say what they wait for; the retry of the head takes them along', () => {
    const worker = aPlan(1, ['connect', 'start'], { start: [{ machineId: idOf(0), stepId: 'verify' }] })
    const { begin, end, send, state, machine } = anOperation([aPlan(0, ['connect', 'verify']), worker])
    begin()
    end(0, failed())
    expect(machine(1)).toMatchObject({ state: 'running' })
    end(1, done)
    expect(machine(1)).toMatchObject({
      state: 'failed',
      failure: { code: 'bootstrap.waiting', message: expect.stringContaining('machine-0') },
    })
    expect(state.phase).toBe('failed')
    expect(operationOf(state).failure).toMatchObject({ message: 'no room' })

    expect(runs(send({ type: 'retry.asked', machineId: idOf(0) }))).toEqual(['0 connect', '1 connect'])
    for (const index of [0, 1, 0, 1]) end(index, done)
    expect(state.phase).toBe('done')
  })

  test('a machine that must come last waits for the others to end, well or not', () => {
    const last = aPlan(0, ['stop'], {}, { stop: [idOf(1), idOf(2)] })
    const { begin, end } = anOperation([last, aPlan(1, ['stop']), aPlan(2, ['stop'])])
    expect(runs(begin())).toEqual(['1 stop', '2 stop'])
    expect(runs(end(1, failed()))).toEqual([])
    expect(runs(end(2, done))).toEqual(['0 stop'])
  })

  test('no more machines are at work than allowed', () => {
    const { begin, end } = anOperation(
      Array.from({ length: 5 }, (_, index) => aPlan(index, ['connect'])),
      { machinesAtOnce: 2 },
    )
    expect(runs(begin())).toEqual(['0 connect', '1 connect'])
    expect(runs(end(0, done))).toEqual(['2 connect'])
  })

  test('what was cancelled is asked to stop, and a retry waits until it has stopped', () => {
    const { begin, end, send, machine, state } = anOperation([aPlan(0, ['connect', 'start'])])
    begin()
    expect(send({ type: 'cancel.asked', machineId: null })).toEqual([{ do: 'abort-step', machineId: idOf(0), attempt: 1 }])
    expect(machine(0)).toMatchObject({ state: 'cancelled', steps: [{ state: 'cancelled' }, { state: 'cancelled' }] })
    expect(state.phase).toBe('running') // something may still go on there
    expect(runs(send({ type: 'retry.asked', machineId: null }))).toEqual([])
    expect(runs(end(0, done, 1))).toEqual(['0 connect'])
    expect(end(0, done, 1)).toEqual([]) // told twice
    expect(machine(0)).toMatchObject({ steps: [{ state: 'running' }, { state: 'waiting' }] })
  })

  test('a lost link fails the step that ran, and its late outcome changes nothing', () => {
    const { begin, end, send, machine, state } = anOperation([aPlan(0, ['connect', 'start'])])
    begin()
    const failure = { code: 'ssh.connection-lost', message: 'the link broke', isRetryable: true }
    send({ type: 'link.lost', machineId: idOf(0), failure })
    end(0, done, 1)
    expect(machine(0)).toMatchObject({ state: 'failed', failure, steps: [{ state: 'failed' }, { state: 'waiting' }] })
    expect(state.phase).toBe('failed')
  })

  test('progress and output belong to the step that runs; the output keeps its end', () => {
    const { begin, send, machine } = anOperation([aPlan(0, ['connect'])])
    begin()
    send({ type: 'step.progressed', machineId: idOf(0), attempt: 1, progress: { done: 1, total: 2, unit: 'bytes' } })
    send({ type: 'step.said', machineId: idOf(0), attempt: 1, text: 'x'.repeat(70_000) })
    send({ type: 'step.said', machineId: idOf(0), attempt: 1, text: 'the end' })
    send({ type: 'step.said', machineId: idOf(0), attempt: 7, text: 'of another attempt' })
    expect(machine(0)?.steps[0]).toMatchObject({ progress: { done: 1, total: 2 } })
    expect(machine(0)?.steps[0]?.log).toMatch(/^x{65529}the end$/)
  })
})

describe('who gets the archive from whom', () => {
  const fleet = (size: number) => Array.from({ length: size }, (_, index) => aPlan(index, ['upload', 'unpack', 'start']))
  const sources = (commands: readonly Command[]) =>
    commands.flatMap((each) => (each.do === 'run-step' && each.source !== null ? [each.source] : []))

  test('few machines all get it from here, four at once', () => {
    const { begin, end } = anOperation(fleet(6))
    expect(sources(begin())).toEqual(['here', 'here', 'here', 'here'])
    expect(sources(end(0, done))).toEqual(['here'])
  })

  test('of many, four get it from here, and the others from those once it is unpacked there, three at once from one', () => {
    const { begin, end } = anOperation(fleet(10))
    expect(sources(begin())).toEqual(['here', 'here', 'here', 'here'])
    expect(sources(end(0, done))).toEqual([])
    expect(sources(end(0, done))).toEqual([{ peer: idOf(0) }, { peer: idOf(0) }, { peer: idOf(0) }])
    end(4, done)
    expect(sources(end(4, done))).toEqual([{ peer: idOf(4) }, { peer: idOf(4) }]) // who fetched it serves too; one place is free again at 0
  })

  test('a machine where the fetch goes wrong gets it from here, with a note; where none goes well, nobody fetches any more', () => {
    const { begin, end, machine } = anOperation(fleet(12))
    begin()
    end(0, done)
    end(0, done) // 4, 5 and 6 fetch from it; 1, 2 and 3 get it from here
    const blocked: Outcome = { kind: 'not-fetched', why: 'port 6379 is blocked' }
    expect(sources(end(4, blocked))).toEqual(['here', { peer: idOf(0) }])
    expect(machine(4)?.steps[0]).toMatchObject({ state: 'running', note: 'port 6379 is blocked' })
    expect(sources(end(5, blocked))).toEqual([]) // that peer let down two, and all four places for uploads are taken
    end(6, blocked)
    end(7, blocked)
    end(1, done)
    end(1, done)
    end(2, done)
    expect(end(2, done).flatMap((each) => (each.do === 'run-step' && each.source !== null ? [each.source] : []))).not.toContainEqual({
      peer: idOf(1),
    })
  })
})
