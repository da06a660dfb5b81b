/** Fires its signal when nothing has moved for too long. */
export class StallWatch {
  readonly #controller = new AbortController()
  readonly #limitMs: number
  #timer: NodeJS.Timeout | undefined
  constructor(limitMs: number) {
    this.#limitMs = limitMs
    this.moved()
  }
  get signal(): AbortSignal {
    return this.#controller.signal
  }
  moved(): void {
    this.#arm(this.#limitMs)
  }
  /** A few megabytes are still on their way when the last one was handed over, and nobody tells how they get on. */
  lastSent(): void {
    this.#arm(3 * this.#limitMs)
  }
  stop(): void {
    clearTimeout(this.#timer)
  }
  #arm(afterMs: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#controller.abort(), afterMs)
  }
}
