import { TaskIds, wordsPerId } from './task-ids.ts'

export const barStates = ['running', 'blocked', 'finished', 'failed', 'cancelled'] as const
export type BarState = (typeof barStates)[number]
export const stateNumbers = Object.fromEntries(barStates.map((state, number) => [state, number])) as Record<BarState, number> // one entry for each

const unused = 255
const firstCapacity = 4_096

/** What two reports of one bar share. */
export type BarKey = { readonly words: Uint32Array; readonly attempt: number }

/**
 * Bars as columns, some 90 bytes each. A bar is a number, the same as long as it is kept; numbers of bars that went are given again.
 * `end` is Infinity while it runs.
 */
export class BarTable {
  readonly ids = new TaskIds()
  start = new Float64Array(firstCapacity)
  end = new Float64Array(firstCapacity)
  worker = new Uint32Array(firstCapacity)
  name = new Uint32Array(firstCapacity)
  attempt = new Uint32Array(firstCapacity)
  state = new Uint8Array(firstCapacity).fill(unused)
  task = new Uint32Array(firstCapacity * wordsPerId)
  parent = new Uint32Array(firstCapacity * wordsPerId)
  /** All bars have smaller numbers. */
  limit = 0
  count = 0
  readonly #free: number[] = []
  #slots = new Int32Array(firstCapacity * 4)

  isUsed(bar: number): boolean {
    return (this.state[bar] ?? unused) !== unused
  }

  /** -1 when there is none. */
  find({ words, attempt }: BarKey): number {
    const mask = this.#slots.length - 1
    for (let slot = hashOf(words, 0) & mask; ; slot = (slot + 1) & mask) {
      const bar = (this.#slots[slot] ?? 0) - 1
      if (bar < 0) return -1
      if (this.attempt[bar] === attempt && isSame(this.task, bar * wordsPerId, words)) return bar
    }
  }

  /** Every attempt of the task, in no order. */
  attemptsOf(words: Uint32Array): number[] {
    const found: number[] = []
    const mask = this.#slots.length - 1
    for (let slot = hashOf(words, 0) & mask; ; slot = (slot + 1) & mask) {
      const bar = (this.#slots[slot] ?? 0) - 1
      if (bar < 0) return found
      if (isSame(this.task, bar * wordsPerId, words)) found.push(bar)
    }
  }

  /** A new bar; all its columns but the key are the caller's to fill, its state first. */
  add({ words, attempt }: BarKey): number {
    const bar = this.#free.pop() ?? this.limit
    if (bar === this.limit) this.limit += 1
    if (bar === this.start.length) this.#grow()
    this.task.set(words, bar * wordsPerId)
    this.attempt[bar] = attempt
    this.count += 1
    this.#put(bar)
    return bar
  }

  remove(bar: number): void {
    this.#unput(bar)
    this.state[bar] = unused
    this.count -= 1
    this.#free.push(bar)
  }

  /** An order of the bars themselves: the same whatever came first. */
  compareKeys(one: number, other: number): number {
    for (let word = 0; word < wordsPerId; word += 1) {
      const difference = (this.task[one * wordsPerId + word] ?? 0) - (this.task[other * wordsPerId + word] ?? 0)
      if (difference !== 0) return difference
    }
    return (this.attempt[one] ?? 0) - (this.attempt[other] ?? 0)
  }

  #grow(): void {
    const capacity = this.start.length * 2
    const widen = <A extends Float64Array | Uint32Array | Uint8Array>(made: A, old: A): A => {
      made.set(old)
      return made
    }
    this.start = widen(new Float64Array(capacity), this.start)
    this.end = widen(new Float64Array(capacity), this.end)
    this.worker = widen(new Uint32Array(capacity), this.worker)
    this.name = widen(new Uint32Array(capacity), this.name)
    this.attempt = widen(new Uint32Array(capacity), this.attempt)
    this.state = widen(new Uint8Array(capacity).fill(unused), this.state)
    this.task = widen(new Uint32Array(capacity * wordsPerId), this.task)
    this.parent = widen(new Uint32Array(capacity * wordsPerId), this.parent)
    const old = this.#slots
    this.#slots = new Int32Array(capacity * 4)
    for (const entry of old) if (entry > 0) this.#put(entry - 1)
  }

  #put(bar: number): void {
    const mask = this.#slots.length - 1
    let slot = hashOf(this.task, bar * wordsPerId) & mask
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask
    this.#slots[slot] = bar + 1
  }

  /** Closes the gap that the bar leaves, so that a search may end at the first empty slot. */
  #unput(bar: number): void {
    const mask = this.#slots.length - 1
    let gap = hashOf(this.task, bar * wordsPerId) & mask
    while (this.#slots[gap] !== bar + 1) gap = (gap + 1) & mask
    for (let slot = (gap + 1) & mask; this.#slots[slot] !== 0; slot = (slot + 1) & mask) {
      const wanted = hashOf(this.task, ((this.#slots[slot] ?? 0) - 1) * wordsPerId) & mask
      if (((slot - wanted) & mask) < ((slot - gap) & mask)) continue
      this.#slots[gap] = this.#slots[slot] ?? 0
      gap = slot
    }
    this.#slots[gap] = 0
  }
}

function isSame(column: Uint32Array, at: number, words: Uint32Array): boolean {
  for (let word = 0; word < wordsPerId; word += 1) if (column[at + word] !== words[word]) return false
  return true
}

/** All attempts of a task have the same, so they stand beside each other. */
function hashOf(words: Uint32Array, at: number): number {
  let hash = 0
  for (let word = 0; word < wordsPerId; word += 1) {
    hash = Math.imul(hash ^ (words[at + word] ?? 0), 0x9e37_79b1)
    hash ^= hash >>> 15
  }
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
