import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fixtures, ownNode, node24, openWorkshop, runProgram, type Workshop } from './programs.ts'

let workshop: Workshop
beforeAll(() => {
  workshop = openWorkshop()
})
afterAll(() => workshop.dispose())

describe('values that go to a worker on Node 24 and back', () => {
  test.each([
    ['its own Node', ownNode],
    ['Node 24', node24],
  ])('keep their class and their meaning for a driver on %s', async (_, node) => {
    const args = [join(fixtures, 'round-trip.mjs'), workshop.library, join(fixtures, 'serve.mjs'), node24]
    const findings = JSON.parse(await runProgram(node, args)) as Record<string, unknown> // written by round-trip.mjs
    expect(findings).toMatchObject({
      sameClass: true,
      sameDerivedClass: true,
      classItself: true,
      privateClass: [true, 'k'],
      privateAgain: [true, 'k'],
      error: [true, 12, 'no', true],
      acrossGraphs: true,
      argument: true,
      functionBack: [2, true],
      functionTwice: [3, true],
      unportableError: ['odd', true],
      stateStays: [0, [1, 2, 2], 0],
    })
    const again = JSON.parse(await runProgram(node, args)) as Record<string, unknown> // the same program once more
    expect(again['hash']).toBe(findings['hash'])
  })
})

test('2,000 captures keep none of the captured values alive', async () => {
  for (const node of [ownNode, node24]) {
    const found = JSON.parse(await runProgram(node, ['--expose-gc', join(fixtures, 'memory.mjs'), workshop.library])) as { alive: number } // written by memory.mjs
    expect(found.alive).toBeLessThanOrEqual(1) // the last one may still be in a register
  }
})

test("a package is found from the file that imports it, and shoal is the worker's own", async () => {
  const folder = join(workshop.folder, 'project')
  for (const [name, code] of [
    ['only-here', "export const where = 'only here'"],
    ['shoal', "export const version = 'of the driver'"],
  ] as const) {
    mkdirSync(join(folder, 'node_modules', name), { recursive: true })
    writeFileSync(join(folder, 'node_modules', name, 'package.json'), JSON.stringify({ name, type: 'module', exports: './index.js' }))
    writeFileSync(join(folder, 'node_modules', name, 'index.js'), code)
  }
  writeFileSync(join(folder, 'package.json'), '{}') // its own package, or the name shoal would mean this repository
  const code = [
    "import { where } from 'only-here'",
    "import { version } from 'shoal'",
    "import * as shoal from 'shoal'",
    'export const cases = { it: { fn: () => [where, version, shoal.version] } }',
  ]
  writeFileSync(join(folder, 'program.mjs'), code.join('\n'))
  writeFileSync(
    join(folder, 'worker.mjs'),
    `import { readFileSync } from 'node:fs'
     import { rebuildGraph } from ${JSON.stringify(workshop.library)}
     const [one] = JSON.parse(readFileSync(process.argv[2], 'utf8'))
     const bytes = new Uint8Array(Buffer.from(one.bytes, 'base64'))
     const own = { version: 'of the worker' }
     const hosts = { encode: () => undefined, decode: () => ({}) }
     const importModule = async (specifier) => (specifier === 'shoal' ? own : import(specifier))
     const waited = (await rebuildGraph(bytes, { hosts, importModule }))()
     const second = rebuildGraph(bytes, { hosts, importModule, resolveSync: (specifier) => (specifier === 'shoal' ? own : undefined) })
     process.stdout.write(JSON.stringify([one.modules, waited, typeof second === 'function' && second()]))`,
  )
  const shipped = join(folder, 'shipped.json')
  await runProgram(node24, [join(fixtures, 'ship.mjs'), workshop.library, join(folder, 'program.mjs'), shipped])
  expect(readFileSync(shipped, 'utf8')).not.toContain('of the driver')
  const found: unknown = JSON.parse(await runProgram(node24, [join(folder, 'worker.mjs'), shipped]))
  const values = ['only here', 'of the worker', 'of the worker']
  expect(found).toEqual([['only-here', 'shoal'], values, values])
})
