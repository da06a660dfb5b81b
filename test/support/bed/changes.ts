import { lstatSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { HostFolders } from './host-files.ts'
import { bedUser } from './quirks.ts'

const listedAtMost = 200_000

/** Paths on a host of everything that its user owns; while it is off, of what outlives that. */
export function listOwned(folders: HostFolders, pid: number | undefined): string[] {
  const inside = (path: string) => ({ from: `/proc/${pid}/root${path}`, as: path })
  const places =
    pid === undefined
      ? [
          { from: folders.home, as: '/home' },
          { from: folders.varTmp, as: '/var/tmp' },
        ]
      : ['/home', '/var/tmp', '/tmp', '/dev/shm', '/dev/mqueue', '/run'].map(inside)
  const found: string[] = []
  for (const { from, as } of [{ from: folders.upper, as: '' }, ...places]) walk(from, as, found)
  return found.toSorted()
}

function walk(folder: string, as: string, found: string[]): void {
  for (const name of namesIn(folder)) {
    const path = join(folder, name)
    const stats = lstatSync(path, { throwIfNoEntry: false })
    if (!stats || found.length >= listedAtMost) continue
    // A crontab belongs to its user in name only.
    const isOwned = stats.uid === bedUser.uid || as.startsWith('/var/spool/cron/')
    if (isOwned) found.push(`${as}/${name}`)
    if (stats.isDirectory()) walk(path, `${as}/${name}`, found)
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return [] // gone, or never there
  }
}
