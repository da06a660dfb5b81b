type Entry = { readonly atMs: number; readonly order: number; readonly run: () => void }

/** Virtual time: runs what is due, in order of time and then of arrival. */
export class Scheduler {
  nowMs = 1_000_000
  /** How much has been run. */
  ran = 0
  readonly #heap: Entry[] = []
  #order = 0

  /** Runs `run` after so many milliseconds. */
  after(delayMs: number, run: () => void): void {
    this.#order += 1
    this.#heap.push({ atMs: this.nowMs + delayMs, order: this.#order, run })
    this.#rise(this.#heap.length - 1)
  }

  /** Runs the next entry; false when there is none before `untilMs`, and then it is `untilMs`. */
  next(untilMs: number): boolean {
    const [entry] = this.#heap
    if (entry === undefined || entry.atMs > untilMs) {
      this.nowMs = untilMs
      return false
    }
    const last = this.#heap.pop()
    if (last && this.#heap.length > 0) {
      this.#heap[0] = last
      this.#sink(0)
    }
    this.nowMs = entry.atMs
    this.ran += 1
    entry.run()
    return true
  }

  #isBefore(one: number, other: number): boolean {
    const a = this.#heap[one]
    const b = this.#heap[other]
    if (!a || !b) return false
    return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)
  }

  #rise(from: number): void {
    for (let at = from; at > 0; ) {
      const parent = (at - 1) >> 1
      if (!this.#isBefore(at, parent)) return
      this.#swap(at, parent)
      at = parent
    }
  }

  #sink(from: number): void {
    for (let at = from; ; ) {
      let least = at
      for (const child of [at * 2 + 1, at * 2 + 2]) if (this.#isBefore(child, least)) least = child
      if (least === at) return
      this.#swap(at, least)
      at = least
    }
  }

  #swap(one: number, other: number): void {
    const a = this.#heap[one]
    const b = this.#heap[other]
    if (!a || !b) return
    this.#heap[one] = b
    this.#heap[other] = a
  }
}
