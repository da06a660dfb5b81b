import { lstatSync, type Stats } from 'node:fs'
import { resolve } from 'node:path'
import { defaultTempDir } from '../session/layout.ts'
import { type FlagValues, UsageError } from './command.ts'
import { fileProblem } from './file-problem.ts'

/** The folder meant by `--temp-dir`, else by SHOAL_TEMP_DIR, else the default one. Absolute. @throws UsageError for an empty name, which would be this folder */
export function tempDirOf(values: FlagValues): string {
  const given = values.find('temp-dir')
  if (given === '') throw new UsageError('--temp-dir must name a folder, got ""')
  return resolve(given ?? (process.env['SHOAL_TEMP_DIR'] || defaultTempDir()))
}

export const isDefaultTempDir = (tempDir: string): boolean => tempDir === defaultTempDir()

/** ` --temp-dir DIR` as the commands need it to mean this folder; nothing for the default one. */
export const tempDirFlag = (tempDir: string): string => (isDefaultTempDir(tempDir) ? '' : ` --temp-dir ${tempDir}`)

/**
 * Keys and sockets will lie in there, and the default one has a name that anybody can guess.
 * @throws UsageError when somebody else made the folder, or may write to it.
 */
export function refuseForeignFolder(tempDir: string): void {
  const stats = statsOf(tempDir)
  if (!stats) return
  const isOurs = stats.isDirectory() && stats.uid === process.getuid?.()
  if (!isOurs) throw new UsageError(`${tempDir} is not a folder of this user; give another --temp-dir`)
  if ((stats.mode & 0o022) !== 0) throw new UsageError(`others may write to ${tempDir}; run chmod 700 on it, or give another --temp-dir`)
}

function statsOf(tempDir: string): Stats | undefined {
  try {
    return lstatSync(tempDir, { throwIfNoEntry: false })
  } catch (error) {
    throw new UsageError(`--temp-dir ${tempDir} cannot be used: ${fileProblem(error)}`)
  }
}
