import { readdirSync } from 'node:fs'
import { type ArenaPlace, ForeignArena, viewForeignFile } from '../../store/foreign-arena.ts'
import { maxStagedBytes, Staging } from '../../store/staging.ts'
import type { EncodedValue } from '../values/encode-value.ts'
import type { Place } from './frames.ts'

/** What Ray itself hands over inside its messages; larger values lie in its shared memory. */
export const largeFromBytes = 100 * 1024 + 1

/** Where Python's values lie. Of the first message of Python. */
export type Memory = { readonly pid: number; readonly arena: ArenaPlace | null }

export type LargeValuesIo = {
  /** Has Python open the memory; whether it could. */
  openStaging(place: { path: string; sizeBytes: number; marksBytes: number }): Promise<boolean>
  /** Python may give the room of these views to others. */
  release(views: readonly number[]): void
  /** What could not be staged before may be tried again. */
  onOpened(): void
}

const kinds = { arena: 1, file: 2, staged: 3 } as const
const kindCount = 4

/** Values that pass between Node and Python as places in shared memory, so that the socket carries only where they lie. */
export class LargeValues {
  readonly #io: LargeValuesIo
  readonly #placed = new WeakMap<Uint8Array, Place>()
  /** What was packed and then not sent, such as the first of two results where the second cannot be encoded. */
  readonly #unsent = new FinalizationRegistry<number>((offset) => this.#staging?.unstage(offset))
  #state: 'unused' | 'opening' | 'open' | 'refused' = 'unused'
  #staging: Staging | undefined
  #arena: ForeignArena | undefined
  #pythonPid = 0
  #viewCount = 0
  #released: number[] = []
  /** Views that somebody may use. */
  liveViews = 0

  constructor(io: LargeValuesIo) {
    this.#io = io
  }

  /** Which of Python's memory can be read from here. */
  openMemory({ pid, arena }: Memory): { arena: boolean; files: boolean } {
    this.#pythonPid = pid
    this.#arena = arena ? ForeignArena.open(arena) : undefined
    return { arena: this.#arena !== undefined, files: canReadFilesOf(pid) }
  }

  /** A value as frames take it: staged where it is large and there is room now, else its bytes. */
  pack(encoded: EncodedValue): Uint8Array {
    if (encoded.sizeBytes < largeFromBytes) return encoded.toBytes()
    this.#openStaging()
    return this.#stage(encoded.sizeBytes, (target) => encoded.writeTo(target)) ?? encoded.toBytes()
  }

  /** Bytes as `pack` gives them; undefined when they should wait for room. */
  repack(bytes: Uint8Array): Uint8Array | undefined {
    if (bytes.length < largeFromBytes || bytes.length > maxStagedBytes || this.#state === 'refused') return bytes
    this.#openStaging()
    return this.#stage(bytes.length, (target) => target.set(bytes))
  }

  /** Where a packed buffer lies, for the frame that takes it to Python; undefined for bytes. */
  send(buffer: Uint8Array): Place | undefined {
    if (buffer.length > 0) return undefined
    this.#unsent.unregister(buffer)
    return this.#placed.get(buffer)
  }

  /** The bytes that Python placed somewhere: this process's own, as writing to them changes nothing for others. */
  open({ sizeBytes, word }: Place): Uint8Array {
    const view = this.#viewCount
    this.#viewCount += 1
    this.liveViews += 1
    const at = Math.floor(word / kindCount)
    if (word % kindCount === kinds.arena && this.#arena) return this.#arena.view(at, sizeBytes, () => this.#letGo(view))
    const bytes = viewForeignFile(`/proc/${this.#pythonPid}/fd/${at}`, sizeBytes, () => this.#letGo(view))
    if (!bytes) throw new Error(`a value of ${sizeBytes} bytes in file ${at} of process ${this.#pythonPid} cannot be opened`)
    return bytes
  }

  close(): void {
    this.#state = 'refused'
    this.#staging?.close()
    this.#arena?.close()
  }

  #openStaging(): void {
    if (this.#state !== 'unused') return
    const staging = Staging.open()
    this.#state = staging ? 'opening' : 'refused'
    if (!staging) return
    const opened = (isOpen: boolean) => {
      if (this.#state !== 'opening') return staging.close()
      this.#state = isOpen ? 'open' : 'refused'
      if (isOpen) this.#staging = staging
      else staging.close()
      this.#io.onOpened()
    }
    this.#io.openStaging(staging.place).then(opened, () => opened(false))
  }

  #stage(sizeBytes: number, write: (target: Uint8Array) => void): Uint8Array | undefined {
    const offset = this.#staging?.stage(sizeBytes, write)
    if (offset === undefined) return undefined
    const token = new Uint8Array()
    this.#unsent.register(token, offset, token)
    this.#placed.set(token, { sizeBytes, word: offset * kindCount + kinds.staged })
    return token
  }

  #letGo(view: number): void {
    this.liveViews -= 1
    if (this.#released.length === 0) setImmediate(() => this.#tellReleased())
    this.#released.push(view)
  }

  #tellReleased(): void {
    const released = this.#released
    this.#released = []
    this.#io.release(released)
  }
}

function canReadFilesOf(pid: number): boolean {
  try {
    readdirSync(`/proc/${pid}/fd`)
    return true
  } catch {
    return false
  }
}
