/** A clock for one phase at a time that can be stopped while a person thinks. */
export class PhaseTimer {
  #timer: NodeJS.Timeout | undefined
  #leftMs = 0
  #sinceMs = 0
  #pauses = 0
  #onLate: () => void = () => {}
  start(limitMs: number, onLate: () => void): void {
    this.stop()
    this.#leftMs = limitMs
    this.#onLate = onLate
    this.#arm()
  }
  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#onLate = () => {}
    this.#leftMs = Number.POSITIVE_INFINITY
  }
  async whilePaused<T>(work: Promise<T>): Promise<T> {
    if (this.#pauses === 0) {
      clearTimeout(this.#timer)
      this.#leftMs -= performance.now() - this.#sinceMs
    }
    this.#pauses += 1
    try {
      return await work
    } finally {
      this.#pauses -= 1
      this.#arm()
    }
  }
  #arm(): void {
    clearTimeout(this.#timer)
    if (this.#pauses > 0 || this.#leftMs === Number.POSITIVE_INFINITY) return
    this.#sinceMs = performance.now()
    this.#timer = setTimeout(() => this.#onLate(), Math.max(0, this.#leftMs))
  }
}
