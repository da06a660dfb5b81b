import { createHash } from 'node:crypto'
import { closeSync, createWriteStream, openSync, readSync } from 'node:fs'
import { basename, sep } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { ZipFile } from 'yazl'
import { visitFolder } from './visit-folder.ts'

const hashBytes = 8
const readBytes = 1024 * 1024
/** One for all, so that the same content gives the same bytes. */
const fixedTime = new Date(Date.UTC(2000, 0, 1))

/**
 * The 16 hex digits that name the content of a folder: those of Ray, so that what one client has uploaded the other finds. The order of
 * files does not matter. `under` puts the folder's own name before each path, as a module has it in its package.
 */
export function hashFolder(folder: string, excludes: readonly string[], under = ''): string {
  const steps = hashSteps(folder, excludes, under)
  for (let step = steps.next(); ; step = steps.next()) if (step.done === true) return step.value
}

/** The same in steps of 1 MiB or a file, for who has other things to do between them: each gives the bytes that were read. */
export function* hashSteps(folder: string, excludes: readonly string[], under = ''): Generator<number, string> {
  const sum = Buffer.alloc(hashBytes, 0x30)
  for (const { path, relativePath, kind } of visitFolder(folder, excludes)) {
    const hash = createHash('sha1').update(under === '' ? relativePath : `${under}${sep}${relativePath}`)
    if (kind === 'file') {
      for (const chunk of readChunks(path)) {
        hash.update(chunk)
        yield chunk.byteLength
      }
    }
    const digest = hash.digest()
    for (let index = 0; index < hashBytes; index += 1) sum[index] = (sum[index] ?? 0) ^ (digest[index] ?? 0)
    yield 0
  }
  return sum.toString('hex')
}

/** The hex digits that name a file that is an archive already. */
export function hashFile(file: string): string {
  const hash = createHash('sha1')
  for (const chunk of readChunks(file)) hash.update(chunk)
  return hash.digest('hex')
}

export type PackOptions = {
  readonly excludes: readonly string[]
  /** Puts all below the folder's own name, as a module of Python has it. */
  readonly isModule: boolean
  readonly signal?: AbortSignal
  /** Of the archive, so far. */
  readonly onBytes?: (bytes: number) => void
}

/** Files between two looks at what else is to be done. */
const filesAtOnce = 200

/** Writes the archive: files as they are, not compressed, and folders that are empty. @throws AbortError when `signal` fires */
export async function packFolder(folder: string, target: string, { excludes, isModule, signal, onBytes }: PackOptions): Promise<void> {
  const zip = new ZipFile()
  const failed = new Promise<never>((_resolve, reject) => void zip.on('error', reject))
  failed.catch(() => {}) // files are read while more are added: it may fail before anybody waits for it
  const prefix = isModule ? `${basename(folder)}/` : ''
  let count = 0
  for (const { path, relativePath, kind, isEmpty, stats } of visitFolder(folder, excludes)) {
    const name = prefix + relativePath.split(sep).join('/')
    const mode = stats.mode & 0o777
    if (kind === 'file') zip.addFile(path, name, { compress: false, mtime: fixedTime, mode: 0o100000 | mode })
    else if (kind === 'folder' && isEmpty && relativePath !== '.') zip.addEmptyDirectory(name, { mtime: fixedTime, mode: 0o040000 | mode })
    count += 1
    if (count % filesAtOnce === 0) await nextTurn(undefined, signal ? { signal } : {})
  }
  zip.end()
  const file = createWriteStream(target, { mode: 0o600 })
  if (onBytes) file.on('drain', () => onBytes(file.bytesWritten))
  try {
    await Promise.race([pipeline(zip.outputStream, file, signal ? { signal } : {}), failed])
  } finally {
    file.destroy()
  }
}

function* readChunks(path: string): Generator<Uint8Array, void> {
  const file = openSync(path, 'r')
  try {
    const buffer = Buffer.alloc(readBytes)
    for (let bytes = readSync(file, buffer); bytes > 0; bytes = readSync(file, buffer)) yield buffer.subarray(0, bytes)
  } finally {
    closeSync(file)
  }
}
