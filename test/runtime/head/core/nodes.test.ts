import { describe, expect, test } from 'vitest'
import { actorIdOf, actorSpec, addressOf, answerOf, nodeIdOf, sentOf, shapeOf, TestHead, workerIdOf } from './builders.ts'

const report = (number: number, sequence: number, cpu = 4) => ({
  type: 'node.reported' as const,
  ...{ nodeId: nodeIdOf(number), sequence, available: { CPU: cpu }, demand: [], storeUsedBytes: 0, workers: 0 },
})
const stateOf = (head: TestHead, number: number) => head.state.nodes.get(nodeIdOf(number))?.phase.kind

test('what lies in the store of a node is not free, and is told with the node', () => {
  const head = new TestHead()
  const resources = { CPU: 4, object_store_memory: 1_000 }
  head.join(1, { resources })
  const view = () => answerOf(head.ask({ type: 'cluster.nodes' }))
  expect(view()).toMatchObject([{ available: resources, storeUsedBytes: 0 }])
  head.say(1, { ...report(1, 1), available: resources, storeUsedBytes: 300 })
  expect(view()).toMatchObject([{ available: { CPU: 4, object_store_memory: 700 }, storeUsedBytes: 300 }])
  head.say(1, { ...report(1, 2), available: resources, storeUsedBytes: 1_200 }) // never below zero
  expect(view()).toMatchObject([{ available: { CPU: 4, object_store_memory: 0 }, storeUsedBytes: 1_200 }])
})

describe('death of nodes', () => {
  test('a node that says nothing for deadAfterMs is dead, fenced, and told to everybody', () => {
    const head = new TestHead({ deadAfterMs: 10_000 })
    head.join(1)
    head.join(2)
    head.nowMs += 9_000
    head.say(2, report(2, 1))
    const commands = head.tick(1_000)
    expect(stateOf(head, 1)).toBe('dead')
    expect(commands.some(({ type }) => type === 'close-link')).toBe(true)
    expect(sentOf(commands, 'processes.gone')).toMatchObject([{ nodeId: nodeIdOf(2), message: { nodeIds: [nodeIdOf(1)] } }])
  })
  test('a closed link gives a shorter grace, in which nothing is lost', () => {
    const head = new TestHead({ linkGraceMs: 3_000 })
    head.join(1)
    head.unlink(1)
    head.tick(2_000)
    expect(stateOf(head, 1)).toBe('suspect')
    head.join(1)
    head.tick(2_000)
    expect(stateOf(head, 1)).toBe('linked')
    head.unlink(1)
    head.tick(3_000)
    expect(stateOf(head, 1)).toBe('dead')
  })
  test('a pause of the head itself counts against nobody', () => {
    const head = new TestHead()
    head.join(1)
    head.join(2)
    head.tick(100)
    head.unlink(2)
    head.pause(60_000)
    expect([stateOf(head, 1), stateOf(head, 2)]).toEqual(['linked', 'suspect'])
    head.tick(10_000)
    expect([stateOf(head, 1), stateOf(head, 2)]).toEqual(['dead', 'dead'])
  })
  test('one that leaves is dead at once', () => {
    const head = new TestHead()
    head.join(1)
    head.say(1, { type: 'node.leaving', nodeId: nodeIdOf(1) })
    expect(stateOf(head, 1)).toBe('dead')
  })
  test('a dead node that comes back is fenced, after a restart of the head too', () => {
    const head = new TestHead()
    head.join(1)
    head.say(1, { type: 'node.leaving', nodeId: nodeIdOf(1) })
    expect(answerOf(head.join(1))).toMatchObject({ fenced: true })
    head.restart()
    expect(answerOf(head.join(1))).toMatchObject({ fenced: true })
    expect(answerOf(head.join(2))).toMatchObject({ fenced: false })
  })
  test('what an older link still brings is dropped', () => {
    const head = new TestHead()
    head.join(1)
    const old = head.links.get(nodeIdOf(1)) ?? 0
    const commands = head.join(1)
    expect(commands).toContainEqual({ type: 'close-link', linkId: old })
    head.step({ type: 'agent.message', linkId: old, nodeId: nodeIdOf(1), message: { type: 'node.leaving', nodeId: nodeIdOf(1) } })
    head.step({ type: 'agent.link-closed', linkId: old, nodeId: nodeIdOf(1) })
    expect(stateOf(head, 1)).toBe('linked')
  })
})

