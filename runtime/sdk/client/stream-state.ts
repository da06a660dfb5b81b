import type { RefFailure, RefState } from './ref-state.ts'

/** Items of a running stream that have arrived and were not taken yet, and who waits for the next one. */
export class StreamState {
  #items: RefState[] = []
  #waiters: ((item: RefState | undefined) => void)[] = []
  #ended = false
  consumed = 0
  /** Tells the worker that items were taken, so that it may produce more. */
  onConsumed: (count: number) => void = () => {}

  /** Stands for the next item before it has come. */
  #upcoming: RefState | null = null

  /** The next item, or what becomes it. After the last one: an object that is ready, as there is nothing to wait for. */
  upcoming(make: () => RefState): RefState {
    const [next] = this.#items
    if (next) return next
    this.#upcoming ??= make()
    if (this.#ended) settleEmpty(this.#upcoming)
    return this.#upcoming
  }

  /** What somebody waits for as the next item: it is to become it. */
  takeUpcoming(): RefState | null {
    const item = this.#upcoming
    this.#upcoming = null
    return item
  }

  push(item: RefState): void {
    const waiter = this.#waiters.shift()
    if (waiter) {
      this.#take()
      waiter(item)
    } else this.#items.push(item)
  }

  readonly #lost = new Map<number, RefState>()

  /** An item that was taken has no copy left; the run that makes it anew is on its way. */
  lose(index: number, item: RefState): void {
    this.#lost.set(index, item)
  }

  takeLost(index: number): RefState | undefined {
    const item = this.#lost.get(index)
    this.#lost.delete(index)
    return item
  }

  takeAllLost(): RefState[] {
    const items = [...this.#lost.values()]
    this.#lost.clear()
    return items
  }

  get hasLost(): boolean {
    return this.#lost.size > 0
  }

  get hasEnded(): boolean {
    return this.#ended
  }

  /** The task has ended, well or not. */
  onEnded: (failure: RefFailure | null) => void = () => {}

  /** No more items come. */
  end(failure: RefFailure | null): void {
    this.#ended = true
    this.onEnded(failure)
    for (const waiter of this.#waiters.splice(0)) waiter(undefined)
    if (this.#upcoming) settleEmpty(this.#upcoming)
  }

  /** The next item; undefined after the last. */
  next(): Promise<RefState | undefined> {
    const item = this.#items.shift()
    if (item) {
      this.#take()
      return Promise.resolve(item)
    }
    if (this.#ended) return Promise.resolve(undefined)
    return new Promise((resolve) => this.#waiters.push(resolve))
  }

  #take(): void {
    this.consumed += 1
    this.onConsumed(this.consumed)
  }
}

function settleEmpty(state: RefState): void {
  if (state.status === 'pending') state.settle('ready')
}
