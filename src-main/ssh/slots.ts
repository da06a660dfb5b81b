import { BoundedQueue } from '../../runtime/base/bounded-queue.ts'
import { ClusterError } from '../../runtime/base/errors.ts'

type Waiter = { readonly start: () => void; isGone: boolean }

/** So many at a time; the others wait in line, first come first served. */
export class Slots {
  #limit: number
  #taken = 0
  readonly #what: string
  readonly #waiting: BoundedQueue<Waiter>
  constructor(limit: number, what: string, maxWaiting = 4_096) {
    this.#limit = limit
    this.#what = what
    this.#waiting = new BoundedQueue(maxWaiting)
  }
  get taken(): number {
    return this.#taken
  }
  /**
   * Waits for a place, and returns what gives it back; calling that twice is harmless.
   * @throws ClusterError `too-many-requests` when the line is full, `link.closed` when `signal` fires
   */
  async take(signal?: AbortSignal): Promise<() => void> {
    if (signal?.aborted) throw waitEnded(this.#what)
    if (this.#taken >= this.#limit) await this.#standInLine(signal)
    else this.#taken += 1
    let isBack = false
    return () => {
      if (isBack) return
      isBack = true
      this.#taken -= 1
      this.#fill()
    }
  }
  /** The other side takes fewer than we thought. */
  lower(limit: number): void {
    this.#limit = Math.max(1, Math.min(this.#limit, limit))
  }
  #standInLine(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        start: () => {
          signal?.removeEventListener('abort', leave)
          resolve()
        },
        isGone: false,
      }
      const leave = () => {
        waiter.isGone = true // it stays in line until its turn, and is passed over then
        reject(waitEnded(this.#what))
      }
      if (!this.#waiting.push(waiter)) {
        reject(
          new ClusterError(
            'too-many-requests',
            `${this.#waiting.length} wait for ${this.#what} already. Try again when some of them are through.`,
          ),
        )
        return
      }
      signal?.addEventListener('abort', leave, { once: true })
    })
  }
  #fill(): void {
    while (this.#taken < this.#limit) {
      const next = this.#waiting.shift()
      if (!next) return
      if (next.isGone) continue
      this.#taken += 1 // taken over before the waiter runs, so that nobody slips in between
      next.start()
    }
  }
}

const waitEnded = (what: string) => new ClusterError('link.closed', `cancelled while waiting for ${what}`)
