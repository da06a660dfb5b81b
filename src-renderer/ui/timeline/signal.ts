/** Something that changes: listeners are told, and whoever looks later sees by its version that it did. */
export class Signal {
  version = 0
  readonly #listeners = new Set<() => void>()

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  readonly getVersion = (): number => this.version

  tell(): void {
    this.version += 1
    for (const listener of this.#listeners) listener()
  }
}
