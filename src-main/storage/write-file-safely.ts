import { open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { ClusterError } from '../../runtime/base/errors.ts'

/**
 * Writes a file 0600 so that a reader, and whoever comes after a crash, sees all of it or the one before. One writer a file at a time.
 * `isDurable`: it is on the disk when this returns; else it may be the one before after a power cut.
 * @throws ClusterError `store.disk-full` when there is no room; the old file stays
 */
export async function writeFileSafely(path: string, content: string | Uint8Array, isDurable = true): Promise<void> {
  const temporary = `${path}.tmp`
  try {
    const handle = await open(temporary, 'w', 0o600)
    try {
      await handle.chmod(0o600) // one that a crash left keeps the mode it had
      await handle.writeFile(content)
      if (isDurable) await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(temporary, path)
    if (isDurable) await syncFolder(dirname(path))
  } catch (error) {
    await rm(temporary, { force: true })
    if (isNoRoom(error)) {
      throw new ClusterError(
        'store.disk-full',
        `${path} could not be written: the disk is full. Make room and try again; the file is as it was.`,
        {
          cause: error,
        },
      )
    }
    throw error
  }
}

async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return // a folder cannot be opened there
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

const isNoRoom = (error: unknown): boolean => hasCode(error, 'ENOSPC') || hasCode(error, 'EDQUOT')

export const hasCode = (error: unknown, code: string): boolean => error instanceof Error && 'code' in error && error.code === code
