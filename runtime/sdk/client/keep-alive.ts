/** Longer than any program waits; timers take no more. */
const longestMs = 2 ** 31 - 1

/**
 * Lets a program end by itself: none of our sockets keep its process alive, only a call whose answer it waits for does. A task that
 * nobody waits for ends with its program, as in Ray.
 */
export class KeepAlive {
  readonly #timer = setInterval(() => {}, longestMs).unref()
  #calls = 0

  async during<T>(work: () => Promise<T>): Promise<T> {
    this.#calls += 1
    if (this.#calls === 1) this.#timer.ref()
    try {
      return await work()
    } finally {
      this.#calls -= 1
      if (this.#calls === 0) this.#timer.unref()
    }
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}
