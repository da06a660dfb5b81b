import type { WorkerEnded } from '../../protocol/inspect.ts'

export type EndedWorker = Omit<WorkerEnded, 'type'> & { readonly nodeId: string }

/** Ended processes that are remembered; the oldest go first. */
const keptWorkers = 10_000

/** Processes that have ended, and how: for lists, and for those who ask why something died. */
export class EndedWorkers {
  readonly #workers = new Map<string, EndedWorker>()
  #forgotten = 0

  note(nodeId: string, { worker, exit, endedAtMs }: WorkerEnded): void {
    this.#workers.delete(worker.workerId)
    this.#workers.set(worker.workerId, { nodeId, worker, exit, endedAtMs })
    if (this.#workers.size <= keptWorkers) return
    const oldest = this.#workers.keys().next()
    if (!oldest.done) this.#workers.delete(oldest.value)
    this.#forgotten += 1
  }

  find(workerId: string): EndedWorker | undefined {
    return this.#workers.get(workerId)
  }

  list(): readonly EndedWorker[] {
    return [...this.#workers.values()]
  }

  /** How many are not remembered any more. */
  get forgotten(): number {
    return this.#forgotten
  }
}
