import * as z from 'zod'

/** Version of the Jobs API: "4" since jobs can be deleted (Ray: dashboard/modules/version.py). */
export const jobsApiVersion = '4'

/** The Ray whose HTTP API we serve. */
export const servedRayVersion = '2.58.0'

/** What we report as `ray_version`: it must parse as a PEP 440 version that is not older than what clients ask for. */
export const rayVersionOf = (ourVersion: string): string => `${servedRayVersion}+shoal.${ourVersion.replace(/[^0-9a-zA-Z.]/g, '.')}`

/** GET /api/version */
export const VersionInfo = z.object({
  version: z.string(),
  ray_version: z.string(),
  ray_commit: z.string(),
  /** Empty for Ray 2.9, which does not name it. */
  session_name: z.string().default(''),
})
export type VersionInfo = z.infer<typeof VersionInfo>

/** Whether a head is ours rather than Ray's. */
export const isShoalVersion = (info: VersionInfo): boolean => info.ray_version.includes('+shoal.')