describe('what agents know of the cluster', () => {
  test('a newcomer gets all nodes, the others only what changed', () => {
    const head = new TestHead()
    head.join(1)
    head.tick()
    head.join(2)
    const views = sentOf(head.tick(), 'cluster.changed')
    const nodesOf = (number: number) =>
      views.filter(({ nodeId }) => nodeId === nodeIdOf(number)).flatMap(({ message }) => message.nodes.map(({ facts }) => facts.nodeId))
    expect(nodesOf(1)).toEqual([nodeIdOf(2)])
    expect(new Set(nodesOf(2))).toEqual(new Set([nodeIdOf(1), nodeIdOf(2)]))
  })
  test('a heartbeat that brings nothing new is not passed on', () => {
    const head = new TestHead()
    head.join(1)
    head.tick()
    head.tick()
    head.say(1, report(1, 1))
    expect(sentOf(head.tick(), 'cluster.changed')).toEqual([])
    head.say(1, report(1, 2, 3))
    expect(sentOf(head.tick(), 'cluster.changed')).toMatchObject([{ message: { nodes: [{ available: { CPU: 3 } }] } }])
  })
  test('an older report is dropped', () => {
    const head = new TestHead()
    head.join(1)
    head.say(1, report(1, 5, 2))
    head.say(1, report(1, 4, 1))
    expect(head.state.nodes.get(nodeIdOf(1))?.available).toEqual({ CPU: 20_000 })
  })
  test('a big update is followed by a longer pause', () => {
    const head = new TestHead({ viewsPerMs: 0.1 })
    for (const number of [1, 2, 3, 4]) head.join(number)
    for (let index = 0; index < 40; index += 1) head.tick()
    for (const number of [1, 2, 3, 4]) head.say(number, report(number, 1, 3))
    expect(sentOf(head.tick(), 'cluster.changed')).toHaveLength(4) // 16 views: 160 ms
    for (const number of [1, 2, 3, 4]) head.say(number, report(number, 2, 2))
    expect(sentOf(head.tick(), 'cluster.changed')).toHaveLength(0)
    expect(sentOf(head.tick(), 'cluster.changed')).toHaveLength(4)
  })
  test('a draining node takes no new work and hears of it again when it comes back', () => {
    const head = new TestHead()
    head.join(1)
    const order = { reason: 'maintenance', deadlineMs: 5 }
    expect(sentOf(head.step({ type: 'node.drain', nodeId: nodeIdOf(1), ...order }), 'node.drain')).toHaveLength(1)
    head.ask({ type: 'actor.create', spec: actorSpec(actorIdOf(1), { detached: true }), getIfExists: false })
    expect(head.statusOf(actorIdOf(1))).toBe('pending')
    head.restart()
    expect(sentOf(head.join(1), 'node.drain')).toMatchObject([{ message: order }])
  })
})

