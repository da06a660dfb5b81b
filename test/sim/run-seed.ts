import { randomBelow, seededRandom } from '#runtime/base/random.ts'
import { resourcesFrom } from '#runtime/base/fixed-point.ts'
import { describeTask, explainEnd } from './checks.ts'
import { mixedProfile, profiles } from './profiles.ts'
import { SimDriver } from './workload.ts'
import { World, type WorldSettings } from './world.ts'

/** Everything goes faster than in the real thing, so that a run is short: only the proportions matter. */
function settingsOf(seed: number): WorldSettings & { faults: number } {
  const random = seededRandom(seed ^ 0x5bd1e995)
  const faults = random() < 0.25 ? 0 : 1 + randomBelow(random, 8)
  const machines = Array.from({ length: 2 + randomBelow(random, 4) }, () => ({ CPU: 2 + randomBelow(random, 3), slot: 6 }))
  const profile = profiles[seed % profiles.length] ?? mixedProfile
  const repeatChance = profile.repeatChance ?? (faults > 0 && random() < 0.5 ? 0.03 : 0)
  return {
    faults,
    machines,
    network: { latencyMs: random() < 0.5 ? 1 : 30, silenceMs: 1_500, repeatChance },
    head: { deadAfterMs: 4_000, linkGraceMs: 1_000, resendMs: 1_000, infeasibleTimeoutMs: 3_000, heartbeatMs: 500 },
    agent: { preforkWorkers: randomBelow(random, 3), infeasibleTimeoutMs: 3_000, idleWorkerMs: 2_000, workerLeaveMs: 1_000 },
    owner: { heldEveryMs: 1_000, lostGraceMs: 1_500, askAgainMs: 1_000, leaseIdleMs: 300, leaseShareMs: 200 },
    ownerGraceMs: 1_500,
    startMs: 40,
    startFailChance: random() < 0.2 ? 0.1 : 0,
    maxEntries: 300_000,
    profile,
    areInvariantsChecked: true,
  }
}

export type SeedReport = { readonly steps: number; readonly tasks: number; readonly messages: number; readonly virtualMs: number }

const driversAt = 3_000
const faultsForMs = 7_000
const patienceMs = 120_000

/** Runs one world to its end. @throws what is wrong with it. */
export function runSeed(seed: number): SeedReport {
  const settings = settingsOf(seed)
  const world = new World(seed, settings)
  try {
    return runWorld(world, settings)
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : String(error)}\n${world.log.slice(-60).join('\n')}`, { cause: error })
  }
}

function runWorld(world: World, settings: { faults: number; startFailChance: number }): SeedReport {
  const drivers: SimDriver[] = []
  world.run(1_000)
  for (let count = 1 + randomBelow(world.random, 3); count > 0; count -= 1) {
    world.scheduler.after(world.random() * driversAt, () => {
      const { agent } = world.machines[randomBelow(world.random, world.machines.length)] ?? {}
      if (agent?.isAlive) drivers.push(new SimDriver(world, agent))
    })
  }
  for (let count = settings.faults; count > 0; count -= 1) world.scheduler.after(world.random() * faultsForMs, () => world.breakSomething())
  world.run(faultsForMs + 1_000)
  world.heal()
  world.run(2_000) // agents that were given up meanwhile hear of it, and start over
  const isDone = world.run(patienceMs, () => drivers.every((driver) => driver.isDone))
  checkPrograms(drivers, { isFaulty: settings.faults > 0, doStartsFail: settings.startFailChance > 0 })
  if (!isDone) throw new Error('a program never came to its end')
  if (!world.run(10_000, () => findActorTrouble(world) === undefined)) throw new Error(findActorTrouble(world))
  killDetached(world)
  world.run(500)
  for (const driver of drivers) driver.exit()
  const isQuiet = world.run(30_000, () => findUnrest(world) === undefined)
  if (!isQuiet) throw new Error(findUnrest(world))
  const steps = world.head.steps + sum(world.machines.map(({ agent }) => agent?.steps ?? 0)) + sum(world.owners.map((owner) => owner.steps))
  const tasks = sum(world.owners.map((owner) => owner.tasks.size))
  return { steps, tasks, messages: world.network.delivered, virtualMs: world.nowMs - 1_000_000 }
}

function checkPrograms(drivers: readonly SimDriver[], when: { isFaulty: boolean; doStartsFail: boolean }): void {
  for (const driver of drivers) {
    if (!driver.isAlive) continue // nobody is left who waits for its results
    for (const { made, actor } of driver.tasks) {
      const wrong = explainEnd(made, { ...when, isFragile: actor?.isFragile ?? false })
      if (wrong !== undefined) throw new Error(wrong)
    }
    const open = [...(driver.owner?.state.tasks.values() ?? [])].flatMap(({ taskId }) => driver.owner?.tasks.get(taskId) ?? [])
    if (open.length > 0) throw new Error(`still open: ${open.map(describeTask).join('; ')}`)
  }
}

/** Healed and told, the head and the machines agree on who lives where, and nobody lives twice; undefined when they do. */
function findActorTrouble(world: World): string | undefined {
  const seen = new Set<string>()
  for (const worker of world.workers.values()) {
    if (!worker.actor?.isBuilt || worker.actor.isDraining) continue
    const { spec, restarts } = worker.actor
    if (seen.has(spec.actorId)) return `actor ${spec.actorId} lives twice`
    seen.add(spec.actorId)
    const known = world.head.state.actors.get(spec.actorId)
    const isKnown = known?.phase.kind === 'alive' && known.phase.address.workerId === worker.workerId && known.restarts === restarts
    if (!isKnown)
      return `life ${restarts} of actor ${spec.actorId} goes on in ${worker.workerId}, the head says ${JSON.stringify(known?.phase)}`
  }
  for (const { spec, phase } of world.head.state.actors.values())
    if (phase.kind === 'alive' && !seen.has(spec.actorId)) return `actor ${spec.actorId} lives only in the head`
  return undefined
}

/** Ends what outlives its program. */
function killDetached(world: World): void {
  for (const { spec, phase } of world.head.state.actors.values()) {
    if (!spec.detached || phase.kind === 'dead') continue
    const request = { type: 'actor.kill', actorId: spec.actorId, noRestart: true } as const
    for (const { agent } of world.machines) agent?.ask(request, () => {}) // one of them may be ending
  }
}

/** What is still held or under way although every program has ended; undefined when nothing is. */
function findUnrest(world: World): string | undefined {
  const { state } = world.head
  for (const [name, held] of Object.entries({
    ...{ starting: state.starting, wished: state.wished, stops: state.stops, returns: state.returns },
    ...{ waitingGroups: state.waitingGroups, busyGroups: state.busyGroups, queues: state.queues },
  }))
    if (held.size > 0) return `the head still has ${name}: ${JSON.stringify([...held])}`
  for (const { agent, place } of world.machines) {
    if (!agent?.isAlive) return `${place} has no agent`
    const { leases, wishes, actors, bundles, starts, pool } = agent.state
    for (const [name, held] of Object.entries({ leases, wishes, actors, bundles }))
      if (held.size > 0) return `${place} still has ${name}: ${JSON.stringify([...held.values()])}`
    if (starts.length > 0) return `${place} still has ${starts.length} starts`
    const free = JSON.stringify(Object.entries(pool.available).sort())
    if (free !== JSON.stringify(Object.entries(pool.total).sort()))
      return `${place} has ${JSON.stringify(resourcesFrom(pool.available))} free of its total`
  }
  return undefined
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0)
