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

/** A folder with Ray and all that it needs, and pip, fetched once. @throws Error when pip cannot fetch it */
export function findRayWheels(version: string): string {
  const folder = join(tmpdir(), `shoal-test-wheels-${version}`)
  if (existsSync(folder)) return folder
  const fresh = `${folder}.${process.pid}`
  mkdirSync(fresh, { recursive: true })
  const words = ['-m', 'pip', 'download', '--quiet', '--disable-pip-version-check', '--dest', fresh, `ray[default]==${version}`, 'pip']
  const { status } = spawnSync(python, words, { stdio: ['ignore', 'ignore', 'inherit'] })
  if (status === 0 && !existsSync(folder)) renameSync(fresh, folder)
  rmSync(fresh, { recursive: true, force: true })
  if (existsSync(folder)) return folder
  throw new Error(`pip cannot fetch ray ${version}`)
}
