import { describe, expect, test } from 'vitest'
import { pickOne, type Random, randomBelow, seededRandom } from '#runtime/base/random.ts'
import { checkInvariants } from '#src-main/bootstrap/core/invariants.ts'
import {
  type Command,
  createState,
  isOver,
  isWell,
  type MachinePlan,
  type OperationEvent,
  type OperationState,
  type Outcome,
  usualLimits,
} from '#src-main/bootstrap/core/state.ts'
import { step } from '#src-main/bootstrap/core/step.ts'
import { aPlan, idOf } from './plans.ts'

const failure = { code: 'bootstrap.failed', message: 'bad luck', isRetryable: true }

/** A fleet that is created: workers fetch, wait for the head, start. */
const aFleet = (size: number): MachinePlan[] => [
  aPlan(0, ['connect', 'upload', 'unpack', 'start', 'verify']),
  ...Array.from({ length: size - 1 }, (_, index) =>
    aPlan(index + 1, ['connect', 'upload', 'unpack', 'network', 'start', 'verify'], {
      network: [{ machineId: idOf(0), stepId: 'verify' }],
    }),
  ),
]

/** Machines that are taken down: the head when all others have ended. */
const aRetreat = (size: number): MachinePlan[] => {
  const workers = Array.from({ length: size - 1 }, (_, index) => aPlan(index + 1, ['connect', 'stop', 'delete']))
  return [...workers, aPlan(0, ['connect', 'stop', 'delete'], {}, { stop: workers.map(({ machineId }) => machineId) })]
}

/** What was ordered and is answered some time later, once or twice; what is really going on at each machine. */
class World {
  readonly state: OperationState
  nowMs = 0
  private readonly random: Random
  private readonly badLuck: number
  private pending: { atMs: number; event: OperationEvent }[] = []
  readonly atWork = new Map<string, number>()
  most = 0

  constructor(plans: readonly MachinePlan[], random: Random, badLuck: number) {
    this.random = random
    this.badLuck = badLuck
    this.state = createState({ id: 'op-0000000000000000', kind: 'create', title: 'x', clusterId: null, startedAtMs: 0 }, plans)
  }

  send(event: OperationEvent): void {
    for (const command of step(this.state, event)) this.perform(command)
    checkInvariants(this.state)
  }

  private perform(command: Command): void {
    if (command.do !== 'run-step') return
    const { machineId, attempt } = command
    expect(this.atWork.has(machineId)).toBe(false) // nothing runs twice at once on a machine
    this.atWork.set(machineId, attempt)
    this.most = Math.max(this.most, this.atWork.size)
    const takesMs = 1 + randomBelow(this.random, 200)
    const event = { type: 'step.ended', machineId, attempt, outcome: this.outcomeOf(command), nowMs: 0 } as const
    this.pending.push({ atMs: this.nowMs + takesMs, event })
    if (this.random() < 0.1) this.pending.push({ atMs: this.nowMs + takesMs + randomBelow(this.random, 300), event }) // told twice
    if (this.random() < this.badLuck / 2) {
      this.pending.push({ atMs: this.nowMs + randomBelow(this.random, 300), event: { type: 'link.lost', machineId, failure, nowMs: 0 } })
    }
  }

  private outcomeOf({ source }: Extract<Command, { do: 'run-step' }>): Outcome {
    const isFetch = source !== null && source !== 'here'
    if (isFetch && this.random() < this.badLuck * 3) return { kind: 'not-fetched', why: 'blocked' }
    if (this.random() < this.badLuck) return { kind: 'failed', failure }
    return { kind: this.random() < 0.1 ? 'skipped' : 'done', note: null }
  }

  /** Delivers what is due next; false when nothing is under way. */
  advance(): boolean {
    this.pending.sort((one, other) => one.atMs - other.atMs)
    const next = this.pending.shift()
    if (!next) return false
    this.nowMs = Math.max(this.nowMs, next.atMs)
    const { event } = next
    if (event.type === 'step.ended' && this.atWork.get(event.machineId) === event.attempt) this.atWork.delete(event.machineId)
    this.send({ ...event, nowMs: this.nowMs })
    return true
  }

  run(): void {
    while (this.advance()) {
      if (this.random() > 0.01) continue
      const machineId = this.random() < 0.1 ? null : pickOne(this.random, [...this.state.machines.keys()])
      this.send({ type: this.random() < 0.5 ? 'cancel.asked' : 'retry.asked', machineId, nowMs: this.nowMs })
    }
  }
}

describe('an operation in a bad world', () => {
  test.each(Array.from({ length: 40 }, (_, seed) => seed))(
    'seed %i: it ends, whatever fails, breaks, comes late or twice; retries bring it to the end',
    (seed) => {
      const random = seededRandom(seed)
      const size = pickOne(random, [1, 2, 9, 30, 60, 200])
      const world = new World(
        seed % 3 === 0 ? aRetreat(size) : aFleet(size),
        random,
        pickOne(random, size > 100 ? [0, 0.01] : [0, 0.01, 0.05, 0.3]),
      )
      world.send({ type: 'operation.begun', nowMs: 0 })
      world.run()
      expect(world.state.phase).not.toBe('running')
      expect(world.most).toBeLessThanOrEqual(usualLimits.machinesAtOnce)
      for (let tries = 0; world.state.phase !== 'done' && tries < 200; tries++) {
        world.send({ type: 'retry.asked', machineId: null, nowMs: world.nowMs })
        world.run()
        const machines = [...world.state.machines.values()]
        expect(machines.every(({ state, inFlight }) => isOver(state) && !inFlight)).toBe(true)
      }
      expect(world.state.phase).toBe('done')
      expect([...world.state.machines.values()].every(({ steps }) => steps.every(({ state }) => isWell(state)))).toBe(true)
    },
  )

  test('the same seed takes the same way', () => {
    const run = () => {
      const world = new World(aFleet(50), seededRandom(7), 0.05)
      world.send({ type: 'operation.begun', nowMs: 0 })
      world.run()
      return JSON.stringify([...world.state.machines.values()])
    }
    expect(run()).toBe(run())
  })

  test('in a good one, most machines of a large fleet get the archive from another', () => {
    let uploads = 0
    const world = new World(aFleet(100), seededRandom(1), 0)
    const counted = world as unknown as { perform(command: Command): void } // to look at the orders as they go by
    const perform = counted.perform.bind(world)
    counted.perform = (command) => {
      if (command.do === 'run-step' && command.source === 'here') uploads++
      perform(command)
    }
    world.send({ type: 'operation.begun', nowMs: 0 })
    while (world.advance());
    expect(world.state.phase).toBe('done')
    expect(uploads).toBeLessThan(12)
  })
})
