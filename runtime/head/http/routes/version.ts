import { jobsApiVersion, type VersionInfo } from '../../../api/version.ts'
import type { HeadApp, HttpParts } from '../parts.ts'

export function versionRoutes(app: HeadApp, { rayVersion, sessionName, version }: HttpParts): void {
  const info: VersionInfo = { version: jobsApiVersion, ray_version: rayVersion, ray_commit: `shoal-${version}`, session_name: sessionName }
  app.get('/api/version', (context) => context.json(info))
  app.get('/api/ray/version', (context) => context.json(info))
}
