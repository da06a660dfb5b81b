import { describe, expect, test } from 'vitest'
import { actorIdOf, actorSpec, addressOf, answerOf, failureOf, nodeIdOf, sentOf, shapeOf, TestHead, workerIdOf } from './builders.ts'

const a1 = actorIdOf(1)
const exit = { exitCode: 1, signal: null, pid: 7, reason: null, lastLines: ['boom'] }
const create = (head: TestHead, more: Parameters<typeof actorSpec>[1] = {}, actorId = a1) =>
  head.ask({ type: 'actor.create', spec: actorSpec(actorId, more), getIfExists: false })
/** Of lives that found a node at the first try, unless `attempt` says otherwise. */
const started = (restarts = 0, actorId = a1, node = 1) => ({
  type: 'actor.started' as const,
  ...{ actorId, restarts, attempt: restarts + 1, devices: {}, address: addressOf(nodeIdOf(node), `e${actorId}`) },
})
const exited = (restarts = 0, intended = false) => ({
  type: 'actor.exited' as const,
  ...{ actorId: a1, restarts, attempt: restarts + 1, exit, intended },
})
const deathOf = (head: TestHead, actorId = a1) => {
  const phase = head.state.actors.get(actorId)?.phase
  return phase?.kind === 'dead' ? phase.death : undefined
}
const client = { clients: [{ workerId: workerIdOf(1), jobId: null }] }

function withActor(more: Parameters<typeof actorSpec>[1] = {}): TestHead {
  const head = new TestHead()
  head.join(1, client)
  create(head, more)
  head.say(1, started())
  return head
}

describe('making an actor', () => {
  test('it is saved before its node is told to start it', () => {
    const head = new TestHead()
    head.join(1)
    const commands = create(head)
    const kinds = commands.map((command) => (command.type === 'save' ? command.row.table : command.type))
    expect(kinds.indexOf('send')).toBeGreaterThan(kinds.lastIndexOf('actors'))
    expect(sentOf(commands, 'actor.start')).toMatchObject([{ nodeId: nodeIdOf(1), message: { restarts: 0 } }])
  })
  test('asking twice with one id makes one actor', () => {
    const head = withActor()
    expect(answerOf(create(head))).toEqual({ actorId: a1, existing: null })
    expect(sentOf(create(head), 'actor.start')).toEqual([])
  })
  test('a name is taken once per namespace; getIfExists gives the one who has it', () => {
    const head = withActor({ name: 'counter' })
    expect(failureOf(create(head, { name: 'counter' }, actorIdOf(2)))).toBe('actor.name-taken')
    expect(create(head, { name: 'counter', namespace: 'other' }, actorIdOf(3)).some(({ type }) => type === 'reply')).toBe(true)
    const again = head.ask({ type: 'actor.create', spec: actorSpec(actorIdOf(4), { name: 'counter' }), getIfExists: true })
    expect(answerOf(again)).toMatchObject({ actorId: a1, existing: { name: 'counter', className: 'Counter' } })
  })
  test('a name is free again once its actor is dead', () => {
    const head = withActor({ name: 'counter' })
    head.ask({ type: 'actor.kill', actorId: a1, noRestart: true })
    expect(failureOf(head.ask({ type: 'actor.find', name: 'counter', namespace: 'default' }))).toBe('actor.not-found')
    expect(failureOf(create(head, { name: 'counter' }, actorIdOf(2)))).toBeUndefined()
  })
  test('it is refused past the limit, by name', () => {
    const head = new TestHead({ maxActors: 1 })
    create(head)
    expect(failureOf(create(head, {}, actorIdOf(2)))).toBe('limit.reached')
  })
})

