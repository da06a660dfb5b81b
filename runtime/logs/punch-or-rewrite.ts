import { closeSync, openSync, readSync, renameSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { LogFolder } from './log-folder.ts'
import { punchHole } from '../store/punch-hole.ts'

/**
 * A way to drop the beginning of a copy. Nobody but this process writes to it, so where the file system cannot punch a hole, a new file
 * with a hole of its own takes its place.
 */
export function punchOrRewrite(folder: LogFolder, file: string): typeof punchHole {
  return async (fd, offset, lengthBytes) => {
    if (await punchHole(fd, offset, lengthBytes)) return true
    rewrite(folder, file, lengthBytes)
    return true
  }
}

/** In one go: nothing is written between. */
function rewrite(folder: LogFolder, file: string, firstOffset: number): void {
  const path = join(folder.path, file)
  const { size } = statSync(path)
  const bytes = Buffer.allocUnsafe(Math.max(0, size - firstOffset))
  const source = openSync(path, 'r')
  readSync(source, bytes, 0, bytes.byteLength, firstOffset)
  closeSync(source)
  const fresh = openSync(`${path}.part`, 'w', 0o600)
  writeSync(fresh, bytes, 0, bytes.byteLength, firstOffset)
  closeSync(fresh)
  renameSync(`${path}.part`, path)
  folder.kept.raise(statSync(path), firstOffset)
}
