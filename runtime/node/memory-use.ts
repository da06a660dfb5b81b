import { posix } from 'node:path'
import { readText } from './read-text.ts'

export type MemoryUse = { readonly usedBytes: number; readonly totalBytes: number }

type Group = { readonly folder: string; readonly files: (typeof filesOf)[keyof typeof filesOf] }

const filesOf = {
  v1: { limit: 'memory.limit_in_bytes', used: 'memory.usage_in_bytes', cached: /^total_inactive_file (\d+)/m },
  v2: { limit: 'memory.max', used: 'memory.current', cached: /^inactive_file (\d+)/m },
} as const

/**
 * The control groups whose limits hold for a process with this `/proc/self/cgroup`: its own and those around it. In a container the path may
 * be that of the machine outside: then only the root, which is the container's own, is there to be read.
 */
export function memoryGroups(procCgroup: string): Group[] {
  return procCgroup.split('\n').flatMap((line) => {
    const [, controllers, path = ''] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? []
    if (controllers === undefined) return []
    const isV2 = controllers === ''
    if (!isV2 && !controllers.split(',').includes('memory')) return []
    const files = isV2 ? filesOf.v2 : filesOf.v1
    const root = isV2 ? '/sys/fs/cgroup' : '/sys/fs/cgroup/memory'
    return foldersUp(path).map((folder) => ({ folder: posix.join(root, folder), files }))
  })
}

/** `/a/b` is in `/a/b`, `/a` and `/`. */
function foldersUp(path: string): string[] {
  const folders: string[] = []
  for (let folder = posix.normalize(path); ; folder = posix.dirname(folder)) {
    if (!folder.includes('..')) folders.push(folder)
    if (folder === '/' || folder === '.') return folders
  }
}

export function parseMemoryLimit(text: string): number | undefined {
  const bytes = Number(text.trim() || Number.NaN)
  return Number.isFinite(bytes) && bytes > 0 && bytes < 2 ** 60 ? bytes : undefined // version 1 says "no limit" with a huge number
}

/** The tightest limit on the memory of this process; undefined when there is none. */
export function readMemoryLimit(): number | undefined {
  const limits = ownGroups().flatMap((group) => limitOf(group) ?? [])
  return limits.length === 0 ? undefined : Math.min(...limits)
}

/** Memory of the node, or of the container that is closest to its limit, as used by processes: caches that can go do not count. */
export function readMemoryUse(): MemoryUse {
  const info = readText('/proc/meminfo')
  const field = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(info)?.[1] ?? 0) * 1_024
  const node: MemoryUse = { usedBytes: field('MemTotal') - field('MemAvailable'), totalBytes: field('MemTotal') }
  let tightest: MemoryUse | undefined
  for (const group of ownGroups()) {
    const totalBytes = limitOf(group)
    if (totalBytes === undefined || totalBytes >= node.totalBytes) continue
    const usedBytes = usedOf(group)
    if (!tightest || usedBytes / totalBytes > tightest.usedBytes / tightest.totalBytes) tightest = { usedBytes, totalBytes }
  }
  return tightest ?? node
}

const ownGroups = (): Group[] => memoryGroups(readText('/proc/self/cgroup'))
const limitOf = ({ folder, files }: Group): number | undefined => parseMemoryLimit(readText(`${folder}/${files.limit}`))

function usedOf({ folder, files }: Group): number {
  const current = Number(readText(`${folder}/${files.used}`).trim() || 0)
  const cached = Number(files.cached.exec(readText(`${folder}/memory.stat`))?.[1] ?? 0)
  return Math.max(0, current - cached)
}
