import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** A control group of its own for some processes, with a limit on what they may use together. */
export type MemoryGroup = {
  /** A process that writes its id here is in the group from then on, with all that it starts. */
  readonly processesFile: string
  /** When all its processes have ended. */
  remove(): void
}

const versions = [
  { root: '/sys/fs/cgroup/memory', limit: 'memory.limit_in_bytes' },
  { root: '/sys/fs/cgroup', limit: 'memory.max' },
] as const

/** Undefined where this user may not make one. */
export function makeMemoryGroup(limitBytes: number): MemoryGroup | undefined {
  for (const { root, limit } of versions) {
    if (!existsSync(join(root, limit)) && !existsSync(join(root, 'cgroup.controllers'))) continue
    const folder = join(root, `shoal-test-${process.pid}`)
    try {
      mkdirSync(folder)
      if (existsSync(join(root, 'cgroup.subtree_control'))) writeFileSync(join(root, 'cgroup.subtree_control'), '+memory')
      writeFileSync(join(folder, limit), String(limitBytes))
      return { processesFile: join(folder, 'cgroup.procs'), remove: () => rmdirSync(folder) }
    } catch {
      if (existsSync(folder)) rmdirSync(folder) // it was made, and could not be limited
    }
  }
  return undefined
}
