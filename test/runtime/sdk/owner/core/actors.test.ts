import { describe, expect, it } from 'vitest'
import type { ActorStatus } from '#runtime/protocol/actors.ts'
import { actorId, calledIds, done, doing, exitOf, idOf, otherAgent, OwnerHarness, returnOf, workerOf } from './owner-harness.ts'

const alive = (restarts = 0): ActorStatus => ({ kind: 'alive', restarts, address: workerOf(`actor${restarts}`, otherAgent('b').nodeId) })
const restarting: ActorStatus = { kind: 'restarting', restarts: 1, lastExit: exitOf() }
const dead: ActorStatus = { kind: 'dead', death: { cause: 'process-exited', message: 'gone', error: null, exit: null } }

class Caller extends OwnerHarness {
  #version = 0
  status(status: ActorStatus) {
    this.#version += 1
    return this.send({ type: 'actor.changed', actorId, version: this.#version, status })
  }
  linkClosed(restarts = 0) {
    return this.send({ type: 'actor.link-closed', actorId, restarts })
  }
}

describe('calls of an actor', () => {
  it('watch it, wait until it lives, and go out in order', () => {
    const caller = new Caller()
    const [one, two] = [caller.call(), caller.call()]
    expect(calledIds(caller.flush())).toEqual([])
    expect(calledIds(caller.status(alive()))).toEqual([one.taskId, two.taskId])
    caller.end(one)
    expect(caller.failure(one)).toBe('outcome')
  })

  it('behind one that waits for an argument wait with it', () => {
    const caller = new Caller()
    const object = returnOf(caller.makeTask())
    const one = caller.call()
    const two = caller.call({}, [object])
    const three = caller.call()
    expect(calledIds(caller.status(alive()))).toEqual([one.taskId])
    caller.send({ type: 'object.ready', objectId: object })
    expect(calledIds(caller.flush())).toEqual([two.taskId, three.taskId])
  })

  it('go on when the one that held them back is cancelled or its argument failed', () => {
    const caller = new Caller()
    const objects = [caller.makeTask(), caller.makeTask()].map(returnOf)
    const first = caller.call({}, [objects[0] ?? ''])
    caller.call({}, [objects[1] ?? ''])
    const last = caller.call()
    caller.status(alive())
    caller.send({ type: 'task.cancel', taskId: first.taskId, force: false, recursive: true })
    expect(caller.state.actors.get(actorId)?.waiting.length).toBe(2)
    caller.send({ type: 'object.failed', objectId: objects[1] ?? '' })
    expect(calledIds(caller.flush())).toEqual([last.taskId])
  })

  it('in flight when it dies are unavailable without retries, and sent again, in order and first, with them', () => {
    const caller = new Caller()
    caller.call()
    const [once, again, andAgain] = [caller.call(), caller.call({ maxRetries: 1 }), caller.call({ maxRetries: -1 })]
    caller.status(alive())
    caller.linkClosed()
    caller.status(restarting)
    expect(caller.ends.get(once.taskId)).toMatchObject({ kind: 'actor-died', unavailable: true })
    const later = caller.call()
    expect(calledIds(caller.status(alive(1)))).toEqual([again.taskId, andAgain.taskId, later.taskId])
    expect(again).toMatchObject({ attempt: 1, retriesLeft: 0 })
  })

  it('still end with what it wrote before it died', () => {
    const caller = new Caller()
    const call = caller.call()
    caller.status(alive())
    caller.status(dead)
    caller.end(call, done)
    expect(caller.failure(call)).toBe('outcome')
    caller.linkClosed()
    expect(caller.state.tasks.size).toBe(0)
  })

  it('do not go to its next life before those of the last have been settled', () => {
    const caller = new Caller()
    const first = caller.call({ maxRetries: 1 })
    caller.status(alive())
    caller.status(restarting)
    caller.call()
    expect(calledIds(caller.status(alive(1)))).toEqual([])
    expect(calledIds(caller.linkClosed())[0]).toBe(first.taskId)
  })

  it('fail when it is dead: those that wait, those in flight once its link is closed, and those that come later', () => {
    const caller = new Caller()
    const sent = caller.call({ maxRetries: -1 })
    caller.status(alive())
    const waiting = caller.call({}, [returnOf(caller.makeTask())])
    caller.status(dead)
    expect(caller.ends.get(waiting.taskId)).toMatchObject({ kind: 'actor-died', unavailable: false })
    caller.linkClosed()
    expect(caller.ends.get(sent.taskId)).toMatchObject({ kind: 'actor-died', unavailable: false })
    const later = caller.call()
    caller.flush()
    expect(caller.failure(later)).toBe('actor-died')
  })

  it('go to the same life again when only the network failed', () => {
    const caller = new Caller()
    const call = caller.call({ maxRetries: 1 })
    caller.status(alive())
    caller.linkClosed()
    const later = caller.call()
    expect(calledIds(caller.status(alive()))).toEqual([])
    expect(calledIds(caller.tick(caller.state.config.lostGraceMs))).toEqual([call.taskId, later.taskId])
  })

  it('wait for the head when the node of the actor is gone', () => {
    const caller = new Caller()
    caller.call()
    caller.status(alive())
    caller.send({ type: 'processes.gone', workerIds: [], nodeIds: [idOf('b')] })
    caller.call()
    expect(calledIds(caller.flush())).toEqual([])
  })

  it('ignore older news of it', () => {
    const caller = new Caller()
    caller.call()
    caller.status(alive())
    caller.status(dead)
    caller.send({ type: 'actor.changed', actorId, version: 1, status: alive() })
    expect(caller.state.actors.get(actorId)?.status?.kind).toBe('dead')
  })

  it('that are cancelled on their way are told to the actor, and are not sent again when it dies', () => {
    const caller = new Caller()
    const call = caller.call({ maxRetries: -1 })
    caller.status(alive())
    const commands = caller.send({ type: 'task.cancel', taskId: call.taskId, force: false, recursive: true })
    expect(doing(commands, 'cancel')).toMatchObject([{ taskId: call.taskId }])
    caller.linkClosed()
    caller.status(restarting)
    expect(caller.failure(call)).toBe('task.cancelled')
  })
})
