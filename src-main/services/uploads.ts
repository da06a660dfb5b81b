import { mkdir, open, rm } from 'node:fs/promises'
import { dirname, join, relative, sep } from 'node:path'
import { maxPackageBytes } from '../../runtime/api/packages.ts'
import { ClusterError, toError } from '../../runtime/base/errors.ts'
import type { Upload } from '../contract/jobs.ts'
import type { PanelHub } from './panel-hub.ts'

export type UploadsIo = {
  /** Ours alone. What an earlier panel left in it is removed. */
  readonly folder: string
  readonly hub: PanelHub
  readonly randomHex: (digits: number) => string
  /** Settings of tests. @default 5 minutes */
  readonly unfinishedMs?: number
  /** @default an hour */
  readonly finishedMs?: number
}

type ReceivedFile = { bytes: number; isWhole: boolean; isBusy: boolean }
type Received = {
  readonly root: string
  readonly declaredFiles: number
  readonly files: Map<string, ReceivedFile>
  wholeFiles: number
}
type Entry = {
  value: Upload
  readonly cancelled: AbortController
  /** Undefined for a folder that lies here already. */
  readonly received: Received | undefined
  inUse: number
  touchedAtMs: number
  toldAtMs: number
}

/** What is told of a folder that is on its way to a head. */
export type UploadProgress = (change: Partial<Omit<Upload, 'uploadId' | 'name'>>) => void
/** `isReceived`: it came from a browser, under that id. */
type Using = { readonly uploadId: string | undefined; readonly name: string; readonly isReceived: boolean }
export type UploadWork<T> = (progress: UploadProgress, signal: AbortSignal) => Promise<T>

const uploadsAtMost = 8
const tellEveryMs = 100
const sweepEveryMs = 10_000

/** Folders on their way to a cluster: received from browsers, or read here. Each is told on the topic `uploads` until it is gone. */
export class Uploads {
  readonly #io: UploadsIo
  readonly #entries = new Map<string, Entry>()
  readonly #sweeper: NodeJS.Timeout

  static async open(io: UploadsIo): Promise<Uploads> {
    await rm(io.folder, { recursive: true, force: true })
    await mkdir(io.folder, { recursive: true, mode: 0o700 })
    return new Uploads(io)
  }

