import { existsSync, renameSync, rmSync } from 'node:fs'

/**
 * Puts a folder that is whole in the place of another, which may be missing: whoever looks sees the old one or the new one.
 * @param {string} fresh beside the other
 * @param {string} folder
 */
export function swapFolder(fresh, folder) {
  const old = `${fresh}.old`
  if (existsSync(folder)) renameSync(folder, old)
  renameSync(fresh, folder)
  rmSync(old, { recursive: true, force: true })
}
