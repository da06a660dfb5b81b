import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { findRays } from './ray.ts'

/** A Python that has `ray`, of the environment that SHOAL_TEST_RAY names; undefined when it names none. */
const folder = process.env['SHOAL_TEST_RAY']
const python = folder === undefined ? undefined : join(folder, 'bin', 'python')

/** Why nothing can be tried on Ray here, as what is missing; undefined when it can. */
export const whyNoRay = (): string | undefined => {
  if (python === undefined) return 'Ray (SHOAL_TEST_RAY: the folder of a Python environment with ray)'
  return existsSync(python) ? undefined : `${python}, though SHOAL_TEST_RAY names its environment`
}

/** Ray 2.9, the oldest that programs run on, does less than later ones. Call where `whyNoRay` finds nothing missing. */
export const isRay29 = (): boolean => findRays()[0]?.version.startsWith('2.9.') ?? false

/** What makes a program of this repository run on Ray. Call where `whyNoRay` finds nothing missing. */
export const rayEnv = (): Record<string, string> => ({ SHOAL_ENGINE: 'ray', SHOAL_TEST_ENGINE: 'ray', SHOAL_RAY_PYTHON: python ?? '' })
