import { backoffMs, type Random } from '../../runtime/base/random.ts'

/** How long to wait before the next try: doubles up to a limit, and a random part is taken off, so that many do not return together. */
export class Backoff {
  readonly #limits: { readonly baseMs: number; readonly maxMs: number }
  readonly #random: Random
  #attempt = 0
  constructor(options: { baseMs?: number; maxMs?: number; random?: Random } = {}) {
    this.#limits = { baseMs: options.baseMs ?? 1_000, maxMs: options.maxMs ?? 60_000 }
    this.#random = options.random ?? Math.random
  }
  nextMs(): number {
    const waitMs = backoffMs(this.#attempt, this.#limits, this.#random)
    this.#attempt += 1
    return waitMs
  }
  /** After a connection that held. */
  reset(): void {
    this.#attempt = 0
  }
}