describe('jobs', () => {
  const register = (head: TestHead, worker: number) =>
    answerOf(head.ask({ type: 'job.register', driverId: workerIdOf(worker), pid: 1, entrypoint: 'x', namespace: null }, { worker }))
  test('are numbered from 1, the same driver always gets the same number, and a restart goes on counting', () => {
    const head = new TestHead()
    head.join(1)
    expect(register(head, 1)).toEqual({ jobId: '00000001', namespace: 'job-00000001' })
    expect(register(head, 2)).toMatchObject({ jobId: '00000002' })
    expect(register(head, 1)).toMatchObject({ jobId: '00000001' })
    head.restart()
    expect(register(head, 1)).toMatchObject({ jobId: '00000001' })
    expect(register(head, 3)).toMatchObject({ jobId: '00000003' })
  })
  test('the end of the driver ends what its actors made, and what those made; what is detached stays, and what that made', () => {
    const head = new TestHead()
    head.join(1)
    register(head, 1)
    const make = (number: number, owner: number, detached = false) => {
      const actorId = actorIdOf(number)
      const spec = actorSpec(actorId, { owner: addressOf(nodeIdOf(1), workerIdOf(owner)), detached, shape: shapeOf({}) })
      head.ask({ type: 'actor.create', spec, getIfExists: false })
      const address = addressOf(nodeIdOf(1), workerIdOf(100 + number))
      head.say(1, { type: 'actor.started', actorId, restarts: 0, attempt: 1, address, devices: {} })
    }
    make(1, 1)
    make(2, 101)
    make(3, 1, true)
    make(4, 103)
    const commands = head.say(1, { type: 'clients.gone', nodeId: nodeIdOf(1), workerIds: [workerIdOf(1)] })
    expect(sentOf(commands, 'job.ended')).toMatchObject([{ message: { jobId: '00000001' } }])
    expect([1, 2, 3, 4].map((number) => head.statusOf(actorIdOf(number)))).toEqual(['dead', 'dead', 'alive', 'alive'])
    make(5, 103) // a detached actor may still ask, whatever became of its job
    expect(head.statusOf(actorIdOf(5))).toBe('alive')
  })
  test('a node has no say over processes that are known to live on another: drivers, actors, and those that own any', () => {
    const head = new TestHead()
    head.join(1, { clients: [{ workerId: workerIdOf(1), jobId: '00000001' }] })
    head.join(2)
    register(head, 1)
    head.ask({ type: 'actor.create', spec: actorSpec(actorIdOf(1)), getIfExists: false }, { worker: 1 })
    const home = head.state.actors.get(actorIdOf(1))?.phase
    const number = home?.kind === 'starting' && home.nodeId === nodeIdOf(2) ? 2 : 1
    const address = addressOf(nodeIdOf(number), workerIdOf(50))
    head.say(number, { type: 'actor.started', actorId: actorIdOf(1), restarts: 0, attempt: 1, address, devices: {} })
    const strangers = { type: 'clients.gone' as const, nodeId: nodeIdOf(2), workerIds: [workerIdOf(1)] }
    const commands = [...head.say(2, strangers), ...head.tick()]
    expect([sentOf(commands, 'job.ended'), sentOf(commands, 'processes.gone')]).toEqual([[], []])
    expect(commands).toContainEqual({ type: 'note', event: 'node.named-strangers', fields: { nodeId: nodeIdOf(2), strangers: 1 } })
    expect(head.statusOf(actorIdOf(1))).toBe('alive')
    const other = number === 1 ? 2 : 1
    head.say(other, { ...strangers, nodeId: nodeIdOf(other), workerIds: [workerIdOf(50)] })
    expect(head.state.gone.has(workerIdOf(50))).toBe(false)
    expect(sentOf(head.say(1, { ...strangers, nodeId: nodeIdOf(1) }), 'job.ended')).toHaveLength(2)
  })
  test('a driver that ended while the head was down ends its job when its node registers', () => {
    const head = new TestHead()
    head.join(1, { clients: [{ workerId: workerIdOf(1), jobId: '00000001' }] })
    register(head, 1)
    head.restart()
    head.join(1, { clients: [] })
    expect(head.state.jobs.get('00000001')?.endedAtMs).toBe(head.nowMs)
  })
})

test('demand adds up what waits everywhere', () => {
  const head = new TestHead()
  head.join(1)
  head.join(2)
  for (const number of [1, 2])
    head.say(number, { ...report(number, 1), demand: [{ shape: shapeOf({ GPU: 1 }), count: 3, infeasible: true }] })
  head.ask({ type: 'actor.create', spec: actorSpec(actorIdOf(1), { shape: shapeOf({ GPU: 1 }) }), getIfExists: false })
  expect(answerOf(head.ask({ type: 'cluster.demand' }))).toEqual({
    leases: [{ resources: { GPU: 1 }, count: 6, infeasible: true }],
    actors: 1,
    groups: 0,
  })
})
