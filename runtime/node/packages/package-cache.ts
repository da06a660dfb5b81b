import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync, statSync } from 'node:fs'
import { open, rename, rm, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { ClusterError, toError } from '../../base/errors.ts'
import type { Logger } from '../../base/logger.ts'
import { type AgentRequest, type PackageFound, PackageFindReply, PackageReadReply } from '../../protocol/jobs.ts'
import { UseCounts } from '../use-counts.ts'
import type { ArchiveLimits } from './archive-rules.ts'
import { unpackTar } from './unpack-tar.ts'
import { unpackZip } from './unpack-zip.ts'

export type HeadRequester = (request: AgentRequest) => Promise<unknown>
/** Gives a package for what is no job, such as a worker. */
export type PackageUser = (name: string, signal: AbortSignal) => Promise<HeldPackage>
export type HeldPackage = { readonly folder: string; readonly release: () => void }

export type PackageCacheOptions = {
  /** Ours alone. */
  readonly folder: string
  readonly askHead: HeadRequester
  readonly logger: Logger
  /** What unpacked packages may take before those that no job uses are removed. */
  readonly maxBytes: number
  readonly limits?: ArchiveLimits
}

type Asker = { readonly say: (text: string) => void; readonly signal: AbortSignal }

/**
 * Packages of the head, unpacked once for each content and shared by the jobs that use them. The folder is named by the hash of the
 * archive, so what was unpacked before a restart serves again.
 */
export class PackageCache {
  readonly #options: PackageCacheOptions
  readonly #users = new UseCounts()
  readonly #fetching = new Map<string, Promise<void>>()

  constructor(options: PackageCacheOptions) {
    this.#options = options
    mkdirSync(options.folder, { recursive: true, mode: 0o700 })
    for (const name of readdirSync(options.folder)) {
      if (/\.(part|tmp)$/.test(name)) rmSync(join(options.folder, name), { recursive: true, force: true }) // half done when an agent was killed
    }
  }

  /** The unpacked package; release it when nothing uses it any more. @throws ClusterError saying what is wrong with the package. */
  async use(name: string, asker: Asker): Promise<HeldPackage> {
    const found = PackageFindReply.parse(await this.#options.askHead({ type: 'package.find', name }))
    if (found === null) {
      throw new ClusterError(
        'not-found',
        `Setting up the runtime environment failed: the head has no package ${name}. Upload it again: packages that no job uses make room for others.`,
      )
    }
    const key = found.sha256.slice(0, 32)
    const folder = join(this.#options.folder, key)
    const release = this.#users.take(key)
    try {
      if (!existsSync(`${folder}.json`)) {
        asker.say(`Getting package ${name} (${found.sizeBytes} bytes) from the head.`)
        // One fetch serves all who wait; who gives up waiting leaves it to the others.
        const fetching = this.#fetching.get(key) ?? this.#fetch(name, found, key)
        await withSignal(fetching, asker.signal)
      }
      const now = new Date()
      utimesSync(`${folder}.json`, now, now)
      return { folder, release }
    } catch (error) {
      release()
      throw error
    }
  }

  #fetch(name: string, found: PackageFound, key: string): Promise<void> {
    const fetching = this.#download(name, found, key)
      .catch((error: unknown) => {
        this.#options.logger.info('package.failed', { name, reason: toError(error).message.slice(0, 500) })
        const { message } = toError(error)
        const code = error instanceof ClusterError ? error.code : 'internal'
        throw new ClusterError(code, `Setting up the runtime environment failed: package ${name}: ${message}`, { cause: error })
      })
      .finally(() => this.#fetching.delete(key))
    fetching.catch(() => {}) // told to those who wait
    this.#fetching.set(key, fetching)
    return fetching
  }

  async #download(name: string, found: PackageFound, key: string): Promise<void> {
    const { folder, maxBytes, limits } = this.#options
    this.#makeRoom(maxBytes - found.sizeBytes)
    const archive = join(folder, `${key}.part`)
    const unpacked = join(folder, `${key}.tmp`)
    try {
      await this.#copy(name, found, archive)
      await rm(unpacked, { recursive: true, force: true })
      await mkdir(unpacked, { mode: 0o700 })
      const unpack = /\.(tar\.gz|tgz)$/.test(name) ? unpackTar : unpackZip
      await unpack({ archive, folder: unpacked, sizeBytes: found.sizeBytes, signal: AbortSignal.timeout(unpackWithinMs), limits })
      const target = join(folder, key)
      await rm(target, { recursive: true, force: true })
      await rename(unpacked, target)
      writeFileSync(`${target}.json`, JSON.stringify({ name, sizeBytes: sizeOf(target) }), { mode: 0o600 })
    } finally {
      await rm(archive, { force: true })
      await rm(unpacked, { recursive: true, force: true })
    }
  }

  async #copy(name: string, { sha256, sizeBytes }: PackageFound, path: string): Promise<void> {
    const file = await open(path, 'w', 0o600)
    const hash = createHash('sha256')
    try {
      for (let offset = 0; offset < sizeBytes; ) {
        const reply = PackageReadReply.parse(await this.#options.askHead({ type: 'package.read', name, sha256, offset }))
        if (reply === null || reply.bytes.byteLength === 0)
          throw new ClusterError('not-found', 'it was replaced or removed on the head while it was read')
        await file.write(reply.bytes)
        hash.update(reply.bytes)
        offset += reply.bytes.byteLength
      }
    } finally {
      await file.close()
    }
    if (hash.digest('hex') !== sha256)
      throw new ClusterError('store.corrupt', 'what arrived is not what the head keeps; submit the job again')
  }

  /** Removes what no job uses, the one not used for longest first, until the rest takes `targetBytes` at most. */
  #makeRoom(targetBytes: number): void {
    const { folder } = this.#options
    const kept = readdirSync(folder)
      .filter((name) => name.endsWith('.json'))
      .map((name) => ({ key: name.slice(0, -'.json'.length), ...readFacts(join(folder, name)) }))
      .sort((one, other) => one.usedAtMs - other.usedAtMs)
    let total = kept.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
    for (const { key, sizeBytes } of kept) {
      if (total <= targetBytes) return
      if (this.#users.has(key)) continue
      rmSync(join(folder, `${key}.json`), { force: true })
      rmSync(join(folder, key), { recursive: true, force: true })
      total -= sizeBytes
    }
  }
}

const unpackWithinMs = 3_600_000

function readFacts(path: string): { sizeBytes: number; usedAtMs: number } {
  try {
    const facts: unknown = JSON.parse(readFileSync(path, 'utf8'))
    const sizeBytes = typeof facts === 'object' && facts !== null && 'sizeBytes' in facts ? Number(facts.sizeBytes) : 0
    return { sizeBytes, usedAtMs: statSync(path).mtimeMs }
  } catch {
    return { sizeBytes: 0, usedAtMs: 0 } // a full disk when it was written
  }
}

function sizeOf(folder: string): number {
  let bytes = 0
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) bytes += statSync(join(entry.parentPath, entry.name)).size
  }
  return bytes
}

function withSignal<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted()
  return new Promise((resolve, reject) => {
    const leave = () => reject(toError(signal.reason))
    signal.addEventListener('abort', leave, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave))
  })
}
