import { fstatSync } from 'node:fs'
import { ClusterError } from '../base/errors.ts'

type Waiter = {
  readonly fd: number
  readonly sizeBytes: number
  readonly deadlineMs: number
  everyMs: number
  dueMs: number
  readonly resolve: () => void
}

const firstLookMs = 15
const slowestLookMs = 90
const waitersAtMost = 4_096

/**
 * Tells when open files grow. It looks, 15 ms apart at first and 90 ms when nothing comes: a notification for each write of a fast
 * program would cost more, and network file systems have none.
 */
export class GrowthWatch {
  readonly #waiters = new Set<Waiter>()
  #timer: NodeJS.Timeout | undefined

  /** Resolves when the file has another size than `sizeBytes`, was removed, or after `waitMs`. @throws ClusterError `limit.reached` */
  wait(fd: number, sizeBytes: number, waitMs: number): Promise<void> {
    if (this.#waiters.size >= waitersAtMost) {
      return Promise.reject(new ClusterError('limit.reached', `${waitersAtMost} readers wait for log files of this node already`))
    }
    const nowMs = performance.now()
    return new Promise((resolve) => {
      const everyMs = firstLookMs
      this.#waiters.add({ fd, sizeBytes, deadlineMs: nowMs + waitMs, everyMs, dueMs: nowMs + everyMs, resolve })
      this.#timer ??= setTimeout(() => this.#look(), firstLookMs)
    })
  }

  close(): void {
    clearTimeout(this.#timer)
    for (const { resolve } of this.#waiters) resolve()
    this.#waiters.clear()
  }

  #look(): void {
    const nowMs = performance.now()
    for (const waiter of this.#waiters) {
      if (nowMs < waiter.dueMs) continue
      const { size, nlink } = fstatSync(waiter.fd)
      if (size !== waiter.sizeBytes || nlink === 0 || nowMs >= waiter.deadlineMs) {
        this.#waiters.delete(waiter)
        waiter.resolve()
      } else {
        waiter.everyMs = Math.min(slowestLookMs, waiter.everyMs * 1.3)
        waiter.dueMs = nowMs + waiter.everyMs
      }
    }
    this.#timer = this.#waiters.size > 0 ? setTimeout(() => this.#look(), firstLookMs) : undefined
  }
}
