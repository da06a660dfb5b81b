import { describe, expect, it } from 'vitest'
import { registrationOf } from '#runtime/node/core/reporting.ts'
import { actorSpecOf, AgentHarness, doing, groupId, shapeOf, toHead } from './agent-core-harness.ts'

const start = (agent: AgentHarness, spec = actorSpecOf('1'), life: { restarts?: number; attempt?: number } = {}) => {
  const { restarts = 0, attempt = restarts + 1 } = life
  return agent.head({ type: 'actor.start', spec, restarts, attempt })
}

function constructed(agent: AgentHarness, spec = actorSpecOf('1'), attempt = 1) {
  start(agent, spec, { attempt })
  const [order] = doing(agent.startWorkers(), 'construct-actor')
  const workerId = order?.workerId ?? ''
  const actorId = spec.actorId
  agent.send({ type: 'actor.constructed', workerId, actorId, restarts: 0, outcome: { kind: 'ready' } })
  return { workerId, actorId }
}

describe('an actor', () => {
  it('takes what places it, is built, and holds what it asked to hold', () => {
    const agent = new AgentHarness({ CPU: 1 })
    start(agent)
    expect(agent.state.pool.available).toEqual({})
    const [order] = doing(agent.startWorkers(), 'construct-actor')
    const { actorId } = actorSpecOf('1')
    const done = agent.send({
      type: 'actor.constructed',
      workerId: order?.workerId ?? '',
      actorId,
      restarts: 0,
      outcome: { kind: 'ready' },
    })
    expect(toHead(done, 'actor.started')[0]).toMatchObject({ actorId, restarts: 0 })
    expect(agent.state.pool.available).toEqual({ CPU: 10_000 })
    expect(registrationOf(agent.state).actors.map((actor) => actor.actorId)).toEqual([actorId])
  })

  it('is said to have started again when the order is repeated', () => {
    const agent = new AgentHarness({ CPU: 1 })
    constructed(agent)
    expect(toHead(start(agent), 'actor.started')).toHaveLength(1)
  })

  it('finds no room and says so, again for the same order even when there is room now, and may be placed here once more', () => {
    const agent = new AgentHarness({ CPU: 1 })
    const other = constructed(agent, actorSpecOf('2', { heldResources: { CPU: 1 } }))
    const refused = { type: 'actor.start-failed', restarts: 0, attempt: 1, reason: { kind: 'no-room' } }
    expect(toHead(start(agent), 'actor.start-failed')).toMatchObject([refused])
    agent.exit(other.workerId)
    expect(toHead(start(agent), 'actor.start-failed')).toMatchObject([refused]) // the head may have placed it elsewhere by now
    start(agent, actorSpecOf('1'), { attempt: 3 })
    expect(doing(agent.startWorkers(), 'construct-actor')).toHaveLength(1)
    expect(start(agent, actorSpecOf('1'), { attempt: 2 })).toEqual([])
  })

  it('is not made by an order that comes after the one to stop it', () => {
    const agent = new AgentHarness({ CPU: 1 })
    const { actorId } = actorSpecOf('1')
    const stopped = agent.head({ type: 'actor.stop', actorId, restarts: 0, attempt: 1, graceful: false, reason: 'killed' })
    expect(toHead(stopped, 'actor.exited')).toHaveLength(1)
    expect(toHead(start(agent), 'actor.exited')).toHaveLength(1)
    expect(agent.state.actors.size).toBe(0)
  })

  it('is not ended by an order to stop an older placement of it, which is said to be gone', () => {
    const agent = new AgentHarness({ CPU: 1 })
    const { actorId } = constructed(agent, actorSpecOf('1'), 2)
    const commands = agent.head({ type: 'actor.stop', actorId, restarts: 0, attempt: 1, graceful: false, reason: 'stale' })
    expect(doing(commands, 'end-worker')).toEqual([])
    expect(toHead(commands, 'actor.exited')).toMatchObject([{ attempt: 1, intended: true }])
  })

  it('that ended while the head was away is in the next registration, with why; what the head has heard of is not', () => {
    const agent = new AgentHarness({ CPU: 4 })
    agent.send({ type: 'head.registered', heartbeatMs: 1_000, deadAfterMs: 10_000 })
    agent.exit(constructed(agent, actorSpecOf('1')).workerId)
    agent.tick(60_000)
    const { workerId, actorId } = constructed(agent, actorSpecOf('2'))
    const crashed = constructed(agent, actorSpecOf('3'))
    agent.send({ type: 'head.lost', silentMs: 0 })
    agent.send({ type: 'worker.leaving', workerId, reason: 'exit-actor' })
    agent.exit(workerId, { exitCode: 0 })
    agent.exit(crashed.workerId, { exitCode: 7 })
    expect(registrationOf(agent.state).actorsEnded).toMatchObject([
      { actorId, restarts: 0, attempt: 1, intended: true, exit: { exitCode: 0, reason: 'exit-actor' } },
      { actorId: crashed.actorId, intended: false, exit: { exitCode: 7 } },
    ])
  })

  it('whose constructor threw gives its error, again when asked again, and its worker leaves', () => {
    const agent = new AgentHarness({ CPU: 1 })
    start(agent)
    const [order] = doing(agent.startWorkers(), 'construct-actor')
    const error = { bytes: new Uint8Array([1]), classNames: ['Error'] }
    const { actorId } = actorSpecOf('1')
    const commands = agent.send({
      type: 'actor.constructed',
      workerId: order?.workerId ?? '',
      actorId,
      restarts: 0,
      outcome: { kind: 'threw', error },
    })
    expect(toHead(commands, 'actor.start-failed')[0]?.reason).toEqual({ kind: 'threw', error })
    expect(doing(commands, 'ask-worker-to-leave')).toHaveLength(1)
    expect(toHead(start(agent), 'actor.start-failed')[0]?.reason.kind).toBe('threw')
  })

  it('whose process dies while it is built failed to start, later it exited', () => {
    const agent = new AgentHarness({ CPU: 2 })
    start(agent)
    const [order] = doing(agent.startWorkers(), 'construct-actor')
    expect(toHead(agent.exit(order?.workerId ?? ''), 'actor.start-failed')[0]?.reason.kind).toBe('crashed')
    const { workerId } = constructed(agent, actorSpecOf('2'))
    expect(toHead(agent.exit(workerId), 'actor.exited')[0]).toMatchObject({ intended: false })
  })

  it('that is killed exits as intended, and says so again when told again', () => {
    const agent = new AgentHarness({ CPU: 1 })
    const { workerId, actorId } = constructed(agent)
    const stop = { type: 'actor.stop', actorId, restarts: 0, attempt: 1, graceful: false, reason: 'killed' } as const
    expect(doing(agent.head(stop), 'end-worker')).toHaveLength(1)
    expect(toHead(agent.exit(workerId), 'actor.exited')[0]).toMatchObject({ intended: true, exit: { reason: 'killed' } })
    expect(toHead(agent.head(stop), 'actor.exited')).toHaveLength(1)
  })

  it('that leaves by itself exits as intended', () => {
    const agent = new AgentHarness({ CPU: 1 })
    const { workerId } = constructed(agent)
    agent.send({ type: 'worker.leaving', workerId, reason: 'exit-actor' })
    expect(toHead(agent.exit(workerId, { exitCode: 0 }), 'actor.exited')[0]).toMatchObject({
      intended: true,
      exit: { reason: 'exit-actor' },
    })
  })

  it('of a later life replaces the one that the head has given up', () => {
    const agent = new AgentHarness({ CPU: 1 })
    const { workerId } = constructed(agent)
    const commands = start(agent, actorSpecOf('1'), { restarts: 1 })
    expect(doing(commands, 'end-worker').map((command) => command.workerId)).toEqual([workerId])
    expect(start(agent, actorSpecOf('1'))).toEqual([])
  })

  it('ends with its job unless it is detached', () => {
    const agent = new AgentHarness({ CPU: 2 })
    agent.send({ type: 'driver.connected', workerId: actorSpecOf('1').owner.workerId })
    const plain = constructed(agent)
    constructed(agent, actorSpecOf('2', { detached: true }))
    const commands = agent.head({ type: 'job.ended', jobId: '00000001' })
    expect(doing(commands, 'end-worker').map((command) => command.workerId)).toEqual([plain.workerId])
  })
})

