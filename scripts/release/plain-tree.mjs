import { chmodSync, lstatSync, readdirSync, utimesSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Gives everything below a folder the same time, and one of two modes: 755 for folders and programs, 644 for the rest.
 * @param {string} folder
 * @param {number} epochSeconds
 */
export function makePlain(folder, epochSeconds) {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name)
    const found = lstatSync(path)
    if (found.isSymbolicLink()) continue // its own time is not ours to set, and dpkg-deb clamps it
    if (found.isDirectory()) makePlain(path, epochSeconds)
    else settle(path, { mode: (found.mode & 0o100) === 0 ? 0o644 : 0o755, epochSeconds })
  }
  settle(folder, { mode: 0o755, epochSeconds })
}

function settle(path, { mode, epochSeconds }) {
  chmodSync(path, mode)
  utimesSync(path, epochSeconds, epochSeconds)
}
