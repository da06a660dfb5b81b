import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { open, rename, rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../../base/clock.ts'
import { ClusterError, toError } from '../../base/errors.ts'
import type { Logger } from '../../base/logger.ts'
import { packageChunkBytes, type PackageFound } from '../../protocol/jobs.ts'

export type PackageStoreOptions = {
  /** Ours alone. */
  readonly folder: string
  readonly clock: Clock
  readonly logger: Logger
  readonly maxPackageBytes: number
  readonly maxTotalBytes: number
  /** How long a package stays after somebody asked for it or brought it, used or not. */
  readonly pinMs: number
}

type Entry = PackageFound & { usedAtMs: number; pinnedUntilMs: number }

/** Uploads at a time; each has a file and a buffer. */
const maxUploads = 64

/** Names that say what is in the package: one that is here is what would come again. */
const isContentAddressed = (name: string): boolean => /^_ray_pkg_[0-9a-f]{16,64}\./.test(name)

/**
 * Uploaded packages, one file each below the head's folder. A package is whole or not there. When their budget is used up, those that
 * no job uses and nobody has asked for lately make room, the one not used for longest first.
 */
export class PackageStore {
  readonly #options: PackageStoreOptions
  readonly #entries = new Map<string, Entry>()
  /** Bytes that uploads under way may still need. */
  #promisedBytes = 0
  #uploads = 0
  #uploadCounter = 0
  /** Names that jobs need, asked when room is made. */
  isUsed: (name: string) => boolean = () => false

  constructor(options: PackageStoreOptions) {
    this.#options = options
    for (const folder of [this.#files, this.#facts, this.#incoming]) mkdirSync(folder, { recursive: true, mode: 0o700 })
    for (const name of readdirSync(this.#incoming)) rmSync(join(this.#incoming, name), { force: true }) // of a head that was killed
    const pinnedUntilMs = options.clock.nowMs() + options.pinMs // who was promised that it stays is not known any more
    for (const name of readdirSync(this.#files)) {
      const facts = readFacts(join(this.#facts, name))
      const stats = statSync(join(this.#files, name))
      if (facts?.sizeBytes === stats.size) this.#entries.set(name, { ...facts, usedAtMs: stats.mtimeMs, pinnedUntilMs })
      else this.#remove(name)
    }
  }

  get #files(): string {
    return join(this.#options.folder, 'files')
  }
  get #facts(): string {
    return join(this.#options.folder, 'facts')
  }
  get #incoming(): string {
    return join(this.#options.folder, 'incoming')
  }

  /** What is there under this name; asking pins it for a while. */
  find(name: string): PackageFound | undefined {
    const entry = this.#entries.get(name)
    if (entry === undefined) return undefined
    this.#pin(name, entry)
    return { sizeBytes: entry.sizeBytes, sha256: entry.sha256 }
  }

  list(): { readonly name: string; readonly sizeBytes: number; readonly usedAtMs: number; readonly isUsed: boolean }[] {
    return [...this.#entries].map(([name, { sizeBytes, usedAtMs }]) => ({ name, sizeBytes, usedAtMs, isUsed: this.isUsed(name) }))
  }

  /**
   * Takes a package in. `declaredBytes` is what its sender says that it has; undefined when it does not say.
   * @throws ClusterError `too-large` naming package, size and limit, `store.full`, `store.disk-full`, `limit.reached`, `link.closed`.
   */
  async put(name: string, body: AsyncIterable<Uint8Array>, declaredBytes: number | undefined): Promise<void> {
    const { maxPackageBytes, clock, pinMs, logger } = this.#options
    if (declaredBytes !== undefined && declaredBytes > maxPackageBytes) throw packageTooLarge(name, `${declaredBytes}`, maxPackageBytes)
    if (this.#uploads >= maxUploads) {
      throw new ClusterError('too-many-requests', `${maxUploads} packages are being uploaded now; send ${name} again in a moment`)
    }
    const promised = declaredBytes ?? maxPackageBytes
    this.#makeRoom(name, promised)
    this.#uploads += 1
    this.#promisedBytes += promised
    this.#uploadCounter += 1
    const path = join(this.#incoming, String(this.#uploadCounter))
    try {
      const found = await receive(path, body, { name, maxBytes: maxPackageBytes })
      if (!(this.#entries.has(name) && isContentAddressed(name))) await this.#keep(name, path, found)
      const entry = this.#entries.get(name)
      if (entry) this.#pin(name, entry)
      logger.info('package.uploaded', { name, sizeBytes: found.sizeBytes, untilMs: clock.nowMs() + pinMs })
    } catch (error) {
      throw diskError(error)
    } finally {
      this.#uploads -= 1
      this.#promisedBytes -= promised
      await rm(path, { force: true })
    }
  }

  /** Some bytes of it; undefined when its content is not that one any more. */
  async read({ name, sha256, offset }: { name: string; sha256: string; offset: number }): Promise<Uint8Array | undefined> {
    const entry = this.#entries.get(name)
    if (entry?.sha256 !== sha256) return undefined
    this.#pin(name, entry)
    const file = await open(join(this.#files, name), 'r')
    try {
      const bytes = new Uint8Array(Math.max(0, Math.min(packageChunkBytes, entry.sizeBytes - offset)))
      const { bytesRead } = await file.read(bytes, 0, bytes.byteLength, offset)
      return bytes.subarray(0, bytesRead)
    } finally {
      await file.close()
    }
  }

  /** The facts are written last: without them a file is no package. */
  async #keep(name: string, path: string, found: PackageFound): Promise<void> {
    const { clock } = this.#options
    await rm(join(this.#facts, name), { force: true })
    await rename(path, join(this.#files, name))
    await writeFile(join(this.#facts, name), JSON.stringify(found), { mode: 0o600, flush: true })
    this.#entries.set(name, { ...found, usedAtMs: clock.nowMs(), pinnedUntilMs: 0 })
  }

  #pin(name: string, entry: Entry): void {
    const nowMs = this.#options.clock.nowMs()
    entry.pinnedUntilMs = nowMs + this.#options.pinMs
    if (nowMs - entry.usedAtMs > 1_000) void utimes(join(this.#files, name), new Date(nowMs), new Date(nowMs)).catch(() => {}) // the order of removal after a restart, no more
    entry.usedAtMs = nowMs
  }

  #makeRoom(name: string, sizeBytes: number): void {
    const { maxTotalBytes, clock, logger } = this.#options
    const nowMs = clock.nowMs()
    let total = this.#promisedBytes + sizeBytes
    for (const entry of this.#entries.values()) total += entry.sizeBytes
    const spare = [...this.#entries]
      .filter(([other, { pinnedUntilMs }]) => other !== name && pinnedUntilMs <= nowMs && !this.isUsed(other))
      .sort(([, one], [, other]) => one.usedAtMs - other.usedAtMs)
    for (const [other, entry] of spare) {
      if (total <= maxTotalBytes) return
      total -= entry.sizeBytes
      this.#remove(other)
      logger.info('package.removed', { name: other, sizeBytes: entry.sizeBytes })
    }
    if (total <= maxTotalBytes) return
    throw new ClusterError(
      'store.full',
      `the head keeps ${maxTotalBytes} bytes of packages at most, and those that are here are used by jobs or were asked for lately, so ${name} (${sizeBytes} bytes) does not fit; wait, or end jobs that use them`,
      { details: { sizeBytes, maxTotalBytes } },
    )
  }

  #remove(name: string): void {
    this.#entries.delete(name)
    rmSync(join(this.#facts, name), { force: true })
    rmSync(join(this.#files, name), { force: true })
  }
}

type Receiving = { readonly name: string; readonly maxBytes: number }

async function receive(path: string, body: AsyncIterable<Uint8Array>, { name, maxBytes }: Receiving): Promise<PackageFound> {
  const hash = createHash('sha256')
  const file = await open(path, 'w', 0o600)
  let sizeBytes = 0
  try {
    for await (const chunk of body) {
      sizeBytes += chunk.byteLength
      if (sizeBytes > maxBytes) throw packageTooLarge(name, `more than ${maxBytes}`, maxBytes)
      hash.update(chunk)
      await file.write(chunk)
    }
    await file.sync()
  } finally {
    await file.close()
  }
  return { sizeBytes, sha256: hash.digest('hex') }
}

export const packageTooLarge = (name: string, size: string, maxBytes: number): ClusterError =>
  new ClusterError(
    'too-large',
    `package ${name} has ${size} bytes; this head takes ${maxBytes}. Leave large files out with excludes, .gitignore or .rayignore, or put them where the nodes can read them.`,
    { details: { maxBytes } },
  )

function readFacts(path: string): PackageFound | undefined {
  try {
    const facts: unknown = JSON.parse(readFileSync(path, 'utf8'))
    return facts as PackageFound // our own file
  } catch {
    return undefined // an upload that was cut off by the end of the head
  }
}

function diskError(error: unknown): Error {
  if (error instanceof ClusterError) return error
  const { code, message } = toError(error) as NodeJS.ErrnoException // every error may be looked at for a code
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new ClusterError('store.disk-full', `the head cannot write the package: ${message}; free some space on its disk`, {
      cause: error,
    })
  }
  if (code === 'ECONNRESET' || code === 'ERR_STREAM_PREMATURE_CLOSE' || message === 'aborted') {
    return new ClusterError('link.closed', 'the client went away before its package was here', { cause: error })
  }
  return toError(error)
}
