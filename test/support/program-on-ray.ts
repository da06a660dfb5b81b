import { expect, test } from 'vitest'
import { isRay29, rayEnv, whyNoRay } from './ray-python.ts'
import { runProgram } from './run-program.ts'

type Differences = Readonly<Record<string, string>>
type More = {
  /** Checks that do not hold on Ray 2.9 either, with the reasons. */
  readonly on29?: Differences
  /** What else is missing here to run it. */
  readonly needs?: string | undefined
  readonly limitMs?: number
}

/**
 * One test for each check of a program that runs on Ray instead of the bundled runtime. `always`: checks that do not hold there, each
 * with the reason; docs/ray-parity.md tells them to users. Call at the top level of a test file.
 */
export async function testProgramOnRay(
  path: string,
  always: Differences = {},
  { on29 = {}, needs, limitMs = 400_000 }: More = {},
): Promise<void> {
  const missing = whyNoRay() ?? needs
  if (missing !== undefined) {
    test.skipIf(true)(`${path} runs on Ray (needs ${missing})`, () => expect(missing).toBeUndefined())
    return
  }
  const differences = { ...always, ...(isRay29() ? on29 : {}) }
  const run = await runProgram(path, {
    env: { ...rayEnv(), SHOAL_TEST_LEAVE_OUT: JSON.stringify(Object.keys(differences)) },
    limitMs,
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
