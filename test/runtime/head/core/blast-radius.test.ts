import { describe, expect, it } from 'vitest'
import { radiusOfActor, radiusOfGroup, radiusOfJob, radiusOfNode, radiusOfProcess } from '#runtime/head/core/blast-radius.ts'
import { actorIdOf, actorSpec, addressOf, groupIdOf, groupSpec, nodeIdOf, sentOf, TestHead, workerIdOf } from './builders.ts'

/** A driver with an actor, that owns another, and so on; each lives in a process of its own. */
function aFamily(): { head: TestHead; jobId: string; actorIds: string[]; workerIds: string[] } {
  const head = new TestHead()
  head.join(1, { resources: { CPU: 16 } })
  head.join(2, { resources: { CPU: 0.5 } })
  head.ask({ type: 'job.register', driverId: workerIdOf(1), pid: 7, entrypoint: 'node x', namespace: null })
  const jobId = [...head.state.jobs.keys()][0] ?? ''
  const actorIds: string[] = []
  const workerIds: string[] = []
  for (const number of [1, 2, 3]) {
    const actorId = actorIdOf(number, jobId)
    const owner = addressOf(nodeIdOf(1), number === 1 ? workerIdOf(1) : (workerIds.at(-1) ?? ''))
    const commands = head.ask({
      type: 'actor.create',
      spec: actorSpec(actorId, { owner, maxRestarts: number === 3 ? 2 : 0 }),
      getIfExists: false,
    })
    const [start] = sentOf(commands, 'actor.start')
    const address = addressOf(start?.nodeId ?? '', workerIdOf(100 + number))
    head.say(1, { type: 'actor.started', actorId, restarts: 0, attempt: start?.message.attempt ?? 0, devices: {}, address })
    actorIds.push(actorId)
    workerIds.push(address.workerId)
  }
  return { head, jobId, actorIds, workerIds }
}
const actorOf = (head: TestHead, actorId = '') => {
  const actor = head.state.actors.get(actorId)
  if (actor === undefined) throw new Error(`no actor ${actorId}`)
  return actor
}

describe('what else ends', () => {
  it('with an actor is what it owns, down to the last', () => {
    const { head, actorIds, workerIds } = aFamily()
    const radius = radiusOfActor(head.state, actorOf(head, actorIds[1]))
    expect([...radius.actors]).toEqual(actorIds.slice(1))
    expect([...radius.workers]).toEqual(workerIds.slice(1))
    expect(radiusOfActor(head.state, actorOf(head, actorIds[2]), { noRestart: false }).notes.join()).toContain('it restarts')
    expect(radiusOfActor(head.state, actorOf(head, actorIds[2])).notes).toEqual([])
  })

  it('with a job or its driver is all of it but what is detached', () => {
    const { head, jobId, actorIds } = aFamily()
    const detached = actorIdOf(9, jobId)
    head.ask({
      type: 'actor.create',
      spec: actorSpec(detached, { detached: true, owner: addressOf(nodeIdOf(1), workerIdOf(1)) }),
      getIfExists: false,
    })
    for (const radius of [radiusOfJob(head.state, jobId), radiusOfProcess(head.state, workerIdOf(1))]) {
      expect([...radius.actors]).toEqual(actorIds)
      expect([...radius.jobs]).toEqual([jobId])
      expect(radius.notes).toEqual([`detached actor ${detached} stays`])
    }
    expect(radiusOfJob(head.state, '99999999').jobs.size).toBe(0)
  })

  it('with a worker is the actor that lives in it, with a word on whether it comes back', () => {
    const { head, actorIds, workerIds } = aFamily()
    const radius = radiusOfProcess(head.state, workerIds[2] ?? '')
    expect([...radius.actors]).toEqual([actorIds[2]])
    expect(radius.notes.join()).toContain('restarts elsewhere')
    expect(radiusOfProcess(head.state, workerIdOf(555)).notes.join()).toContain('runs again where it has retries left')
  })

  it('with a node is everything on it, and it is said when nothing else takes work', () => {
    const { head, jobId, actorIds } = aFamily()
    const node = head.state.nodes.get(nodeIdOf(1))
    if (node === undefined) throw new Error('no node')
    const radius = radiusOfNode(head.state, node)
    expect([...radius.actors].sort()).toEqual([...actorIds].sort())
    expect([...radius.jobs]).toEqual([jobId])
    expect(radius.notes.join('; ')).toMatch(/1 of the actors restart on other nodes.*jobs whose driver runs on this node end/)
    head.step({ type: 'node.drain', nodeId: nodeIdOf(2), reason: 'x', deadlineMs: 0 })
    expect(radiusOfNode(head.state, node).notes.join('; ')).toContain('no other node takes work')
  })

  it('with a placement group is what is placed in it', () => {
    const { head, jobId } = aFamily()
    const groupId = groupIdOf(1, jobId)
    head.ask({ type: 'group.create', spec: groupSpec(groupId, [{ CPU: 1 }]) })
    const actorId = actorIdOf(7, jobId)
    const shape = {
      resources: { CPU: 1 },
      labels: [],
      fallbackLabels: [],
      strategy: { kind: 'group' as const, groupId, bundleIndex: 0, captureChildren: false },
    }
    head.ask({
      type: 'actor.create',
      spec: actorSpec(actorId, { shape, owner: addressOf(nodeIdOf(1), workerIdOf(1)) }),
      getIfExists: false,
    })
    const radius = radiusOfGroup(head.state, groupId)
    expect([...radius.groups]).toEqual([groupId])
    expect([...radius.actors]).toEqual([actorId])
    head.ask({ type: 'group.remove', groupId })
    expect(radiusOfGroup(head.state, groupId).groups.size).toBe(0)
  })
})
