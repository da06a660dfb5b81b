import { mkdir, open, rm, statfs, unlink, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { ClusterError } from '../base/errors.ts'
import type { Logger } from '../base/logger.ts'
import type { SpillRef } from './core/objects.ts'

/** Bytes are read and written in pieces of this size, so that neither the event loop nor a thread is held for long. */
const pieceBytes = 2 ** 20

/** Where spilled bytes come from and restored ones go. Ranges stay valid until the returned promise settles. */
export type SpillSource = { readonly objectId: string; readonly sizeBytes: number; read(offset: number, lengthBytes: number): Uint8Array }
export type SpillTarget = { write(offset: number, bytes: Uint8Array): void }

export type SpillStats = { readonly files: number; readonly bytes: number }

/**
 * Objects on disk, several in one file. A file goes when the last of its objects was dropped. It keeps no index: the store that wrote
 * the files holds it, and nobody reads them after that store.
 */
export class SpillFiles {
  readonly #directory: string
  readonly #logger: Logger
  readonly #fullAbove: number
  readonly #files = new Map<number, { path: string; live: number; bytes: number }>()
  #nextFileId = 1

  /** `fullAbove` is the share of the disk in use above which nothing more is written. */
  constructor(options: { directory: string; logger: Logger; fullAbove?: number }) {
    this.#directory = options.directory
    this.#logger = options.logger
    this.#fullAbove = options.fullAbove ?? 0.95
  }

  /**
   * Writes `sources` into one new file and returns where each one lies, in order. On failure nothing of it stays on disk.
   * @throws ClusterError `store.disk-full` when the disk is full, or would be.
   */
  async write(sources: readonly SpillSource[]): Promise<SpillRef[]> {
    const bytes = sources.reduce((sum, source) => sum + source.sizeBytes, 0)
    await mkdir(this.#directory, { recursive: true, mode: 0o700 })
    await this.#refuseWhenFull(bytes)
    const fileId = this.#nextFileId
    this.#nextFileId += 1
    const path = join(this.#directory, `spill-${fileId}`)
    const file = await open(path, 'wx', 0o600)
    try {
      const refs = await writeAll(file, fileId, sources)
      await file.close()
      this.#files.set(fileId, { path, live: refs.length, bytes })
      return refs
    } catch (error) {
      await file.close().catch(() => {}) // closed already, or the disk's failure is the one to tell
      await unlink(path).catch(() => {})
      throw isNoSpace(error) ? diskFull(this.#directory, bytes, error) : error
    }
  }

  /**
   * Reads one object back.
   * @throws ClusterError `store.corrupt` when the disk gives back other bytes than were written, or none.
   */
  async restore(ref: SpillRef, target: SpillTarget): Promise<void> {
    const path = this.pathOf(ref)
    const file = await open(path, 'r').catch((error: unknown) => {
      throw corrupt(path, `cannot be opened: ${String(error)}`, error)
    })
    try {
      const piece = new Uint8Array(Math.min(pieceBytes, ref.sizeBytes))
      let checksum = 0
      for (let done = 0; done < ref.sizeBytes; ) {
        const { bytesRead } = await file.read(piece, 0, Math.min(piece.byteLength, ref.sizeBytes - done), ref.offset + done)
        if (bytesRead === 0) throw corrupt(path, `ends at ${ref.offset + done}, inside an object`)
        const bytes = piece.subarray(0, bytesRead)
        checksum = crc32(bytes, checksum)
        target.write(done, bytes)
        done += bytesRead
      }
      if (checksum !== ref.checksum) throw corrupt(path, `holds other bytes than were written at ${ref.offset}+${ref.sizeBytes}`)
    } finally {
      await file.close()
    }
  }

  pathOf(ref: SpillRef): string {
    return this.#files.get(ref.fileId)?.path ?? join(this.#directory, `spill-${ref.fileId}`)
  }

  /** Forgets one object of a file. Never fails: a file that cannot be removed goes with the directory. */
  async drop(ref: SpillRef): Promise<void> {
    const file = this.#files.get(ref.fileId)
    if (!file) return
    file.live -= 1
    if (file.live > 0) return
    this.#files.delete(ref.fileId)
    await unlink(file.path).catch((error: unknown) => this.#logger.warn('spill.not-removed', { path: file.path, error: String(error) }))
  }

  stats(): SpillStats {
    let bytes = 0
    for (const file of this.#files.values()) bytes += file.bytes
    return { files: this.#files.size, bytes }
  }

  /** Removes everything. */
  async close(): Promise<void> {
    this.#files.clear()
    await rm(this.#directory, { recursive: true, force: true })
  }

  async #refuseWhenFull(bytes: number): Promise<void> {
    const { blocks, bavail, bsize } = await statfs(this.#directory)
    const used = blocks * bsize - bavail * bsize
    if (used + bytes > this.#fullAbove * blocks * bsize) throw diskFull(this.#directory, bytes)
  }
}

async function writeAll(file: FileHandle, fileId: number, sources: readonly SpillSource[]): Promise<SpillRef[]> {
  const refs: SpillRef[] = []
  let offset = 0
  for (const source of sources) {
    let checksum = 0
    for (let done = 0; done < source.sizeBytes; ) {
      const bytes = source.read(done, Math.min(pieceBytes, source.sizeBytes - done))
      checksum = crc32(bytes, checksum)
      for (let written = 0; written < bytes.byteLength; ) {
        written += (await file.write(bytes, written, bytes.byteLength - written, offset + done + written)).bytesWritten
      }
      done += bytes.byteLength
    }
    refs.push({ fileId, offset, sizeBytes: source.sizeBytes, checksum })
    offset += source.sizeBytes
  }
  return refs
}

function diskFull(directory: string, bytes: number, cause?: unknown): ClusterError {
  const message = `the disk of ${directory} has no room to spill ${(bytes / 1e6).toFixed(1)} MB of objects. Free space there or drop references; what is in the store stays readable.`
  return new ClusterError('store.disk-full', message, { details: { directory, bytes }, cause })
}

function corrupt(path: string, what: string, cause?: unknown): ClusterError {
  return new ClusterError('store.corrupt', `spill file ${path} ${what}. The object is lost here; its owner can make it again.`, {
    details: { path },
    cause,
  })
}

const isNoSpace = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT')
