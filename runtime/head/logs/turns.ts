import { ClusterError } from '../../base/errors.ts'

/** Lets `limit` run at a time and the others wait in line, `waiting` at most. */
export class Turns {
  readonly #limit: number
  readonly #waitingLimit: number
  #running = 0
  readonly #line: (() => void)[] = []

  constructor(limit: number, waitingLimit = 10_000) {
    this.#limit = limit
    this.#waitingLimit = waitingLimit
  }

  /** @throws ClusterError `too-many-requests` when too many wait already, or what `work` throws. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#limit) {
      if (this.#line.length >= this.#waitingLimit) {
        throw new ClusterError('too-many-requests', `${this.#waitingLimit} readers of logs wait already; try again in a moment`)
      }
      await new Promise<void>((go) => this.#line.push(go))
    } else this.#running += 1
    try {
      return await work()
    } finally {
      const next = this.#line.shift()
      if (next) next()
      else this.#running -= 1
    }
  }
}
