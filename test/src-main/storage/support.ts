import { mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { type DataFolder, openDataFolder } from '#src-main/storage/data-folder.ts'

/** A folder of this test alone, gone after it. */
export async function temporaryFolder(): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'shoal-storage-')))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

export async function temporaryDataFolder(): Promise<DataFolder> {
  const folder = await openDataFolder(join(await temporaryFolder(), 'data'))
  onTestFinished(() => folder.close())
  return folder
}

/** What a call was refused with. */
export async function refusalOf(
  work: Promise<unknown> | (() => unknown),
): Promise<{ code: string; message: string; details: Record<string, unknown> }> {
  try {
    await (typeof work === 'function' ? work() : work)
  } catch (error) {
    if (error instanceof Error && 'code' in error && 'details' in error) {
      return { code: String(error.code), message: error.message, details: Object(error.details) }
    }
    throw error
  }
  throw new Error('it was not refused')
}
