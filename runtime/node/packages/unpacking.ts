import { mkdir, symlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Transform } from 'node:stream'
import { type ArchiveEntry, type ArchiveLimits, type ArchiveRules, refused } from './archive-rules.ts'

export type Unpacking = {
  readonly archive: string
  /** Exists and is empty. What is in it after a failure is of no use. */
  readonly folder: string
  /** Of the archive. */
  readonly sizeBytes: number
  readonly signal: AbortSignal
  readonly limits?: ArchiveLimits | undefined
}

export type PlannedLink = { readonly path: string; readonly target: string }

/** Lets the bytes of one entry through, and holds it to the size that it claims. */
export function counted(rules: ArchiveRules, { name, sizeBytes }: Pick<ArchiveEntry, 'name' | 'sizeBytes'>): Transform {
  let bytes = 0
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.byteLength
      try {
        if (bytes > sizeBytes) throw refused(name, `holds more than the ${sizeBytes} bytes that it claims`)
        rules.wrote(name, chunk.byteLength, bytes)
        done(null, chunk)
      } catch (error) {
        done(error as Error) // nothing else is thrown here
      }
    },
    flush: (done) => done(bytes === sizeBytes ? null : refused(name, `holds ${bytes} bytes and claims ${sizeBytes}`)),
  })
}

/** Links come last: nothing is ever written through one. */
export async function makeLinks(folder: string, links: readonly PlannedLink[]): Promise<void> {
  for (const { path, target } of links) {
    await mkdir(dirname(join(folder, path)), { recursive: true, mode: 0o700 })
    await symlink(target, join(folder, path))
  }
}
