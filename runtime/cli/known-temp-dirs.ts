import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { defaultTempDir } from '../session/layout.ts'
import { writeFileAtomic } from '../session/process-record.ts'

/** One small file for each temp dir that was used, so that two commands at once cannot lose each other's. */
const folder = (): string => join(defaultTempDir(), 'known')
const fileOf = (tempDir: string): string => join(folder(), createHash('sha256').update(tempDir).digest('hex').slice(0, 16))
const knownAtMost = 1_000

/** Where nodes of this user were started on this machine and not yet stopped, the default temp dir always included. */
export function listKnownTempDirs(): string[] {
  const known = new Set([defaultTempDir()])
  for (const name of listNames().slice(0, knownAtMost)) {
    try {
      known.add(readFileSync(join(folder(), name), 'utf8').trim())
    } catch {
      // stopped meanwhile
    }
  }
  return [...known]
}

export function rememberTempDir(tempDir: string): void {
  if (tempDir === defaultTempDir()) return
  mkdirSync(folder(), { recursive: true, mode: 0o700 })
  writeFileAtomic(fileOf(tempDir), `${tempDir}\n`)
}

export function forgetTempDir(tempDir: string): void {
  rmSync(fileOf(tempDir), { force: true })
}

function listNames(): string[] {
  try {
    return readdirSync(folder()).filter((name) => /^[0-9a-f]{16}$/.test(name))
  } catch {
    return [] // nothing was started in a folder of its own
  }
}
