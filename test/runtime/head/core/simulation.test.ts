import { expect, test } from 'vitest'
import { HeadSimulation } from './simulation.ts'

const seeds = Number(process.env['SHOAL_SEEDS'] ?? 200)
const firstSeed = Number(process.env['SHOAL_FIRST_SEED'] ?? 1)

test(`head and agents agree after faults of every kind, for ${seeds} seeds`, { timeout: 60_000 + seeds * 1_000 }, () => {
  let restarts = 0
  let deaths = 0
  for (let seed = firstSeed; seed < firstSeed + seeds; seed += 1) {
    const simulation = new HeadSimulation(seed)
    try {
      simulation.run(400)
      simulation.settle()
    } catch (cause) {
      throw new Error(`seed ${seed}`, { cause })
    }
    expect({ seed, disagreements: simulation.disagreements() }).toEqual({ seed, disagreements: [] })
    restarts += simulation.restarts
    deaths += simulation.deaths
  }
  expect(restarts, 'heads that died').toBeGreaterThan(seeds)
  expect(deaths, 'nodes that died').toBeGreaterThan(seeds)
})