describe('bundles', () => {
  const bundles = (cpu: number) => [
    { index: 0, resources: { CPU: cpu } },
    { index: 1, resources: { CPU: cpu } },
  ]

  it('are set aside all or none', () => {
    const agent = new AgentHarness({ CPU: 3 })
    expect(toHead(agent.head({ type: 'bundles.prepare', groupId, round: 1, bundles: bundles(2) }), 'bundles.refused')).toHaveLength(1)
    expect(agent.state.pool.available).toEqual({ CPU: 30_000 })
    expect(toHead(agent.head({ type: 'bundles.prepare', groupId, round: 2, bundles: bundles(1) }), 'bundles.prepared')).toHaveLength(1)
    expect(agent.state.pool.available).toEqual({ CPU: 10_000 })
  })

  it('are prepared once however often they are asked for, and never after they were given back', () => {
    const agent = new AgentHarness({ CPU: 4 })
    const prepare = { type: 'bundles.prepare', groupId, round: 1, bundles: bundles(1) } as const
    agent.head(prepare)
    agent.head(prepare)
    expect(agent.state.pool.available).toEqual({ CPU: 20_000 })
    agent.head({ type: 'bundles.return', groupId, round: 1, indexes: [0, 1], endUsers: true })
    expect(agent.state.pool.available).toEqual({ CPU: 40_000 })
    expect(toHead(agent.head(prepare), 'bundles.refused')).toHaveLength(1)
    expect(toHead(agent.head({ type: 'bundles.commit', groupId, round: 1 }), 'bundles.refused')).toHaveLength(1)
  })

  it('carry their GPUs to who runs in them', () => {
    const agent = new AgentHarness({ CPU: 4, GPU: 2 })
    agent.head({ type: 'bundles.prepare', groupId, round: 1, bundles: [{ index: 0, resources: { GPU: 1 } }] })
    agent.head({ type: 'bundles.commit', groupId, round: 1 })
    const strategy = { kind: 'group', groupId, bundleIndex: 0, captureChildren: false } as const
    start(agent, actorSpecOf('1', { shape: shapeOf({ GPU: 1 }, { strategy }), heldResources: { GPU: 1 } }))
    expect(doing(agent.startWorkers(), 'construct-actor')[0]?.message.devices).toEqual({ GPU: ['0'] })
  })
})
