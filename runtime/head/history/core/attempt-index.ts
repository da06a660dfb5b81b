/** What tells attempts apart: the 8 bytes before the tail of the task id, the number of the tail, and the attempt. */
export type AttemptKeys = {
  readonly high: Uint32Array
  readonly low: Uint32Array
  readonly tail: Uint32Array
  readonly attempt: Uint32Array
}
export type AttemptKey = { readonly high: number; readonly low: number; readonly tail: number; readonly attempt: number }

const firstSlots = 4_096

/** Rows by attempt: an open-addressing table of row numbers, never more than half full. It reads the keys in the columns themselves. */
export class AttemptIndex {
  #slots = new Uint32Array(firstSlots)
  #count = 0

  /** -1 when it is not there. */
  find(keys: AttemptKeys, key: AttemptKey): number {
    const mask = this.#slots.length - 1
    for (let slot = hashOf(key.high, key.low, key.tail + key.attempt * 31) & mask; ; slot = (slot + 1) & mask) {
      const row = (this.#slots[slot] ?? 0) - 1
      if (row < 0) return -1
      if (keys.low[row] === key.low && keys.high[row] === key.high && keys.tail[row] === key.tail && keys.attempt[row] === key.attempt)
        return row
    }
  }

  /** The row's keys must stand in the columns, and not be in the table yet. */
  add(keys: AttemptKeys, row: number): void {
    if ((this.#count + 1) * 2 > this.#slots.length) this.#grow(keys)
    this.#put(keys, row)
    this.#count += 1
  }

  /** Takes in these rows and no others. */
  rebuild(keys: AttemptKeys, rows: Iterable<number>, count: number): void {
    let size = firstSlots
    while (size < count * 2 + 2) size *= 2
    this.#slots = this.#slots.length === size ? this.#slots.fill(0) : new Uint32Array(size)
    this.#count = count
    for (const row of rows) this.#put(keys, row)
  }

  get bytes(): number {
    return this.#slots.byteLength
  }

  #grow(keys: AttemptKeys): void {
    const old = this.#slots
    this.#slots = new Uint32Array(old.length * 2)
    for (const entry of old) if (entry > 0) this.#put(keys, entry - 1)
  }

  #put(keys: AttemptKeys, row: number): void {
    const mask = this.#slots.length - 1
    const { high, low, tail, attempt } = keys
    let slot = hashOf(high[row] ?? 0, low[row] ?? 0, (tail[row] ?? 0) + (attempt[row] ?? 0) * 31) & mask
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask
    this.#slots[slot] = row + 1
  }
}

/** Ids count up, so their bits are mixed well (the finisher of MurmurHash3). */
function hashOf(high: number, low: number, rest: number): number {
  let hash = high ^ Math.imul(low, 0x9e3779b1) ^ Math.imul(rest, 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
