import { dirname } from 'node:path'
import { installRay, rayVersions } from '#test/bench/ray-environment.ts'

/** Before the suites on Ray: an environment with it, of the version that SHOAL_TEST_RAY_AGE names. Where pip cannot, they are skipped, and this says so. */
export function setup(): void {
  if (process.env['SHOAL_TEST_RAY'] !== undefined) return
  const age = process.env['SHOAL_TEST_RAY_AGE'] === 'oldest' ? 'oldest' : 'newest'
  try {
    const { program, ray } = installRay((line) => console.log(line), age)
    process.env['SHOAL_TEST_RAY'] = dirname(dirname(program))
    console.log(`The suites on Ray run on ${ray}.`)
  } catch (error) {
    console.error(`The suites on Ray ${rayVersions[age]} are skipped: ${error instanceof Error ? error.message : String(error)}`)
  }
}
