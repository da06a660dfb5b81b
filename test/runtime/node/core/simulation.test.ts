import { describe, expect, it } from 'vitest'
import { AgentSimulation } from './agent-simulation.ts'

const seeds = Number(process.env['SHOAL_SEEDS'] ?? 200)

describe('an agent core among failures', () => {
  it(`holds its invariants and gives everything back, with ${seeds} seeds`, () => {
    let grants = 0
    for (let seed = 1; seed <= seeds; seed += 1) {
      const simulation = new AgentSimulation(seed)
      try {
        simulation.run(300)
        simulation.settle()
      } catch (error) {
        throw new Error(`seed ${seed}`, { cause: error })
      }
      const { leases, wishes, actors, bundles, starts } = simulation.agent.state
      const left = { leases: leases.size, actors: actors.size, bundles: bundles.size, starts: starts.length, wishes: wishes.size }
      expect(left, `seed ${seed}`).toEqual({ leases: 0, actors: 0, bundles: 0, starts: 0, wishes: 0 })
      expect(simulation.isWhole(), `seed ${seed}: amounts are missing`).toBe(true)
      grants += simulation.grants
    }
    expect(grants).toBeGreaterThan(seeds * 5) // it did something
  })
})
