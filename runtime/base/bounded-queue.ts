/** First in, first out, with a limit: `push` says no when full, and the caller decides what that means. Both ends cost O(1). */
export class BoundedQueue<T> {
  readonly #limit: number
  #items: (T | undefined)[] = []
  #head = 0
  constructor(limit: number) {
    this.#limit = limit
  }
  get length(): number {
    return this.#items.length - this.#head
  }
  push(item: T): boolean {
    if (this.length >= this.#limit) return false
    this.#items.push(item)
    return true
  }
  shift(): T | undefined {
    if (this.#head === this.#items.length) return undefined
    const item = this.#items[this.#head]
    this.#items[this.#head] = undefined
    this.#head += 1
    if (this.#head > 1_024 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head)
      this.#head = 0
    }
    return item
  }
  peek(): T | undefined {
    return this.#items[this.#head]
  }
  *[Symbol.iterator](): Generator<T> {
    for (let index = this.#head; index < this.#items.length; index += 1) yield this.#items[index] as T // between head and end every slot is filled
  }
}
