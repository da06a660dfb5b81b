import { closeSync, constants, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs'
import { createRequire } from 'node:module'
import { inspect } from 'node:util'
import { ClusterError } from '../base/errors.ts'
import { invariant } from '../base/invariant.ts'

/**
 * The one file that knows mapped memory. A wrong step here is a signal that ends the process, not an exception:
 * - pages exist before anything writes to them through a mapping (`back`), and files are never cut;
 * - readers get MAP_PRIVATE mappings of one object each: their writes stay theirs, and no kept mapping hides a later object;
 * - an ArrayBuffer over mapped memory can never be detached, since its finalizer unmaps.
 */

/** `mapped` through koffi, or `file`: the same files with pread and pwrite, which copies. Both may use one store at the same time. */
export type MemoryBackend = 'mapped' | 'file'

/** A reader's bytes of one object. `copied` says that they are its own already and pin nothing. */
export type PrivateView = {
  readonly bytes: Uint8Array
  readonly copied: boolean
  /** Lets the object go before the bytes are collected; from then on they read as zeros. */
  readonly release: () => void
}

const protRead = 1
const protWrite = 2
const mapShared = 0x1
const mapPrivate = 0x2
const mapFixed = 0x10
const mapAnonymous = 0x20
const mapNoReserve = 0x4000 // else the kernel counts a private writable mapping as memory that may be needed
const madvPopulateWrite = 23 // Linux 5.14; older kernels say EINVAL and pages are made as they are touched
const fallocKeepSize = 1
const fallocPunchHole = 2
const noSpace = 28
const temporaryFile = 0o20200000 // O_TMPFILE, which Node does not name
const pageBytes = 4_096

const viewStepBytes = 64 * 2 ** 20
const stretchBytes = 2 ** 20
const stretchesAtOnce = 8 // some 2 ms on a thread
const zeroStepBytes = 2 ** 20

type Libc = {
  map(address: bigint | null, lengthBytes: number, how: { flags: number; fd: number; offset: number }): bigint | undefined
  unmap(address: bigint, lengthBytes: number): void
  view(address: bigint, lengthBytes: number): ArrayBuffer
  /** These three run on a thread of their own and give errno, 0 for success. */
  populate(address: bigint, lengthBytes: number): Promise<number>
  allocate(fd: number, offset: number, lengthBytes: number): Promise<number>
  punch(fd: number, offset: number, lengthBytes: number): Promise<number>
}

/** Apart from the mapping: finalizers hold it, and it must not lead to the buffer that they wait for. */
type MappingLife = { liveViews: number; closed: boolean }
type SharedMapping = { readonly address: bigint; readonly lengthBytes: number; readonly life: MappingLife; bytes: Uint8Array }

/** Runs what it holds when the ArrayBuffer, and so every view on it, was collected. */
const collected = new FinalizationRegistry<() => void>((afterwards) => afterwards())

let libc: Libc | undefined | 'not-loaded' = 'not-loaded'

/** How this process reaches the store's memory. The first call loads koffi, some 10 ms: ask only when a large object is at hand. */
export function memoryBackend(): MemoryBackend {
  return loadLibc() ? 'mapped' : 'file'
}

/**
 * Opens a segment file of `sizeBytes`; with `create` it must not exist and becomes 0600. Nothing is mapped or allocated yet.
 * @throws ClusterError `store.corrupt` when the file cannot be opened.
 */
export function openSegment(path: string, options: { sizeBytes: number; create: boolean }): Segment {
  try {
    const flags = constants.O_RDWR | (options.create ? constants.O_CREAT | constants.O_EXCL : 0)
    return new Segment(path, options.sizeBytes, openSync(path, flags, 0o600))
  } catch (error) {
    throw new ClusterError('store.corrupt', `segment ${path} cannot be opened: ${String(error)}. Has the node's agent ended?`, {
      cause: error,
    })
  }
}

/**
 * Memory in `directory` without a name, so that it is gone with the last process that has it open, and `path` to it for others of this user.
 * Undefined where the file system or the system cannot do that.
 */
export function openUnnamedSegment(directory: string, sizeBytes: number): Segment | undefined {
  try {
    const fd = openSync(directory, temporaryFile | constants.O_RDWR, 0o600)
    ftruncateSync(fd, sizeBytes)
    return new Segment(`/proc/${process.pid}/fd/${fd}`, sizeBytes, fd)
  } catch {
    return undefined
  }
}

/** What another program holds open, for reading. `identity` tells its file from a later one. Undefined where it cannot be opened, or is another. */
export function openForeignSegment(path: string, identity?: { device: number; inode: number }): Segment | undefined {
  let fd: number | undefined
  try {
    fd = openSync(path, constants.O_RDONLY)
    const { dev, ino, size } = fstatSync(fd)
    if (!identity || (dev === identity.device && ino === identity.inode)) return new Segment(path, size, fd)
  } catch {
    // as below
  }
  if (fd !== undefined) closeSync(fd)
  return undefined
}

export class Segment {
  readonly path: string
  readonly sizeBytes: number
  readonly #fd: number
  #closed = false
  #shared: SharedMapping | undefined
  /** Which stretches of `stretchBytes` this process has page tables for; they are slow only the first time. */
  readonly #populated = new Set<number>()

  constructor(path: string, sizeBytes: number, fd: number) {
    this.path = path
    this.sizeBytes = sizeBytes
    this.#fd = fd
  }

  /**
   * The live bytes of a range that has pages, through a mapping that is kept; undefined where memory cannot be mapped.
   * Only for who owns the range: what is written here is seen by all.
   */
  shared(offset: number, lengthBytes: number): Uint8Array | undefined {
    this.#checkRange(offset, lengthBytes)
    const memory = loadLibc()
    if (!memory) return undefined
    this.#shared ??= this.#mapShared(memory)
    const end = offset + lengthBytes
    if (this.#shared && this.#shared.bytes.byteLength < end) {
      const viewBytes = Math.min(this.sizeBytes, Math.ceil(end / viewStepBytes) * viewStepBytes)
      this.#shared.bytes = viewShared(memory, this.#shared, viewBytes)
    }
    return this.#shared?.bytes.subarray(offset, end)
  }

  /** Lets `write` fill a range that has pages: in place where memory is mapped and `inPlace` is asked for, else by way of a copy. */
  fill(offset: number, lengthBytes: number, how: { inPlace: boolean; write: (target: Uint8Array) => void }): void {
    const target = how.inPlace ? this.shared(offset, lengthBytes) : undefined
    if (target) return how.write(target)
    const bytes = new Uint8Array(lengthBytes)
    how.write(bytes)
    this.write(offset, bytes)
  }

  write(offset: number, bytes: Uint8Array): void {
    this.#checkRange(offset, bytes.byteLength)
    for (let done = 0; done < bytes.byteLength; ) done += writeSync(this.#fd, bytes, done, bytes.byteLength - done, offset + done)
  }

  read(offset: number, target: Uint8Array): void {
    this.#checkRange(offset, target.byteLength)
    for (let done = 0; done < target.byteLength; ) {
      const count = readSync(this.#fd, target, done, target.byteLength - done, offset + done)
      if (count === 0) throw new ClusterError('store.corrupt', `segment ${this.path} ends at ${offset + done}, inside an object`)
      done += count
    }
  }

  /**
   * A reader's own view of an object: no copy where memory can be mapped, and writing to it changes nothing for others. The buffer shows
   * nothing but the object. `onDone` runs once, when the view was released or the bytes and all views on them were collected; never for a copy.
   */
  privateView(offset: number, lengthBytes: number, onDone: () => void): PrivateView {
    this.#checkRange(offset, lengthBytes)
    const memory = loadLibc()
    const before = offset % pageBytes
    const mappedBytes = before + lengthBytes
    const address = memory?.map(null, mappedBytes, { flags: mapPrivate | mapNoReserve, fd: this.#fd, offset: offset - before })
    if (!memory || address === undefined) {
      const bytes = new Uint8Array(lengthBytes)
      this.read(offset, bytes) // no koffi, or too many mappings (vm.max_map_count)
      return { bytes, copied: true, release: () => {} }
    }
    const buffer = memory.view(address + BigInt(before), lengthBytes)
    let done = false
    const finish = () => {
      if (done) return
      done = true
      onDone()
    }
    collected.register(buffer, () => {
      memory.unmap(address, mappedBytes)
      finish()
    })
    const release = () => {
      if (done) return
      // The buffer may still be in somebody's hands: zeros there instead of the next object that gets this room.
      memory.map(address, mappedBytes, { flags: mapPrivate | mapFixed | mapAnonymous | mapNoReserve, fd: -1, offset: 0 })
      finish()
    }
    return { bytes: new Uint8Array(buffer), copied: false, release }
  }

  /** Makes page tables for a range that has pages, off the event loop, so that writing to it runs at the speed of memory. May do nothing. */
  async prefault(offset: number, lengthBytes: number): Promise<void> {
    const memory = loadLibc()
    if (!memory || !this.shared(offset, lengthBytes) || !this.#shared) return
    const { address } = this.#shared
    const last = Math.floor((offset + lengthBytes) / stretchBytes) // a part of a stretch at either end comes as it is touched
    for (let from = Math.ceil(offset / stretchBytes); from < last && !this.#closed; ) {
      let to = from
      while (to < last && to - from < stretchesAtOnce && !this.#populated.has(to)) to += 1
      if (to > from) {
        const errno = await memory.populate(address + BigInt(from * stretchBytes), (to - from) * stretchBytes)
        if (errno !== 0) return // pages come as they are touched, only slower
      }
      for (; from < to; from += 1) this.#populated.add(from)
      while (from < last && this.#populated.has(from)) from += 1
    }
  }

  /**
   * Makes the file system give pages to a range, growing the file. Runs off the event loop.
   * @throws ClusterError `store.full` when it has none left.
   */
  async back(offset: number, lengthBytes: number): Promise<void> {
    this.#checkRange(offset, lengthBytes)
    const errno = await loadLibc()?.allocate(this.#fd, offset, lengthBytes)
    if (errno === 0) return
    if (errno === noSpace) throw this.#noSpace(lengthBytes)
    await this.#writeZeros(offset, lengthBytes) // no koffi, or a file system without fallocate
  }

  /** Gives the pages of a page-aligned range back to the system; false where that cannot be done. */
  async punch(offset: number, lengthBytes: number): Promise<boolean> {
    this.#checkRange(offset, lengthBytes)
    return (await loadLibc()?.punch(this.#fd, offset, lengthBytes)) === 0
  }

  /** Ends the use of the file; views that readers hold stay valid. Wait for `prefault`, `back` and `punch` before. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    closeSync(this.#fd)
    if (this.#shared) this.#shared.life.closed = true // unmapped when the last view is collected; there is at least one
    this.#shared = undefined
  }

  #mapShared(memory: Libc): SharedMapping | undefined {
    const address = memory.map(null, this.sizeBytes, { flags: mapShared, fd: this.#fd, offset: 0 })
    return address === undefined
      ? undefined
      : { address, lengthBytes: this.sizeBytes, bytes: new Uint8Array(0), life: { liveViews: 0, closed: false } }
  }

  async #writeZeros(offset: number, lengthBytes: number): Promise<void> {
    const zeros = new Uint8Array(Math.min(zeroStepBytes, lengthBytes))
    const file = await process.getBuiltinModule('node:fs/promises').open(this.path, 'r+')
    try {
      for (let done = 0; done < lengthBytes; ) {
        done += (await file.write(zeros, 0, Math.min(zeros.byteLength, lengthBytes - done), offset + done)).bytesWritten
      }
    } catch (error) {
      throw this.#noSpace(lengthBytes, error)
    } finally {
      await file.close()
    }
  }

  #noSpace(lengthBytes: number, cause?: unknown): ClusterError {
    const message = `the file system of ${this.path} has no room for ${(lengthBytes / 1e6).toFixed(1)} MB more. Free space there, or start the node with a smaller object store.`
    return new ClusterError('store.full', message, { cause })
  }

  #checkRange(offset: number, lengthBytes: number): void {
    invariant(!this.#closed, `segment ${this.path} is closed`)
    const inside = offset >= 0 && lengthBytes >= 0 && offset + lengthBytes <= this.sizeBytes
    invariant(inside, `range ${offset}+${lengthBytes} is outside segment ${this.path} of ${this.sizeBytes} bytes`)
  }
}

/** Views of the growing arena share one mapping. It goes when the segment is closed and the last of them was collected. */
function viewShared(memory: Libc, mapping: SharedMapping, viewBytes: number): Uint8Array {
  const { address, lengthBytes, life } = mapping
  const buffer = memory.view(address, viewBytes)
  life.liveViews += 1
  collected.register(buffer, () => {
    life.liveViews -= 1
    if (life.closed && life.liveViews === 0) memory.unmap(address, lengthBytes)
  })
  return new Uint8Array(buffer)
}

function loadLibc(): Libc | undefined {
  if (libc === 'not-loaded') libc = isMappingPossible() ? bindLibc() : undefined
  return libc
}

/** With koffi, not before: most workers never see a large object. */
const threads = () => process.getBuiltinModule('node:worker_threads')

function isMappingPossible(): boolean {
  // In a worker thread the end of the thread would abort the process, see `leaveQuietly`; elsewhere than on Linux nobody has tried.
  return process.env['SHOAL_STORE_BACKEND'] !== 'file' && process.platform === 'linux' && threads().isMainThread
}

function bindLibc(): Libc | undefined {
  try {
    const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi') // require gives any; this is its own type
    const library = koffi.load(null)
    const { markAsUntransferable } = threads()
    const mmap = library.func('void *mmap(void *, size_t, int, int, int, int64_t)')
    const munmap = library.func('int munmap(void *, size_t)')
    const madvise = library.func('int madvise(void *, size_t, int)')
    const posixFallocate = library.func('int posix_fallocate(int, int64_t, int64_t)')
    const fallocate = library.func('int fallocate(int, int, int64_t, int64_t)')
    const later = (func: typeof mmap, ...args: (bigint | number)[]): Promise<number> =>
      new Promise((resolve) => func.async(...args, (error: unknown, result: number) => resolve(error ? -1 : result)))
    const bound: Libc = {
      map: (address, lengthBytes, { flags, fd, offset }) => {
        const mapped = BigInt.asIntN(64, BigInt(mmap(address, lengthBytes, protRead | protWrite, flags, fd, offset)))
        return mapped === -1n ? undefined : mapped
      },
      unmap: (address, lengthBytes) => void munmap(address, lengthBytes),
      view: (address, lengthBytes) => {
        leaveQuietly()
        const buffer = koffi.view(address, lengthBytes)
        markAsUntransferable(buffer)
        return buffer
      },
      populate: (address, lengthBytes) => later(madvise, address, lengthBytes, madvPopulateWrite),
      allocate: (fd, offset, lengthBytes) => later(posixFallocate, fd, offset, lengthBytes),
      punch: (fd, offset, lengthBytes) => later(fallocate, fd, fallocKeepSize | fallocPunchHole, offset, lengthBytes),
    }
    if (!canView(bound)) return undefined
    countExternalMemoryCalmly()
    return bound
  } catch {
    return undefined // no prebuilt koffi for this system: plain files do
  }
}

/** Some hosts (Electron) forbid ArrayBuffers over foreign memory. */
function canView(memory: Libc): boolean {
  const address = memory.map(null, pageBytes, { flags: mapPrivate | mapAnonymous, fd: -1, offset: 0 })
  if (address === undefined) return false
  collected.register(memory.view(address, pageBytes), () => memory.unmap(address, pageBytes))
  return true
}

/**
 * By default V8 starts a full collection whenever 64 MB of new ArrayBuffers have come, so that one view of a large object costs milliseconds.
 * Node 24 can count them with its heap instead: measured, a view of 100 MB takes 2 us instead of 100 us to 4 ms. Dropped buffers are still
 * collected, some later; when the store needs room it asks for a collection. Node 20 has no such flag.
 */
function countExternalMemoryCalmly(): void {
  if (Number.parseInt(process.versions.node, 10) >= 24)
    process.getBuiltinModule('node:v8').setFlagsFromString('--external-memory-accounted-in-global-limit')
}

let leaving = false

/**
 * Node 24 gives untransferable buffers a detach key, and when a process ends by itself it detaches every foreign buffer without that key and
 * aborts (seen with 24.21: "FATAL ERROR: v8::FromJust"). Leaving through process.exit skips that clean-up. Exit listeners added after
 * ours run first, so that nobody loses the last word. An error that ends the process is printed by us, as Node would do it only later.
 */
function leaveQuietly(): void {
  if (leaving) return
  leaving = true
  let fatal: unknown
  process.on('uncaughtExceptionMonitor', (error) => {
    fatal = error
  })
  const onExit = (code: number) => {
    const listeners = process.listeners('exit')
    for (const listener of listeners.slice(listeners.indexOf(onExit) + 1)) listener.call(process, code)
    const isHandled = code === 0 || process.listenerCount('uncaughtException') > 0
    if (fatal !== undefined && !isHandled) writeSync(2, `Uncaught ${inspect(fatal)}\n\nNode.js ${process.version}\n`)
    process.exit()
  }
  process.on('exit', onExit)
}
