/** Values by key, the least recently used dropped above a limit of bytes. Values of `function:` keys never change, so they may be kept. */
export class FunctionCache {
  readonly #limitBytes: number
  readonly #values = new Map<string, Uint8Array>()
  #bytes = 0

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes
  }

  find(key: string): Uint8Array | undefined {
    const value = this.#values.get(key)
    if (value === undefined) return undefined
    this.#values.delete(key)
    this.#values.set(key, value)
    return value
  }

  keep(key: string, value: Uint8Array): void {
    if (value.byteLength > this.#limitBytes / 4) return
    this.drop(key)
    this.#values.set(key, value.slice()) // a view would keep the whole frame that it came with
    this.#bytes += value.byteLength
    for (const oldest of this.#values.keys()) {
      if (this.#bytes <= this.#limitBytes) return
      this.drop(oldest)
    }
  }

  drop(key: string): void {
    this.#bytes -= this.#values.get(key)?.byteLength ?? 0
    this.#values.delete(key)
  }
}