describe('placing actors', () => {
  test('a burst spreads over the nodes, as promised amounts count before any report', () => {
    const head = new TestHead()
    for (let node = 1; node <= 10; node += 1) head.join(node)
    const targets = Array.from({ length: 40 }, (_, index) => sentOf(create(head, {}, actorIdOf(index)), 'actor.start')[0]?.nodeId)
    const counts = Map.groupBy(targets, (nodeId) => nodeId)
    expect([...counts.values()].map((list) => list.length)).toEqual(Array.from({ length: 10 }, () => 4))
    expect(sentOf(create(head, {}, actorIdOf(99)), 'actor.start')).toEqual([])
  })
  test('a report shows what was promised, and is not counted twice', () => {
    const head = new TestHead({ settleMs: 500 })
    head.join(1)
    create(head)
    const report = (sequence: number, cpu: number) =>
      head.say(1, {
        type: 'node.reported',
        nodeId: nodeIdOf(1),
        sequence,
        available: { CPU: cpu },
        demand: [],
        storeUsedBytes: 0,
        workers: 1,
      })
    report(1, 4) // sent before the agent heard of it
    expect(head.state.nodes.get(nodeIdOf(1))?.available).toEqual({ CPU: 30_000 })
    head.nowMs += 600
    report(2, 3)
    expect(head.state.nodes.get(nodeIdOf(1))?.available).toEqual({ CPU: 30_000 })
  })
  test('a node without room after all is passed over until it reports', () => {
    const head = new TestHead()
    head.join(1)
    head.join(2)
    const [first] = sentOf(create(head), 'actor.start')
    const number = first?.nodeId === nodeIdOf(1) ? 1 : 2
    const refused = head.say(number, { type: 'actor.start-failed', actorId: a1, restarts: 0, attempt: 1, reason: { kind: 'no-room' } })
    expect(sentOf(refused, 'actor.start').map(({ nodeId }) => nodeId)).toEqual([nodeIdOf(3 - number)])
  })
  test('what no node can ever hold says why, and dies after the timeout', () => {
    const head = new TestHead({ infeasibleTimeoutMs: 5_000 })
    head.join(1)
    create(head, { shape: shapeOf({ CPU: 64 }) })
    expect(answerOf(head.ask({ type: 'actor.watch', actorId: a1 }))).toMatchObject({
      status: { kind: 'pending', why: expect.stringMatching(/no node can ever hold 64 CPU; the nearest, .* has 4 CPU/) },
    })
    for (let second = 0; second < 7; second += 1) {
      head.tick(1_000)
      head.say(1, {
        type: 'node.reported',
        nodeId: nodeIdOf(1),
        sequence: second,
        available: { CPU: 4 },
        demand: [],
        storeUsedBytes: 0,
        workers: 0,
      })
    }
    expect(deathOf(head)).toMatchObject({ cause: 'unschedulable' })
  })
  test('it starts as soon as a node that can hold it joins', () => {
    const head = new TestHead()
    create(head, { shape: shapeOf({ GPU: 1 }) })
    expect(sentOf(head.join(1, { ...client, resources: { CPU: 1, GPU: 1 } }), 'actor.start')).toHaveLength(1)
  })
  test('hard affinity to a node that is gone ends it at once', () => {
    const head = new TestHead()
    head.join(1)
    create(head, { shape: shapeOf({}, { kind: 'node', nodeId: nodeIdOf(9), soft: false }) })
    expect(deathOf(head)).toMatchObject({ cause: 'unschedulable', message: expect.stringContaining('not alive') })
  })
})

