import { statfs } from 'node:fs/promises'
import type { DiskSpace } from '../../protocol/metrics.ts'
import type { Mount } from './parse-proc.ts'

/** File systems on disks of this machine, or that containers put in their place. Those of a network may hang: only where we have files. */
const localTypes: ReadonlySet<string> = new Set([
  'ext2',
  'ext3',
  'ext4',
  'xfs',
  'btrfs',
  'zfs',
  'f2fs',
  'overlay',
  'apfs',
  'reiserfs',
  'jfs',
  'bcachefs',
])
const mostDisks = 64
const everyMs = 10_000

/** The room on the disks of this machine. Asked for at a slow pace and never waited for: a file system may hang. */
export class DiskSpaceSampler {
  readonly #folders: readonly string[]
  #disks: readonly DiskSpace[] = []
  #asking: Promise<void> | undefined
  #askAtMs = 0

  /** @param folders where our files are. */
  constructor(folders: readonly string[]) {
    this.#folders = folders
  }

  /** What is known now; asks anew when that is old. */
  read(mounts: () => readonly Mount[], nowMs: number): readonly DiskSpace[] {
    if (this.#asking === undefined && nowMs >= this.#askAtMs) {
      this.#askAtMs = nowMs + everyMs
      this.#asking = this.#ask(mounts()).finally(() => {
        this.#asking = undefined
      })
    }
    return this.#disks
  }

  /** Resolves when no question is under way. */
  async settled(): Promise<void> {
    await this.#asking
  }

  async #ask(mounts: readonly Mount[]): Promise<void> {
    const wanted = disksOf(mounts, this.#folders).slice(0, mostDisks)
    const disks = await Promise.all(wanted.map(async (disk) => ({ ...disk, space: await spaceOf(disk.mount) })))
    this.#disks = disks.flatMap(({ mount, isOurs, space }) => (space === undefined ? [] : [{ mount, isOurs, ...space }]))
  }
}

/** Disks worth showing, ours first. Of several mounts of one device the shortest path counts: the others are parts of it, or the same again. */
export function disksOf(mounts: readonly Mount[], folders: readonly string[]): { mount: string; isOurs: boolean }[] {
  const ours = new Set(folders.map((folder) => mountOf(mounts, folder)))
  const others = new Map<string, string>()
  for (const { mount, device, type } of mounts) {
    if (!localTypes.has(type)) continue
    const known = others.get(device)
    if (known === undefined || mount.length < known.length) others.set(device, mount)
  }
  const deviceOf = new Map(mounts.map(({ mount, device }) => [mount, device]))
  const shown = [...ours].map((mount) => ({ mount, isOurs: true }))
  const shownDevices = new Set([...ours].map((mount) => deviceOf.get(mount)))
  for (const [device, mount] of others) if (!ours.has(mount) && !shownDevices.has(device)) shown.push({ mount, isOurs: false })
  return shown
}

/** The mount that a folder is on: the longest path above it. Later mounts hide earlier ones. */
export function mountOf(mounts: readonly Mount[], folder: string): string {
  let found = '/'
  for (const { mount } of mounts) {
    const isAbove = mount === '/' || folder === mount || folder.startsWith(`${mount}/`)
    if (isAbove && mount.length >= found.length) found = mount
  }
  return found
}

/** Undefined where nothing can be asked. */
export async function spaceOf(path: string): Promise<{ totalBytes: number; usedBytes: number; freeBytes: number } | undefined> {
  try {
    const { bsize, blocks, bfree, bavail } = await statfs(path)
    return { totalBytes: blocks * bsize, usedBytes: (blocks - bfree) * bsize, freeBytes: bavail * bsize }
  } catch {
    return undefined // gone, or not for us
  }
}
