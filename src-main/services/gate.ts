/** What some wait for, which comes and goes. Closed at first. */
export class Gate {
  #isOpen = false
  #waiting: (() => void)[] = []

  set(isOpen: boolean): void {
    this.#isOpen = isOpen
    if (!isOpen) return
    for (const go of this.#waiting.splice(0)) go()
  }

  /** Resolves when it is open. @throws what `signal` was aborted with */
  async opened(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    while (!this.#isOpen) {
      await new Promise<void>((resolve) => {
        const go = () => {
          signal.removeEventListener('abort', go)
          resolve()
        }
        this.#waiting.push(go)
        signal.addEventListener('abort', go)
      })
      signal.throwIfAborted()
    }
  }
}
