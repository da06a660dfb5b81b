import { envelope } from '../../../api/envelope.ts'
import type { HeadApp } from '../parts.ts'

export const profilingPaths = [
  '/worker/traceback',
  '/worker/cpu_profile',
  '/worker/gpu_profile',
  '/worker/jax_profile',
  '/task/traceback',
  '/task/cpu_profile',
  '/memory_profile',
] as const

/** Ray's profilers are py-spy, memray and dynolog, for Python processes. As on a head of Ray's where they are off. */
export function profilingRoutes(app: HeadApp): void {
  app.get('/api/profiling_enabled', (context) => context.json(envelope({ profilingEnabled: false })))
  for (const path of profilingPaths) {
    app.get(path, (context) =>
      context.text('profiling is off on this head: its workers are Node processes, which the profilers of this API cannot read', 403),
    )
  }
}
