/** Counts the handles of each actor in this process, until the garbage collector has taken them. */
export class HandleCount {
  readonly #counts = new Map<string, number>()
  readonly #collected: FinalizationRegistry<string>

  /** `onLast` runs when the last handle under a key is gone. */
  constructor(onLast: (key: string) => void) {
    this.#collected = new FinalizationRegistry((key) => {
      const left = (this.#counts.get(key) ?? 1) - 1
      if (left > 0) this.#counts.set(key, left)
      else {
        this.#counts.delete(key)
        onLast(key)
      }
    })
  }

  add(key: string, handle: object): void {
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1)
    this.#collected.register(handle, key)
  }

  has(key: string): boolean {
    return this.#counts.has(key)
  }
}
