import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fixtures, node24, openWorkshop, runProgram, ways, type Workshop } from './programs.ts'

let workshop: Workshop
beforeAll(() => {
  workshop = openWorkshop()
})
afterAll(() => workshop.dispose())

describe('every case gives the same result in a worker on Node 24', () => {
  test.each(Object.entries(ways).map(([name, way], index) => ({ name, way, index })))('shipped from $name', async ({ way, index }) => {
    const folder = join(workshop.folder, String(index))
    mkdirSync(folder)
    const shipped = join(folder, 'shipped.json')
    const outcome = join(folder, 'outcome.json')
    await runProgram(way.node, [...way.flags, join(fixtures, 'run.mjs'), workshop.library, way.prepare(folder), shipped])
    await runProgram(node24, [join(fixtures, 'worker.mjs'), workshop.library, shipped, outcome])
    const { passed, failures } = JSON.parse(readFileSync(outcome, 'utf8')) as { passed: number; failures: string[] } // written by worker.mjs
    expect(failures).toEqual([])
    expect(passed).toBeGreaterThanOrEqual(70)
  })
})
