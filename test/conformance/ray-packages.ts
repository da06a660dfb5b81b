import { installRay } from '#test/bench/ray-environment.ts'

/** A Python with Ray in it, installed when it is missing. Undefined, and said aloud, where pip cannot. */
export function findOrInstallRay(): string | undefined {
  try {
    return installRay((line) => console.log(line)).program
  } catch (error) {
    console.error(`The suites with Ray's own clients are skipped: ${error instanceof Error ? error.message : String(error)}`)
    return undefined
  }
}
