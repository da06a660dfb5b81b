import { describe, expect, it } from 'vitest'
import { newActorId } from '#runtime/base/ids.ts'
import { randomBelow, seededRandom } from '#runtime/base/random.ts'
import type { ActorSpec } from '#runtime/protocol/actors.ts'
import { headPlace } from './sim-head.ts'
import { World } from './world.ts'

const deadAfterMs = 4_000
const silenceMs = 1_500
const fenceMarginMs = 500
const owner = { workerId: 'e'.repeat(56), nodeId: 'f'.repeat(56), socketPath: '/s/none.sock', agentAddress: '' }

/** Until a node that is cut off has ended what ran there: silence, patience, the answers that do not come, and a bit for ticks. */
const fencedAfterMs = silenceMs + deadAfterMs + fenceMarginMs + silenceMs + 1_500

/** Machines that run six detached actors, which restart without end. */
function aWorld(machines: number, seed = 1): World {
  const world = new World(seed, {
    machines: Array.from({ length: machines }, () => ({ CPU: 4, slot: 6 })),
    network: { latencyMs: 1, silenceMs, repeatChance: 0 },
    head: { deadAfterMs, linkGraceMs: 1_000, heartbeatMs: 500, resendMs: 1_000 },
    ...{ agent: { fenceMarginMs }, owner: {}, ownerGraceMs: 1_500, startMs: 40, startFailChance: 0 },
    ...{ maxEntries: 1_000_000, areInvariantsChecked: true },
  })
  world.run(1_000)
  for (let count = 0; count < 6; count += 1)
    world.machines[0]?.agent?.ask({ type: 'actor.create', spec: anActor(world), getIfExists: false }, () => {})
  if (!world.run(5_000, () => built(world).length === 6)) throw new Error('the actors were not made')
  return world
}

const anActor = (world: World): ActorSpec => ({
  ...{ actorId: newActorId(world.newHex, '00000001'), jobId: '00000001', owner, classId: 'c'.repeat(64), className: 'Plain', name: null },
  ...{ namespace: 'sim', detached: true, args: new Uint8Array(), refArgs: [], heldResources: {}, maxRestarts: -1, maxTaskRetries: 0 },
  shape: { resources: { slot: 1 }, labels: [], fallbackLabels: [], strategy: { kind: 'spread' } },
  ...{ maxConcurrency: 1, concurrencyGroups: {}, methodGroups: {}, maxPendingCalls: -1, methodReturns: {}, methodNames: [] },
})

const built = (world: World) => [...world.workers.values()].filter(({ actor }) => actor?.isBuilt === true)
const builtAt = (world: World, ...places: string[]) => built(world).filter(({ place }) => places.includes(place)).length
const nodeIds = (world: World) => world.machines.map(({ agent }) => agent?.nodeId)
const placesOf = (world: World) => world.machines.map(({ place }) => place)

/** Cuts every wire between the two sides. */
function part(world: World, one: readonly string[], other: readonly string[]): void {
  for (const here of one) for (const there of other) world.network.cut(here, there)
}

function livingTwice(world: World): string[] {
  const seen = new Set<string>()
  return built(world).flatMap(({ actor }) => {
    const { actorId } = actor?.spec ?? { actorId: '' }
    const isTwice = seen.has(actorId)
    seen.add(actorId)
    return isTwice ? [actorId] : []
  })
}

describe('a node that is cut off', () => {
  it('ends what it ran while it still is, and it all lives once, elsewhere', () => {
    const world = aWorld(3)
    expect(builtAt(world, 'm1')).toBe(2)
    part(world, ['m1'], ['m0', 'm2', headPlace])
    world.run(fencedAfterMs)
    expect(builtAt(world, 'm1')).toBe(0)
    expect(world.run(5_000, () => built(world).length === 6)).toBe(true)
    expect(livingTwice(world)).toEqual([])
  })

  it('together with others, fewer than half, fences itself as they do', () => {
    const world = aWorld(5)
    part(world, ['m3', 'm4'], ['m0', 'm1', 'm2', headPlace])
    world.run(fencedAfterMs)
    expect(builtAt(world, 'm3', 'm4')).toBe(0)
  })

  it('from the head only hears of its death from another node', () => {
    const world = aWorld(3)
    part(world, ['m1'], [headPlace])
    world.run(fencedAfterMs)
    expect(builtAt(world, 'm1')).toBe(0)
  })

  it('comes back as a new node', () => {
    const world = aWorld(3)
    const [, before] = nodeIds(world)
    part(world, ['m1'], ['m0', 'm2', headPlace])
    world.run(fencedAfterMs)
    world.network.heal()
    world.run(2_000)
    expect(world.machines[1]?.agent?.nodeId).not.toBe(before)
    const states = [...world.head.state.nodes.values()].map(({ phase }) => phase.kind).sort()
    expect(states).toEqual(['dead', 'linked', 'linked', 'linked'])
  })
})

describe('a head that is down', () => {
  it.each([1, 2, 5])('ends nothing on %i machines, however long', (machines) => {
    const world = aWorld(machines)
    const before = nodeIds(world)
    world.head.crash()
    world.run(60_000)
    expect([nodeIds(world), built(world).length]).toEqual([before, 6])
    world.head.restart()
    world.run(10_000)
    expect([nodeIds(world), built(world).length]).toEqual([before, 6])
  })

  it('with its whole machine ends nothing either, where the others are more than half', () => {
    const world = aWorld(4)
    const before = nodeIds(world)
    world.head.crash()
    part(world, placesOf(world).slice(1), ['m0', headPlace])
    world.run(60_000)
    expect(nodeIds(world).slice(1)).toEqual(before.slice(1))
    expect(builtAt(world, 'm1', 'm2', 'm3')).toBeGreaterThan(0)
  })

  it('does not hide that a node is cut off', () => {
    const world = aWorld(3)
    world.head.crash()
    part(world, ['m1'], ['m0', 'm2', headPlace])
    world.run(fencedAfterMs)
    expect(builtAt(world, 'm1')).toBe(0)
    expect(builtAt(world, 'm0', 'm2')).toBe(4)
  })
})

it('no actor lives twice once the side without the head has fenced itself, whoever is on it (100 seeds)', () => {
  for (let seed = 1; seed <= 100; seed += 1) {
    const random = seededRandom(seed)
    const machines = 2 + randomBelow(random, 5)
    const world = aWorld(machines, seed)
    const lost = placesOf(world).slice(machines - 1 - randomBelow(random, Math.floor(machines / 2)))
    const kept = placesOf(world).filter((place) => !lost.includes(place))
    // Wires break one after the other, and some nodes of the lost side may hear some of the other for a while.
    for (const place of lost) world.scheduler.after(random() * 2_000, () => part(world, [place], [headPlace]))
    for (const place of lost) world.scheduler.after(random() * 3_000, () => part(world, [place], kept))
    world.run(3_000 + fencedAfterMs + 5_000) // one more round for who was told that the head still counts on it
    expect({ seed, twice: livingTwice(world), there: builtAt(world, ...lost) }).toEqual({ seed, twice: [], there: 0 })
  }
})
