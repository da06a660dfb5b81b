import { join } from 'node:path'
import { PackageStore } from './package-store.ts'
import type { ServiceParts } from '../services.ts'
import { JobService } from './job-service.ts'

/** Submitted jobs and the packages that they need. Nodes fetch packages from here. */
export function openJobs({ head, layout, clock, logger }: ServiceParts): { readonly jobs: JobService; readonly packages: PackageStore } {
  const { maxPackageBytes, maxPackagesBytes, packagePinMs } = head.state.config
  const packages = new PackageStore({
    folder: join(layout.headDir, 'packages'),
    ...{ clock, logger, maxPackageBytes },
    maxTotalBytes: maxPackagesBytes,
    pinMs: packagePinMs,
  })
  head.onAgentRequest = async (request) => {
    if (request.type === 'package.find') return packages.find(request.name) ?? null
    const bytes = await packages.read(request)
    return bytes === undefined ? null : { bytes }
  }
  return { jobs: new JobService({ head, packages }), packages }
}
