import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The `python3` of the hosts of a bed, which see the file system of this machine. */
const python = '/usr/bin/python3'

/** Why no cluster of Ray can be made here, as what is missing; undefined when it can. They take minutes, so they run only where Ray is tested. */
export function whyNoRayWheels(): string | undefined {
  if (process.env['SHOAL_TEST_RAY'] === undefined) return 'Ray (SHOAL_TEST_RAY: a Python environment with ray)'
  const { status } = spawnSync(python, ['-m', 'pip', '--version'], { stdio: 'ignore' })
  return status === 0 ? undefined : `pip of ${python} (Debian: apt-get install python3-pip python3-venv)`
}

/** A folder with these versions of Ray and all that they need, and pip, fetched once. @throws Error when pip cannot fetch them */
export function findRayWheels(...versions: readonly string[]): string {
  const folder = join(tmpdir(), `shoal-test-wheels-${versions.join('-')}`)
  if (existsSync(folder)) return folder
  const fresh = `${folder}.${process.pid}`
  mkdirSync(fresh, { recursive: true })
  const fetched = [['pip'], ...versions.map((version) => [`ray[default]==${version}`])].map((names) => {
    const words = ['-m', 'pip', 'download', '--quiet', '--disable-pip-version-check', '--dest', fresh, ...names]
    return spawnSync(python, words, { stdio: ['ignore', 'ignore', 'inherit'] }).status
  })
  if (fetched.every((status) => status === 0) && !existsSync(folder)) renameSync(fresh, folder)
  rmSync(fresh, { recursive: true, force: true })
  if (existsSync(folder)) return folder
  throw new Error(`pip cannot fetch ray ${versions.join(' and ')}`)
}
