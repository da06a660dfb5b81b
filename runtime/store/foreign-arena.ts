import { openForeignSegment, type Segment } from './segment.ts'
import { collectGarbage } from './store-client.ts'

/**
 * The bytes of a file that another program holds open, as its objects in an arena are seen. `onDone` runs when it may close the file.
 * Undefined where this process may not open it.
 */
export function viewForeignFile(path: string, sizeBytes: number, onDone: () => void): Uint8Array | undefined {
  const segment = openForeignSegment(path)
  const view = segment?.privateView(0, sizeBytes, onDone)
  segment?.close()
  if (view?.copied) onDone()
  return view?.bytes
}

export type ArenaPlace = { readonly path: string; readonly device: number; readonly inode: number }

/** Objects in the memory of another program, which holds each still until it hears that our view of it is gone. */
export class ForeignArena {
  readonly #segment: Segment
  /** Views of so many bytes make us look for those that nobody uses: they keep room in the store. */
  readonly #collectEveryBytes: number
  #liveBytes = 0
  #newBytes = 0

  /** Undefined where this process may not open it. */
  static open(place: ArenaPlace): ForeignArena | undefined {
    const segment = openForeignSegment(place.path, place)
    return segment && new ForeignArena(segment)
  }

  private constructor(segment: Segment) {
    this.#segment = segment
    this.#collectEveryBytes = segment.sizeBytes / 8
  }

  /** The bytes of an object, as in the store of our own: no copy where memory can be mapped. `onDone` runs when its room may be given to others. */
  view(offset: number, lengthBytes: number, onDone: () => void): Uint8Array {
    this.#collectInTime(lengthBytes)
    this.#liveBytes += lengthBytes
    const done = () => {
      this.#liveBytes -= lengthBytes
      onDone()
    }
    const view = this.#segment.privateView(offset, lengthBytes, done)
    if (view.copied) done()
    return view.bytes
  }

  close(): void {
    this.#segment.close()
  }

  #collectInTime(lengthBytes: number): void {
    this.#newBytes += lengthBytes
    if (this.#newBytes < this.#collectEveryBytes) return
    this.#newBytes = 0
    if (this.#liveBytes >= this.#collectEveryBytes / 2) collectGarbage()
  }
}
