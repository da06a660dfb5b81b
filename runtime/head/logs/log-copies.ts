import { closeSync, constants, fstatSync, mkdirSync, openSync, readdirSync, renameSync, rmSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { isId } from '../../base/ids.ts'
import type { Logger } from '../../base/logger.ts'
import { toError } from '../../base/errors.ts'
import { cutFile } from '../../logs/cut-file.ts'
import { LogFolder } from '../../logs/log-folder.ts'
import { LogReader } from '../../logs/log-reader.ts'
import { punchOrRewrite } from '../../logs/punch-or-rewrite.ts'
import type { LogsPush, LogsPushed } from '../../protocol/logs.ts'

/** How much of the logs of all nodes the head keeps. */
export type CopyLimits = {
  /** Of one file: at least so much of its end, and a quarter more at most. */
  readonly fileBytes: number
  readonly totalBytes: number
  readonly files: number
  /** What all nodes together may send. */
  readonly bytesPerSecond: number
}

export const defaultCopyLimits: CopyLimits = {
  fileBytes: 1_048_576,
  totalBytes: 512 * 1_048_576,
  files: 50_000,
  bytesPerSecond: 32 * 1_048_576,
}

type Copy = { endOffset: number; firstOffset: number; writtenMs: number; isCutting: boolean }
type NodeCopies = { readonly reader: LogReader; readonly files: Map<string, Copy> }
export type LogCopiesOptions = { readonly path: string; readonly logger: Logger; readonly limits?: Partial<CopyLimits> }

/** The file system gives room in blocks. */
const blockBytes = 4_096
const burstMs = 1_000

/**
 * The newest part of every log of every node, so that logs can be read when their node is gone. A copy is a file whose bytes stand where
 * they stood in the original, with a hole before them: offsets are the same, and so is the code that reads it.
 */
export class LogCopies {
  readonly #path: string
  readonly #logger: Logger
  readonly #limits: CopyLimits
  readonly #nodes = new Map<string, NodeCopies>()
  #totalBytes = 0
  #count = 0
  /** When what was taken so far would have come at the rate allowed. */
  #paidUntilMs = 0

  /** Finds what earlier heads left in the folder. */
  constructor({ path, logger, limits }: LogCopiesOptions) {
    this.#path = path
    this.#logger = logger
    this.#limits = { ...defaultCopyLimits, ...limits }
    mkdirSync(path, { recursive: true, mode: 0o700 })
    for (const nodeId of readdirSync(path)) if (isId('node', nodeId)) this.#load(nodeId)
  }

  /** Nodes of which there is something. */
  get nodeIds(): readonly string[] {
    return [...this.#nodes.keys()]
  }
  get totalBytes(): number {
    return this.#totalBytes
  }

  /** Reads the copies of a node as its agent reads the originals. */
  reader(nodeId: string): LogReader | undefined {
    return this.#nodes.get(nodeId)?.reader
  }

  /** Adds what a node sent. Bytes that are here already change nothing; bytes behind a gap take the place of what is before it. */
  take({ nodeId, file, renamedFrom, isAnew, offset, bytes }: LogsPush): LogsPushed {
    const node = this.#nodes.get(nodeId) ?? this.#add(nodeId)
    if (renamedFrom !== null) this.#rename(nodeId, renamedFrom, file)
    if (isAnew) this.#remove(nodeId, file)
    const known = node.files.get(file)
    if (bytes.byteLength === 0) return { endOffset: known?.endOffset ?? 0, pauseMs: 0 }
    if (known !== undefined && offset > known.endOffset) this.#remove(nodeId, file)
    const copy = node.files.get(file) ?? this.#create(nodeId, file, offset)
    const fresh = bytes.subarray(Math.max(0, copy.endOffset - offset))
    if (fresh.byteLength > 0) {
      this.#write(nodeId, { file, copy, fresh })
      this.#cut(nodeId, file, copy)
      this.#makeRoom(copy)
    }
    return { endOffset: copy.endOffset, pauseMs: this.#pauseMs(bytes.byteLength) }
  }

  close(): void {
    for (const { reader } of this.#nodes.values()) reader.close()
  }

  #load(nodeId: string): void {
    const { reader, files } = this.#add(nodeId)
    for (const name of reader.folder.walk('**').files) {
      const file = reader.folder.find(name)
      if (file === undefined) continue
      const { sizeBytes, firstOffset, modifiedMs } = file
      files.set(name, { endOffset: sizeBytes, firstOffset, writtenMs: modifiedMs, isCutting: false })
      this.#count += 1
      this.#totalBytes += roomOf(sizeBytes - firstOffset)
    }
  }

  #add(nodeId: string): NodeCopies {
    const path = join(this.#path, nodeId)
    mkdirSync(path, { recursive: true, mode: 0o700 })
    const node = { reader: new LogReader(new LogFolder(path)), files: new Map<string, Copy>() }
    this.#nodes.set(nodeId, node)
    return node
  }

  #create(nodeId: string, file: string, offset: number): Copy {
    const copy = { endOffset: offset, firstOffset: offset, writtenMs: Date.now(), isCutting: false }
    this.#nodes.get(nodeId)?.files.set(file, copy)
    this.#count += 1
    return copy
  }

  #write(nodeId: string, { file, copy, fresh }: { file: string; copy: Copy; fresh: Uint8Array }): void {
    const path = join(this.#path, nodeId, file)
    if (file.includes('/')) mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    const fd = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_NOFOLLOW, 0o600)
    try {
      const isFirst = copy.endOffset === copy.firstOffset
      for (let done = 0; done < fresh.byteLength; ) {
        done += writeSync(fd, fresh, done, fresh.byteLength - done, copy.endOffset + done)
      }
      if (isFirst && copy.firstOffset > 0) this.#nodes.get(nodeId)?.reader.folder.kept.raise(fstatSync(fd), copy.firstOffset)
    } finally {
      closeSync(fd)
    }
    const before = roomOf(copy.endOffset - copy.firstOffset)
    copy.endOffset += fresh.byteLength
    copy.writtenMs = Date.now()
    this.#totalBytes += roomOf(copy.endOffset - copy.firstOffset) - before
  }

  /** Drops what is older than the part that is kept. Reading and writing go on meanwhile. */
  #cut(nodeId: string, file: string, copy: Copy): void {
    const node = this.#nodes.get(nodeId)
    const { fileBytes } = this.#limits
    if (node === undefined || copy.isCutting || copy.endOffset - copy.firstOffset <= fileBytes * 1.25) return
    const { folder } = node.reader
    const before = copy.firstOffset
    copy.isCutting = true
    cutFile(folder, file, { keepBytes: fileBytes, punch: punchOrRewrite(folder, file) })
      .then(() => {
        const now = folder.find(file)
        if (now === undefined || node.files.get(file) !== copy) return
        this.#totalBytes += roomOf(copy.endOffset - now.firstOffset) - roomOf(copy.endOffset - copy.firstOffset)
        copy.firstOffset = now.firstOffset
      })
      .catch((error: unknown) => this.#logger.warn('log-copies.cut-failed', { nodeId, file, reason: toError(error).message }))
      .finally(() => {
        copy.isCutting = false
        if (copy.firstOffset > before && node.files.get(file) === copy) this.#cut(nodeId, file, copy) // more came meanwhile
      })
  }

  #rename(nodeId: string, from: string, to: string): void {
    const files = this.#nodes.get(nodeId)?.files
    const copy = files?.get(from)
    if (files === undefined || copy === undefined || files.has(to)) return
    try {
      renameSync(join(this.#path, nodeId, from), join(this.#path, nodeId, to))
    } catch {
      return // into a folder that is not there: the copy is made anew under its new name
    }
    files.delete(from)
    files.set(to, copy)
  }

  #remove(nodeId: string, file: string): void {
    const files = this.#nodes.get(nodeId)?.files
    const copy = files?.get(file)
    if (files === undefined || copy === undefined) return
    files.delete(file)
    this.#count -= 1
    this.#totalBytes -= roomOf(copy.endOffset - copy.firstOffset)
    rmSync(join(this.#path, nodeId, file), { force: true })
  }

  /** The copies that were not written for longest go first, a tenth of the budget at once so that this is rare. */
  #makeRoom(kept: Copy): void {
    const { totalBytes, files } = this.#limits
    if (this.#totalBytes <= totalBytes && this.#count <= files) return
    const all = [...this.#nodes].flatMap(([nodeId, node]) => [...node.files].map(([file, copy]) => ({ nodeId, file, copy })))
    all.sort((a, b) => a.copy.writtenMs - b.copy.writtenMs)
    for (const { nodeId, file, copy } of all) {
      if (this.#totalBytes <= totalBytes * 0.9 && this.#count <= files * 0.9) return
      if (copy !== kept) this.#remove(nodeId, file)
    }
  }

  #pauseMs(bytes: number): number {
    const nowMs = performance.now()
    this.#paidUntilMs = Math.max(this.#paidUntilMs, nowMs - burstMs) + (bytes / this.#limits.bytesPerSecond) * 1_000
    return Math.max(0, Math.min(60_000, Math.round(this.#paidUntilMs - nowMs)))
  }
}

const roomOf = (bytes: number): number => Math.max(blockBytes, Math.ceil(bytes / blockBytes) * blockBytes)
