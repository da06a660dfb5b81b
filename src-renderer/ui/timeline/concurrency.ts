const firstCapacity = 16
const blockSize = 16

/** Times in order, with sums that answer how long ago all of those before a moment are together. */
class SortedTimes {
  #times = new Float64Array(firstCapacity)
  #count = 0
  #late: number[] = []
  /** Sum of the times before each block of 16, from the base: ms since 1970 would lose digits. */
  #sums: number[] = [0]
  #baseMs = 0

  get count(): number {
    return this.#count + this.#late.length
  }

  add(atMs: number): void {
    if (this.#count === 0) this.#baseMs = atMs
    if (this.#count > 0 && atMs < (this.#times[this.#count - 1] ?? 0)) this.#late.push(atMs)
    else {
      this.#reserve(1)
      this.#times[this.#count] = atMs
      this.#count += 1
    }
  }

  /** Number of times at or before `atMs`, which are `atLeast` so many: what is known of an earlier moment makes the search short. */
  countUpTo(atMs: number, atLeast = 0): number {
    this.#mergeLate()
    let low = atLeast
    let reach = 1
    while (low + reach <= this.#count && (this.#times[low + reach - 1] ?? 0) <= atMs) {
      low += reach
      reach *= 2
    }
    let high = Math.min(this.#count, low + reach)
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#times[middle] ?? 0) <= atMs) low = middle + 1
      else high = middle
    }
    return low
  }

  /** For each time before `atMs`, of which there are `count`, the ms since then, all together. */
  sinceAll(atMs: number, count = this.countUpTo(atMs)): number {
    return count === 0 ? 0 : count * (atMs - this.#baseMs) - this.#sumOf(count)
  }

  #sumOf(count: number): number {
    const block = Math.floor(count / blockSize)
    for (let known = this.#sums.length; known <= block; known += 1) {
      this.#sums.push((this.#sums[known - 1] ?? 0) + this.#sumBetween((known - 1) * blockSize, known * blockSize))
    }
    return (this.#sums[block] ?? 0) + this.#sumBetween(block * blockSize, count)
  }

  #sumBetween(from: number, to: number): number {
    let sum = 0
    for (let index = from; index < to; index += 1) sum += (this.#times[index] ?? 0) - this.#baseMs
    return sum
  }

  /** From the back, so that what came a little late moves little. */
  #mergeLate(): void {
    if (this.#late.length === 0) return
    const late = new Float64Array(this.#late).sort()
    this.#late = []
    this.#reserve(late.length)
    let from = this.#count - 1
    let to = this.#count + late.length - 1
    for (let index = late.length - 1; index >= 0; index -= 1) {
      const atMs = late[index] ?? 0
      while (from >= 0 && (this.#times[from] ?? 0) > atMs) {
        this.#times[to] = this.#times[from] ?? 0
        from -= 1
        to -= 1
      }
      this.#times[to] = atMs
      to -= 1
    }
    this.#count += late.length
    this.#sums.length = Math.min(this.#sums.length, Math.floor((to + 1) / blockSize) + 1)
  }

  #reserve(more: number): void {
    if (this.#count + more <= this.#times.length) return
    const grown = new Float64Array(Math.max(this.#times.length * 2, this.#count + more))
    grown.set(this.#times.subarray(0, this.#count))
    this.#times = grown
  }
}

/** How many bars lie over each other, at any zoom: exact whatever their number, and each question costs a few searches. */
export class Concurrency {
  readonly #starts = new SortedTimes()
  readonly #ends = new SortedTimes()
  /** Ends that turned out to be others. */
  readonly #revoked = new SortedTimes()

  get count(): number {
    return this.#starts.count
  }

  /** `endMs` is Infinity while it runs; tell `end` later. */
  add(startMs: number, endMs: number): void {
    this.#starts.add(startMs)
    if (endMs !== Infinity) this.#ends.add(endMs)
  }

  /** `wasEndMs` is what was told of the same bar before. */
  end(endMs: number, wasEndMs: number): void {
    if (endMs === wasEndMs) return
    if (endMs !== Infinity) this.#ends.add(endMs)
    if (wasEndMs !== Infinity) this.#revoked.add(wasEndMs)
  }

  /** Time of all bars together within the span. One that runs counts to its end, so let that be at most now. */
  busyMs(fromMs: number, toMs: number): number {
    const until = (atMs: number) => this.#starts.sinceAll(atMs) - this.#ends.sinceAll(atMs) + this.#revoked.sinceAll(atMs)
    return Math.max(0, until(toMs) - until(fromMs))
  }

  /** The busy time of each of the steps that follow each other from `fromMs` on, up to now. */
  busyEach({ fromMs, stepMs, nowMs }: Steps, into: Float64Array): void {
    into.fill(0)
    for (const [times, sign] of [
      [this.#starts, 1],
      [this.#ends, -1],
      [this.#revoked, 1],
    ] as const) {
      let [count, before] = [0, 0]
      for (let step = 0; step <= into.length && times.count > 0; step += 1) {
        const atMs = Math.min(fromMs + step * stepMs, nowMs)
        count = times.countUpTo(atMs, count)
        const until = times.sinceAll(atMs, count)
        if (step > 0) into[step - 1] = (into[step - 1] ?? 0) + sign * (until - before)
        before = until
      }
    }
    for (const [step, ms] of into.entries()) if (ms < 0) into[step] = 0 // what rounding left
  }

  /** Number of bars that lie at least partly in the span. */
  touching(fromMs: number, toMs: number): number {
    return this.#starts.countUpTo(toMs) - this.#ends.countUpTo(fromMs) + this.#revoked.countUpTo(fromMs)
  }
}

type Steps = { readonly fromMs: number; readonly stepMs: number; readonly nowMs: number }
