import * as z from 'zod'
import { FilePath } from './machines.ts'

/** What a cluster of Ray is made with when nobody says otherwise. */
export const usualRayVersion = '2.58.0'

/** `2.58.0`; also what stands before or after a release, such as `2.59.0rc1`. */
export const RayVersionText = z
  .string()
  .max(32)
  .regex(/^\d+\.\d+\.\d+(?:\.?(?:a|b|rc|post|dev)\d+)?$/, 'must be a version of Ray, such as 2.58.0')

/** As pip takes it, with no option and no file: `torch`, `pandas>=2,<3`, `ray[serve]==2.58.0`. */
const Requirement = z
  .string()
  .max(256)
  .regex(/^[A-Za-z0-9][\w.-]*(?:\[[\w.,-]+\])?(?:\s*(?:===|[=<>!~]=|<|>)\s*[\w.*+!-]+(?:\s*,\s*(?:[=<>!~]=|<|>)\s*[\w.*+!-]+)*)?$/, {
    error: 'must be a package with or without its version, such as torch or pandas==2.3.1',
  })

/** How Ray gets onto the machines of a cluster. */
export const RaySetup = z.strictObject({
  version: RayVersionText.default(usualRayVersion),
  /** The Python that environments are made with: a command or an absolute path of the machines; where uv is, a version such as `3.12` too. */
  python: z
    .string()
    .max(256)
    .regex(/^(?:\/[^\p{Cc}]+|[A-Za-z0-9][\w.-]*)$/u, 'must be a command such as python3.11, or an absolute path')
    .default('python3'),
  /** Folder of this computer whose wheels are sent and used alone, for machines without internet; null: from the package index. */
  wheels: FilePath.nullable().default(null),
  /** Put into the environment beside Ray. */
  packages: z.array(Requirement).max(64).default([]),
})
export type RaySetup = z.infer<typeof RaySetup>

/** Token authentication is there from this one on; an older one would let in everybody who reaches its port. */
export const oldestGuarded = [2, 52] as const

export function hasTokens({ version }: Pick<RaySetup, 'version'>): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major > oldestGuarded[0] || (major === oldestGuarded[0] && minor >= oldestGuarded[1])
}
