import { describe, expect, it } from 'vitest'
import type { ActorStatus } from '#runtime/protocol/actors.ts'
import type { OwnedTask } from '#runtime/sdk/owner/core/state.ts'
import { actorId, calledIds, done, doing, exitOf, idOf, jobId, otherAgent, OwnerHarness, returnOf, workerOf } from './owner-harness.ts'

const alive = (restarts = 0): ActorStatus => ({ kind: 'alive', restarts, address: workerOf(`actor${restarts}`, otherAgent('b').nodeId) })
const restarting: ActorStatus = { kind: 'restarting', restarts: 1, lastExit: exitOf() }
const dead: ActorStatus = { kind: 'dead', death: { cause: 'process-exited', message: 'gone', error: null, exit: null } }

class Caller extends OwnerHarness {
  #version = 0
  status(status: ActorStatus) {
    this.#version += 1
    return this.send({ type: 'actor.changed', actorId, version: this.#version, status })
  }
  callInAnyOrder(unready: readonly string[] = [], refArgs: OwnedTask['refArgs'] = []): OwnedTask {
    const call = { actorId, method: 'add', concurrencyGroup: '', returnCount: 1, generatorBackpressure: 0, anyOrder: true }
    return this.call({ call, refArgs }, unready)
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

  it('in any order overtake one that waits for its argument, which goes when that is there', () => {
    const caller = new Caller()
    const object = returnOf(caller.makeTask())
    const held = caller.callInAnyOrder([object])
    const next = caller.callInAnyOrder()
    expect(calledIds(caller.status(alive()))).toEqual([next.taskId])
    caller.send({ type: 'object.ready', objectId: object })
    expect(calledIds(caller.flush())).toEqual([held.taskId])
  })

  it('in any order end with their argument, their actor and their cancel while they wait for it', () => {
    const caller = new Caller()
    const objects = [caller.makeTask(), caller.makeTask(), caller.makeTask()].map(returnOf)
    const [failed, cancelled, dying] = objects.map((object) => caller.callInAnyOrder([object]))
    caller.status(alive())
    caller.send({ type: 'object.failed', objectId: objects[0] ?? '' })
    caller.send({ type: 'task.cancel', taskId: cancelled?.taskId ?? '', force: false, recursive: true })
    caller.status(dead)
    expect([failed, cancelled, dying].map((call) => call && caller.failure(call))).toEqual(['as-object', 'task.cancelled', 'actor-died'])
    expect(caller.state.actors.get(actorId)?.held.size).toBe(0)
  })

  it('in any order whose argument was lost wait for it again, and others go on', () => {
    const caller = new Caller()
    const objectId = returnOf(caller.makeTask())
    const call = caller.callInAnyOrder([], [{ index: 0, objectId }])
    caller.status(alive())
    const failure = { code: 'object.lost', message: '', details: { objectId } } as const
    expect(doing(caller.end(call, { kind: 'failed', failure }), 'recover')).toMatchObject([{ objectId }])
    const next = caller.callInAnyOrder()
    expect(calledIds(caller.flush())).toEqual([next.taskId])
    caller.send({ type: 'object.ready', objectId })
    expect(calledIds(caller.flush())).toEqual([call.taskId])
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

describe('an actor without handles', () => {
  it('is forgotten at once when no call of it is under way, and learned of anew when it is asked for again', () => {
    const caller = new Caller()
    const call = caller.call()
    caller.status(alive())
    caller.end(call)
    caller.send({ type: 'actor.unused', actorId })
    expect(caller.state.actors.size).toBe(0)
    caller.status(dead) // nobody wants to know
    caller.call()
    expect(doing(caller.last, 'watch-actor')).toMatchObject([{ actorId }])
    expect(caller.state.actors.get(actorId)).toMatchObject({ status: null, unused: false })
  })

  it('is kept until its calls have ended, however they end', () => {
    const caller = new Caller()
    const object = returnOf(caller.makeTask())
    const [sent, waiting, held] = [caller.call(), caller.call({}, [object]), caller.callInAnyOrder([object])]
    caller.status(alive())
    caller.send({ type: 'actor.unused', actorId })
    caller.end(sent)
    caller.send({ type: 'task.cancel', taskId: waiting.taskId, force: false, recursive: true })
    expect(caller.state.actors.size).toBe(1)
    caller.status(dead)
    expect(caller.failure(held)).toBe('actor-died')
    caller.flush()
    expect(caller.state.actors.size).toBe(0)
  })

  it('that is dead stays known as long as there is a handle, so that late calls fail at once', () => {
    const caller = new Caller()
    caller.call()
    caller.status(dead)
    const late = caller.call()
    caller.flush()
    expect(caller.failure(late)).toBe('actor-died')
    expect(caller.state.actors.size).toBe(1)
  })

  it('leaves nothing behind, after ten thousand others like it', () => {
    const caller = new OwnerHarness()
    for (let number = 0; number < 10_000; number += 1) {
      const queueId = `${String(number).padStart(24, '0')}${jobId}`
      const call = { actorId: queueId, method: 'add', concurrencyGroup: '', returnCount: 1, generatorBackpressure: 0 }
      const task = caller.submit({ call, maxRetries: 0 })
      const status = number % 2 === 0 ? alive() : dead
      caller.send({ type: 'actor.changed', actorId: queueId, version: 1, status })
      if (number % 3 === 0) caller.send({ type: 'actor.unused', actorId: queueId }) // before its call has ended
      if (status.kind === 'alive') caller.end(task)
      else caller.flush()
      caller.send({ type: 'actor.unused', actorId: queueId })
    }
    const { actors, tasks, dirtyActors } = caller.state
    expect([actors.size, tasks.size, dirtyActors.size]).toEqual([0, 0, 0])
  })
})
