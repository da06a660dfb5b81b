import { cpus, loadavg, release, totalmem, type } from 'node:os'
import type { Report } from './report.ts'

type Versions = { readonly shoal: string; readonly ray: string | null; readonly python: string | null; readonly rounds: 'full' | 'quick' }

/** Describes the machine before the run. Called after it, the result completes the description: the load then, and what was found out. */
export function describeMachine(): (versions: Versions) => Report['machine'] {
  const loadBefore = loadavg()
  const date = new Date().toISOString()
  return (versions) => ({
    cpuModel: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryBytes: totalmem(),
    kernel: `${type()} ${release()}`,
    loadBefore,
    loadAfter: loadavg(),
    date,
    node: process.versions.node,
    ...versions,
  })
}