  private constructor(io: UploadsIo) {
    this.#io = io
    io.hub.provide('uploads', { snapshot: () => [...this.#entries.values()].map(({ value }) => ({ id: value.uploadId, value })) })
    const sweep = () => void this.sweep(performance.now()).catch(() => {}) // what cannot be removed goes when the next panel starts
    this.#sweeper = setInterval(sweep, sweepEveryMs).unref()
  }

  /** @throws ClusterError `too-large`, `limit.reached` */
  async begin({ name, files, totalBytes }: { name: string; files: number; totalBytes: number }): Promise<string> {
    if (totalBytes > maxPackageBytes) throw tooLarge(name, totalBytes)
    if ([...this.#entries.values()].filter(({ received }) => received).length >= uploadsAtMost)
      throw new ClusterError(
        'limit.reached',
        `${uploadsAtMost} folders are uploaded already, as many as there may be; submit or cancel one first`,
      )
    const uploadId = `u-${this.#io.randomHex(16)}`
    const root = join(this.#io.folder, uploadId)
    await mkdir(root, { mode: 0o700 })
    const received = { root, declaredFiles: files, files: new Map<string, ReceivedFile>(), wholeFiles: 0 }
    const entry = this.#add({ uploadId, name, phase: 'receiving', sentBytes: 0, totalBytes, files }, received)
    this.#tell(entry, true)
    return uploadId
  }

  /** @throws ClusterError `not-found`, `wrong-state` for a piece that is not the next one, `too-large`, `bad-argument`, `store.disk-full` */
  async write(piece: { uploadId: string; path: string; offset: number; data: string; isLast: boolean }): Promise<void> {
    const entry = this.#get(piece.uploadId)
    const { received, value } = entry
    if (!received || entry.inUse > 0)
      throw new ClusterError('wrong-state', `upload ${piece.uploadId} is submitted already; begin another one`)
    const bytes = Buffer.from(piece.data, 'base64')
    const file = nextOf(received, piece)
    if (value.sentBytes + bytes.byteLength > value.totalBytes)
      throw new ClusterError(
        'too-large',
        `the files have more than the ${value.totalBytes} bytes that were said at first; begin the upload again`,
      )
    file.isBusy = true
    value.sentBytes += bytes.byteLength // taken before it is written, as others may come meanwhile
    try {
      await writePiece(pathIn(received.root, piece.path), piece.offset, bytes)
      file.bytes += bytes.byteLength
      file.isWhole = piece.isLast
      if (piece.isLast) received.wholeFiles += 1
    } catch (error) {
      value.sentBytes -= bytes.byteLength
      throw writeFailed(piece.path, error)
    } finally {
      file.isBusy = false
    }
    this.#tell(entry, piece.isLast)
  }

  /** What it holds, once all of it is there. @throws ClusterError `not-found`, `wrong-state` while files are missing */
  folderOf(uploadId: string): { readonly folder: string; readonly name: string } {
    const { received, value } = this.#get(uploadId)
    if (!received) throw new ClusterError('not-found', `${uploadId} is no upload of a browser; name the folder itself`)
    if (received.wholeFiles < received.declaredFiles || value.sentBytes < value.totalBytes) {
      const files = `${received.wholeFiles} of ${received.declaredFiles} files`
      throw new ClusterError(
        'wrong-state',
        `the upload of ${value.name} is not whole yet: ${files}, ${value.sentBytes} of ${value.totalBytes} bytes are here`,
      )
    }
    return { folder: received.root, name: value.name }
  }

  /**
   * Does `work` under that id, telling how far it is. What a browser sent goes when it has succeeded, and stays for another try when not.
   * @throws ClusterError `task.cancelled` when it is cancelled meanwhile; what `work` throws
   */
  async during<T>({ uploadId, name, isReceived }: Using, signal: AbortSignal, work: UploadWork<T>): Promise<T> {
    const id = uploadId ?? `u-${this.#io.randomHex(16)}`
    const known = this.#entries.get(id)
    if (known && (!isReceived || known.inUse > 0))
      throw new ClusterError('wrong-state', `upload ${id} is under way already; wait for it, cancel it, or take another id`)
    const entry = known ?? this.#add({ uploadId: id, name, phase: 'reading', sentBytes: 0, totalBytes: 0, files: 0 }, undefined)
    const before = entry.value
    const progress: UploadProgress = (change) => {
      const isOther = change.phase !== undefined && change.phase !== entry.value.phase
      entry.value = { ...entry.value, ...change }
      this.#tell(entry, isOther)
    }
    entry.inUse += 1
    try {
      const result = await work(progress, AbortSignal.any([signal, entry.cancelled.signal]))
      await this.#remove(id)
      return result
    } catch (error) {
      if (!entry.received || entry.cancelled.signal.aborted) await this.#remove(id)
      else progress(before)
      if (entry.cancelled.signal.aborted || signal.aborted)
        throw new ClusterError('task.cancelled', `the upload of ${name} was cancelled; nothing was submitted`)
      throw error
    } finally {
      entry.inUse -= 1
      entry.touchedAtMs = performance.now()
    }
  }

  /** @throws ClusterError `not-found` */
  async cancel(uploadId: string): Promise<void> {
    const entry = this.#get(uploadId)
    entry.cancelled.abort()
    if (entry.inUse === 0) await this.#remove(uploadId) // else whoever uses it does
  }

  /** Removes what nobody has gone on with. */
  async sweep(nowMs: number): Promise<void> {
    const { unfinishedMs = 300_000, finishedMs = 3_600_000 } = this.#io
    for (const [id, { received, inUse, touchedAtMs }] of this.#entries) {
      const isWhole = received === undefined || received.wholeFiles >= received.declaredFiles
      if (inUse === 0 && nowMs - touchedAtMs > (isWhole ? finishedMs : unfinishedMs)) await this.#remove(id)
    }
  }

  /** Cancels all that is under way, and removes everything. */
  async close(): Promise<void> {
    clearInterval(this.#sweeper)
    for (const { cancelled } of this.#entries.values()) cancelled.abort()
    await rm(this.#io.folder, { recursive: true, force: true })
  }

  #add(value: Upload, received: Received | undefined): Entry {
    const entry = { value, received, cancelled: new AbortController(), inUse: 0, touchedAtMs: performance.now(), toldAtMs: 0 }
    this.#entries.set(value.uploadId, entry)
    return entry
  }

  #get(uploadId: string): Entry {
    const entry = this.#entries.get(uploadId)
    if (entry) return entry
    throw new ClusterError('not-found', `there is no upload ${uploadId}: it was submitted, cancelled, or left for too long; begin it again`)
  }

  async #remove(uploadId: string): Promise<void> {
    const entry = this.#entries.get(uploadId)
    if (!entry) return
    this.#entries.delete(uploadId)
    this.#io.hub.publish('uploads', { id: uploadId, value: null })
    if (entry.received) await rm(entry.received.root, { recursive: true, force: true })
  }

  #tell(entry: Entry, isDue: boolean): void {
    const nowMs = performance.now()
    entry.touchedAtMs = nowMs
    if (!isDue && nowMs - entry.toldAtMs < tellEveryMs) return
    entry.toldAtMs = nowMs
    const { value } = entry
    this.#io.hub.publish('uploads', { id: value.uploadId, value: { ...value } })
  }
}

/** The file that a piece belongs to, which is the next one of it. */
function nextOf(received: Received, { path, offset }: { path: string; offset: number }): ReceivedFile {
  const known = received.files.get(path)
  const file = known ?? { bytes: 0, isWhole: false, isBusy: false }
  const here = `${JSON.stringify(path)} has ${file.bytes} bytes here`
  if (file.isWhole || file.isBusy || file.bytes !== offset)
    throw new ClusterError(
      'wrong-state',
      `${here}${file.isWhole ? ' and is whole' : ''}, and a piece at ${offset} is not the next; begin the upload again`,
    )
  if (!known && received.files.size >= received.declaredFiles)
    throw new ClusterError(
      'too-large',
      `there are more files than the ${received.declaredFiles} that were said at first; begin the upload again`,
    )
  if (!known) received.files.set(path, file)
  return file
}

/** @throws ClusterError `bad-argument` for what would lie outside on this system */
function pathIn(root: string, path: string): string {
  const parts = path.split('/')
  const target = join(root, ...parts)
  if (relative(root, target) === parts.join(sep) && !target.includes('\0')) return target
  throw new ClusterError('bad-argument', `${JSON.stringify(path)} cannot be the name of a file on the panel's computer; rename it`)
}

/** No link lies in there: only we make what does. */
async function writePiece(path: string, offset: number, bytes: Buffer): Promise<void> {
  if (offset === 0) await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const file = await open(path, offset === 0 ? 'wx' : 'a', 0o600)
  try {
    await file.writeFile(bytes)
  } catch (error) {
    await file.truncate(offset).catch(() => {}) // the disk is full: what matters is said
    throw error
  } finally {
    await file.close()
  }
}

function writeFailed(path: string, thrown: unknown): Error {
  const error = toError(thrown)
  if (error instanceof ClusterError) return error
  const code = 'code' in error ? String(error.code) : ''
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new ClusterError('store.disk-full', `there is no room on the panel's computer for ${JSON.stringify(path)}; free some`, {
      cause: error,
    })
  return new ClusterError(
    'bad-argument',
    `${JSON.stringify(path)} cannot be written on the panel's computer (${code || error.message}); another file of the upload may stand in its way`,
    { cause: error },
  )
}

export const tooLarge = (name: string, bytes: number): ClusterError =>
  new ClusterError(
    'too-large',
    `${name} has ${bytes} bytes, and a head takes packages of ${maxPackageBytes} at most; leave some out with excludes, .gitignore or .rayignore, or put data where the nodes find it`,
    { details: { bytes, maxPackageBytes } },
  )
