import { expect, test } from 'vitest'
import { rayEnv, whyNoRay } from './ray-python.ts'
import { runProgram } from './run-program.ts'

/**
 * One test for each check of a program that runs on Ray instead of the bundled runtime. `differences`: checks that do not hold there, each
 * with the reason; docs/programs-on-ray.md tells them to users. Call at the top level of a test file.
 */
export async function testProgramOnRay(path: string, differences: Readonly<Record<string, string>> = {}): Promise<void> {
  const missing = whyNoRay()
  if (missing !== undefined) {
    test.skipIf(true)(`${path} runs on Ray (needs ${missing})`, () => expect(missing).toBeUndefined())
    return
  }
  const run = await runProgram(path, {
    env: { ...rayEnv(), SHOAL_TEST_LEAVE_OUT: JSON.stringify(Object.keys(differences)) },
    limitMs: 400_000,
  })
  const checks = run.lines.filter((line) => line.name !== undefined)
  for (const { name = '', ok, error, leftOut = false } of checks) {
    test.skipIf(leftOut)(leftOut ? `${name} (differs: ${differences[name]})` : name, () => expect(ok, error).toBe(true))
  }
  test(`${path} runs to its end on Ray`, () => {
    const ended = { finished: run.lines.at(-1)?.finished ?? false, exitCode: run.exitCode }
    expect(ended, run.output.slice(-4_000)).toEqual({ finished: true, exitCode: 0 })
    const unknown = Object.keys(differences).filter((name) => !checks.some((check) => check.name === name))
    expect(unknown).toEqual([])
  })
}
