import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fixtures, node24, openWorkshop, runProgram, ways, type Workshop } from './programs.ts'

let workshop: Workshop
beforeAll(() => {
  workshop = openWorkshop()
})
afterAll(() => workshop.dispose())

/** Stack traces of a rebuilt function name the user's file and line, however it was compiled. */
const stackWays = [
  'TypeScript that Node 24 strips',
  "tsx with ES modules on the driver's Node",
  "tsx with CommonJS on the driver's Node",
  "plain .cjs on the driver's Node",
  'a minified esbuild bundle on Node 24',
]

describe('every case gives the same result in a worker on Node 24', () => {
  test.each(Object.entries(ways).map(([name, way], index) => ({ name, way, index })))('shipped from $name', async ({ way, index }) => {
    const folder = join(workshop.folder, String(index))
    mkdirSync(folder)
    const shipped = join(folder, 'shipped.json')
    const outcome = join(folder, 'outcome.json')
    await runProgram(way.node, [...way.flags, join(fixtures, 'run.mjs'), workshop.library, way.prepare(folder, 'cases'), shipped])
    await runProgram(node24, [join(fixtures, 'worker.mjs'), workshop.library, shipped, outcome])
    const { passed, failures } = JSON.parse(readFileSync(outcome, 'utf8')) as { passed: number; failures: string[] } // written by worker.mjs
    expect(failures).toEqual([])
    expect(passed).toBeGreaterThanOrEqual(70)
  })
})

const lineOf = (text: string): number =>
  readFileSync(join(fixtures, 'stacks.ts'), 'utf8')
    .split('\n')
    .findIndex((line) => line.includes(text)) + 1

describe("a stack trace in the worker names the line of the user's file", () => {
  test.each(stackWays)('shipped from %s', async (name) => {
    const way = ways[name]
    if (!way) throw new Error(`no way ${name}`)
    const folder = join(workshop.folder, `stack-${stackWays.indexOf(name)}`)
    mkdirSync(folder)
    const shipped = join(folder, 'shipped.json')
    await runProgram(way.node, [...way.flags, join(fixtures, 'ship.mjs'), workshop.library, way.prepare(folder, 'stacks'), shipped])
    const stack = await runProgram(node24, [join(fixtures, 'stack.mjs'), workshop.library, shipped])
    const frames = stack.split('\n').filter((line) => line.includes('stacks.ts'))
    expect(frames[0]).toContain(`stacks.ts:${lineOf('throw new Error')}:`)
    expect(frames[0]).toMatch(/^ *at inner /)
    expect(frames[1]).toContain(`stacks.ts:${lineOf('return inner(')}:`)
  })
})
