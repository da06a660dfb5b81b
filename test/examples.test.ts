import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { runProgram } from '#test/support/run-program.ts'

/** What each example must print: parts of its output, in order. */
const outputs: Readonly<Record<string, readonly string[]>> = {
  'first-steps.ts': [
    '5 + 10 = 15',
    'products [ 0, 2, 6, 12, 20 ]',
    'of a product 42',
    'counted 10',
    'sums [ 500000, 500000 ]',
    'caught true x is out of range',
  ],
  'map-reduce.ts': ['shoal 70000', 'reef 50000', '240000 words'],
}

test('every example has its output stated here', () => {
  const examples = readdirSync(fileURLToPath(new URL('../examples', import.meta.url))).filter((name) => name.endsWith('.ts'))
  expect(examples.sort()).toEqual(Object.keys(outputs).sort())
})

test.each(Object.entries(outputs))('examples/%s runs to its end and prints what it should', async (name, parts) => {
  const { output, exitCode } = await runProgram(`examples/${name}`)
  let from = 0
  for (const part of parts) {
    const at = output.indexOf(part, from)
    expect(at, `${part}\nis not in, or not in its place in:\n${output}`).toBeGreaterThanOrEqual(0)
    from = at + part.length
  }
  expect(exitCode).toBe(0)
})