describe('lives of an actor', () => {
  test('whoever watches hears of each change, with growing versions', () => {
    const head = new TestHead()
    head.join(1, client)
    create(head, { maxRestarts: 1 })
    head.ask({ type: 'actor.watch', actorId: a1 })
    const seen = [head.say(1, started()), head.say(1, exited()), head.say(1, started(1)), head.say(1, exited(1))]
    const changes = seen.flatMap((commands) => sentOf(commands, 'actor.changed').map(({ message }) => message))
    expect(changes.map(({ status }) => status.kind)).toEqual(['alive', 'restarting', 'alive', 'dead'])
    expect(changes.map(({ version }) => version)).toEqual([...changes.map(({ version }) => version)].sort((one, other) => one - other))
    expect(deathOf(head)).toMatchObject({ cause: 'process-exited', message: expect.stringContaining('all 1 restarts are used up'), exit })
  })
  test('a late report of an older life changes nothing', () => {
    const head = withActor({ maxRestarts: -1 })
    head.say(1, exited(0))
    head.say(1, started(1))
    head.say(1, exited(0))
    expect(head.statusOf(a1)).toBe('alive')
  })
  test('exitActor ends it for good, whatever maxRestarts says', () => {
    const head = withActor({ maxRestarts: -1 })
    head.say(1, exited(0, true))
    expect(deathOf(head)).toMatchObject({ cause: 'exit-actor' })
  })
  test('a constructor that throws ends it with that error', () => {
    const head = new TestHead()
    head.join(1)
    create(head, { maxRestarts: 5 })
    const error = { bytes: new Uint8Array([1]), classNames: ['RangeError', 'Error'] }
    head.say(1, { type: 'actor.start-failed', actorId: a1, restarts: 0, attempt: 1, reason: { kind: 'threw', error } })
    expect(deathOf(head)).toMatchObject({ cause: 'constructor-threw', error, message: expect.stringContaining('threw RangeError') })
  })
  test('kill ends it at once, and its process by an order that is repeated until answered', () => {
    const head = withActor({ maxRestarts: 3 })
    expect(sentOf(head.ask({ type: 'actor.kill', actorId: a1, noRestart: true }), 'actor.stop')).toMatchObject([
      { message: { graceful: false } },
    ])
    expect(deathOf(head)).toMatchObject({ cause: 'killed' })
    expect(sentOf(head.tick(6_000), 'actor.stop')).toHaveLength(1)
    head.say(1, exited(0, true))
    expect(sentOf(head.tick(60_000), 'actor.stop')).toEqual([])
  })
  test('kill that allows a restart uses one', () => {
    const head = withActor({ maxRestarts: 1 })
    head.ask({ type: 'actor.kill', actorId: a1, noRestart: false })
    expect(sentOf(head.say(1, exited(0, true)), 'actor.start')).toMatchObject([{ message: { restarts: 1 } }])
  })
  test('out of scope lets its calls finish', () => {
    const head = withActor({ maxRestarts: 5 })
    expect(sentOf(head.ask({ type: 'actor.out-of-scope', actorId: a1 }), 'actor.stop')).toMatchObject([{ message: { graceful: true } }])
    expect(head.statusOf(a1)).toBe('alive')
    head.say(1, exited(0, true))
    expect(deathOf(head)).toMatchObject({ cause: 'out-of-scope' })
  })
  test('it dies with its owner, unless it is detached', () => {
    const head = withActor()
    create(head, { detached: true }, actorIdOf(2))
    head.say(1, started(0, actorIdOf(2)))
    head.say(1, { type: 'clients.gone', nodeId: nodeIdOf(1), workerIds: [workerIdOf(1)] })
    expect(deathOf(head)).toMatchObject({ cause: 'owner-gone' })
    expect(head.statusOf(actorIdOf(2))).toBe('alive')
    expect(sentOf(head.tick(), 'processes.gone')).toMatchObject([{ message: { workerIds: [workerIdOf(1)] } }])
  })
  test('an actor asked for by a process that is gone already dies at once', () => {
    const head = new TestHead()
    head.join(1)
    head.say(1, { type: 'clients.gone', nodeId: nodeIdOf(1), workerIds: [workerIdOf(1)] })
    expect(sentOf(create(head), 'actor.start')).toEqual([])
    expect(deathOf(head)).toMatchObject({ cause: 'owner-gone' })
  })
  test('of the dead only the last are remembered', () => {
    const head = new TestHead({ keptDeadActors: 2 })
    head.join(1, client)
    for (let number = 1; number <= 3; number += 1) {
      create(head, {}, actorIdOf(number))
      head.ask({ type: 'actor.kill', actorId: actorIdOf(number), noRestart: true })
    }
    expect(failureOf(head.ask({ type: 'actor.watch', actorId: a1 }))).toBe('actor.not-found')
    expect([...head.rows.keys()].filter((key) => key.startsWith('actor')).length).toBe(4)
  })
})

describe('placing once more after no room', () => {
  function refused(): TestHead {
    const head = new TestHead()
    head.join(1, client)
    create(head)
    head.join(2)
    head.say(1, { type: 'actor.start-failed', actorId: a1, restarts: 0, attempt: 1, reason: { kind: 'no-room' } })
    return head
  }
  test('the next placement has the next number, after a restart of the head too', () => {
    const head = refused()
    expect(head.state.actors.get(a1)).toMatchObject({ attempt: 2, restarts: 0, phase: { kind: 'starting', nodeId: nodeIdOf(2) } })
    head.restart()
    expect(sentOf(head.join(2), 'actor.start')).toMatchObject([{ message: { restarts: 0, attempt: 2 } }])
  })
  test('a stranger that an older order has built is told to stop, and its answers change nothing', () => {
    const head = refused()
    const stranger = { ...started(), attempt: 1 }
    const stop = { type: 'actor.stop', restarts: 0, attempt: 1, graceful: false }
    expect(sentOf(head.say(1, stranger), 'actor.stop')).toMatchObject([{ nodeId: nodeIdOf(1), message: stop }])
    head.say(1, { ...exited(0, true), attempt: 1 })
    expect(head.state.stops.size).toBe(0)
    head.say(2, { ...started(0, a1, 2), attempt: 2 })
    expect(head.state.actors.get(a1)?.phase).toMatchObject({ kind: 'alive', nodeId: nodeIdOf(2) })
  })
  test('a refusal that comes once more does not take away the placement at the same node that followed', () => {
    const head = refused()
    const noRoom = (attempt: number) => ({ type: 'actor.start-failed' as const, actorId: a1, restarts: 0, attempt })
    head.say(2, { ...noRoom(2), reason: { kind: 'no-room' } })
    const report = { demand: [], storeUsedBytes: 0, workers: 0, available: { CPU: 4 } }
    head.say(1, { type: 'node.reported', nodeId: nodeIdOf(1), sequence: 1, ...report })
    expect(head.state.actors.get(a1)).toMatchObject({ attempt: 3, phase: { kind: 'starting', nodeId: nodeIdOf(1) } })
    head.say(1, { ...noRoom(1), reason: { kind: 'no-room' } })
    expect(head.state.actors.get(a1)).toMatchObject({ attempt: 3, phase: { kind: 'starting', nodeId: nodeIdOf(1) } })
  })
})

