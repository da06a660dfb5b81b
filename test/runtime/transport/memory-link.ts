import { Duplex } from 'node:stream'

/** Two ends of a connection inside this process: what is written to one is read from the other, a turn later. Ending or destroying one ends the other. */
export function createMemoryPair(options: { highWaterMark?: number } = {}): [Duplex, Duplex] {
  const left = new MemoryEnd(options)
  const right = new MemoryEnd(options)
  left.peer = right
  right.peer = left
  return [left, right]
}

class MemoryEnd extends Duplex {
  peer: MemoryEnd | undefined
  /** The writer to tell once the reader wants more. */
  #onDemand: (() => void) | undefined

  /** Takes a chunk of the other end; `done` lets it send the next. */
  receive(chunk: Uint8Array, done: () => void): void {
    if (this.destroyed || this.push(chunk)) done()
    else this.#onDemand = done
  }

  override _read(): void {
    const onDemand = this.#onDemand
    this.#onDemand = undefined
    onDemand?.()
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, done: () => void): void {
    setImmediate(() => this.peer?.receive(chunk, done))
  }

  override _final(done: () => void): void {
    setImmediate(() => {
      this.peer?.push(null)
      done()
    })
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    const peer = this.peer
    setImmediate(() => {
      if (peer !== undefined && !peer.destroyed && !peer.readableEnded) peer.push(null)
    })
    done(error)
  }
}
