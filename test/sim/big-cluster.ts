import type { TaskPlan } from './plans.ts'
import { SimDriver } from './workload.ts'
import { World, type WorldSettings } from './world.ts'

export type BigCluster = {
  readonly nodes: number
  readonly cpus: number
  readonly drivers: number
  readonly tasks: number
  readonly runMs: number
}

/** Many machines, many tasks, no faults, and the real configuration. Cores are looked at only at the end. */
export function runBigCluster({ nodes, cpus, drivers: count, tasks, runMs }: BigCluster) {
  const settings: WorldSettings = {
    machines: Array.from({ length: nodes }, () => ({ CPU: cpus })),
    network: { latencyMs: 0.5, silenceMs: 5_000, repeatChance: 0 },
    ...{ head: {}, agent: { maxStartingWorkers: cpus }, owner: {}, ownerGraceMs: 5_000, startMs: 50, startFailChance: 0 },
    ...{ maxEntries: Number.MAX_SAFE_INTEGER, areInvariantsChecked: false },
  }
  const world = new World(1, settings)
  world.run(5_000) // all have joined and know each other
  const drivers: SimDriver[] = []
  for (const { agent } of world.machines.slice(0, count)) if (agent) drivers.push(new SimDriver(world, agent, false))
  world.run(100)
  const startMs = world.nowMs
  for (const driver of drivers) {
    for (let index = 0; index < tasks / count; index += 1) driver.owner?.submit(planOf(runMs, index))
  }
  const isDone = world.run(300_000, () => drivers.every((driver) => driver.owner?.state.tasks.size === 0))
  if (!isDone) throw new Error(`${drivers.map((driver) => driver.owner?.state.tasks.size).join()} tasks never ended`)
  const made = drivers.flatMap((driver) => [...(driver.owner?.tasks.values() ?? [])])
  const agents = world.machines.flatMap(({ agent }) => agent ?? [])
  return {
    tasks: made.filter(({ status }) => status === 'ready').length,
    nodesUsed: agents.filter(({ state }) => state.nextOrder > 1).length,
    messages: world.network.delivered,
    steps:
      world.head.steps +
      agents.reduce((sum, { steps }) => sum + steps, 0) +
      drivers.reduce((sum, { owner }) => sum + (owner?.steps ?? 0), 0),
    virtualMs: Math.round(world.nowMs - startMs),
  }
}

const planOf = (runMs: number, seed: number): TaskPlan => ({
  ...{ kind: 'task', name: 'work', shape: { resources: { CPU: 1 }, labels: [], fallbackLabels: [], strategy: { kind: 'default' } } },
  ...{ runMs, seed, maxRetries: 3, throwsFor: 0, retryErrors: false, crashesFor: 0, isStored: false, items: 0, children: [] },
})
