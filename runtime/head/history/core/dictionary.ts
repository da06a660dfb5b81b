/** Values by number and back, so that a column of a million texts is a column of numbers. Number 0 is kept for "none". */
export class Dictionary<Value> {
  readonly #numberOf = new Map<string, number>()
  readonly #values: (Value | undefined)[] = [undefined]
  readonly #keys: (string | undefined)[] = [undefined]
  #free: number[] = []
  /** Grows with every change, so that what was worked out of the values is known to be old. */
  version = 0

  /** Entries in use. */
  get size(): number {
    return this.#numberOf.size
  }
  /** One above the highest number given. */
  get end(): number {
    return this.#values.length
  }

  find(key: string): number | undefined {
    return this.#numberOf.get(key)
  }

  /** The number of `key`, given anew with what `make` returns when it is not known. */
  intern(key: string, make: () => Value): number {
    const known = this.#numberOf.get(key)
    if (known !== undefined) return known
    const number = this.#free.pop() ?? this.#values.length
    this.#values[number] = make()
    this.#keys[number] = key
    this.#numberOf.set(key, number)
    this.version += 1
    return number
  }

  /** Undefined for 0 and for numbers that are not in use. */
  get(number: number): Value | undefined {
    return this.#values[number]
  }

  replace(number: number, value: Value): void {
    this.#values[number] = value
    this.version += 1
  }

  /** Forgets what `isUsed` has no mark for; its numbers are given again. */
  retain(isUsed: Uint8Array): void {
    for (let number = 1; number < this.#values.length; number += 1) {
      const key = this.#keys[number]
      if (key === undefined || isUsed[number] === 1) continue
      this.#numberOf.delete(key)
      this.#values[number] = undefined
      this.#keys[number] = undefined
      this.#free.push(number)
    }
    this.version += 1
  }
}

/** The place of each value of a dictionary in their order, worked out again only when the dictionary changed. */
export class Ranks<Value> {
  readonly #dictionary: Dictionary<Value>
  readonly #textOf: (value: Value) => string | null
  #version = -1
  #ranks = new Float64Array(0)
  #sorted: string[] = []

  constructor(dictionary: Dictionary<Value>, textOf: (value: Value) => string | null) {
    this.#dictionary = dictionary
    this.#textOf = textOf
  }

  /** By number; NaN where there is no text. Equal texts have equal ranks. */
  get(): Float64Array {
    if (this.#version === this.#dictionary.version) return this.#ranks
    this.#version = this.#dictionary.version
    const texts: (string | null)[] = []
    for (let number = 0; number < this.#dictionary.end; number += 1) {
      const value = this.#dictionary.get(number)
      texts.push(value === undefined ? null : this.#textOf(value))
    }
    this.#sorted = [...new Set(texts.filter((text) => text !== null))].sort()
    const rankOf = new Map(this.#sorted.map((text, rank) => [text, rank]))
    this.#ranks = Float64Array.from(texts, (text) => (text === null ? Number.NaN : (rankOf.get(text) ?? Number.NaN)))
    return this.#ranks
  }

  /** Where `text` stands, or would stand, among them. */
  rankOf(text: string): number {
    this.get()
    let low = 0
    let high = this.#sorted.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#sorted[middle] ?? '') < text) low = middle + 1
      else high = middle
    }
    return this.#sorted[low] === text ? low : low - 0.5
  }
}