describe('after a restart of the head', () => {
  test('living actors live on, and their names, restarts and wishes are kept', () => {
    const head = withActor({ name: 'counter', maxRestarts: 2 })
    head.say(1, exited(0))
    head.say(1, started(1))
    head.restart()
    const actors = [{ actorId: a1, restarts: 1, attempt: 2, address: addressOf(nodeIdOf(1), `e${a1}`) }]
    const commands = head.join(1, { ...client, actors })
    expect(sentOf(commands, 'actor.stop')).toEqual([])
    expect(head.statusOf(a1)).toBe('alive')
    expect(answerOf(head.ask({ type: 'actor.find', name: 'counter', namespace: 'default' }))).toMatchObject({ actorId: a1 })
    expect(sentOf(head.say(1, exited(1)), 'actor.start')).toMatchObject([{ message: { restarts: 2 } }])
  })
  test('one that was starting is asked for again at the same node', () => {
    const head = new TestHead()
    head.join(1, client)
    create(head)
    head.restart()
    expect(sentOf(head.join(1, client), 'actor.start')).toMatchObject([{ nodeId: nodeIdOf(1), message: { restarts: 0 } }])
  })
  test('one whose node does not come back restarts elsewhere', () => {
    const head = new TestHead({ deadAfterMs: 10_000 })
    head.join(1, client)
    create(head, { maxRestarts: 1, detached: true })
    head.say(1, started())
    head.restart()
    head.join(2)
    expect(sentOf(head.tick(9_000), 'actor.start')).toEqual([])
    head.say(2, {
      type: 'node.reported',
      nodeId: nodeIdOf(2),
      sequence: 1,
      available: { CPU: 4 },
      demand: [],
      storeUsedBytes: 0,
      workers: 0,
    })
    expect(sentOf(head.tick(2_000), 'actor.start')).toMatchObject([{ nodeId: nodeIdOf(2), message: { restarts: 1 } }])
  })
  test('a life that the head does not know is ended', () => {
    const head = new TestHead()
    const actors = [{ actorId: actorIdOf(5), restarts: 3, attempt: 4, address: addressOf(nodeIdOf(1), 'ee') }]
    expect(sentOf(head.join(1, { actors }), 'actor.stop')).toMatchObject([{ message: { actorId: actorIdOf(5), restarts: 3 } }])
  })
  test('an end that the agent tells of when it registers again is what it was: intended, or a crash with its exit', () => {
    for (const intended of [true, false]) {
      const head = withActor({ maxRestarts: 1 })
      head.restart()
      const commands = head.join(1, { ...client, actorsEnded: [{ actorId: a1, restarts: 0, attempt: 1, exit, intended }] })
      expect(sentOf(commands, 'actor.start')).toHaveLength(intended ? 0 : 1)
      if (intended) expect(deathOf(head)).toMatchObject({ cause: 'exit-actor', exit: { exitCode: 1 } })
      else expect(head.state.actors.get(a1)?.lastExit).toEqual(exit)
    }
  })
  test('what the agent no longer has when it registers again counts as lost', () => {
    const head = withActor({ maxRestarts: 1 })
    head.unlink(1)
    expect(sentOf(head.join(1, client), 'actor.start')).toMatchObject([{ message: { restarts: 1 } }])
  })
})
