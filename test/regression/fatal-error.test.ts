import { expect, test } from 'vitest'
import { runProgram } from '../support/run-program.ts'

test('a driver that has mapped shared memory prints the error that ends it', async () => {
  const run = await runProgram('test/regression/fatal-error.mjs')
  expect(run.exitCode).toBe(1)
  expect(run.output).toContain('RangeError: the program is at fault')
})
