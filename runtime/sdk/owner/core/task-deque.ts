import type { OwnedTask } from './state.ts'

/** Ended tasks are cut out when they are this many and more than half. */
const compactAt = 1_024

/** Double-ended and O(1) at both ends. A task that ended while it was queued stays where it is, is not counted, and is skipped. */
export class TaskDeque {
  #front: OwnedTask[] = []
  #items: OwnedTask[] = []
  #head = 0
  #ended = 0

  /** Tasks that have not ended. */
  get length(): number {
    return this.#stored - this.#ended
  }
  get #stored(): number {
    return this.#front.length + this.#items.length - this.#head
  }
  push(task: OwnedTask): void {
    this.#items.push(task)
  }
  unshift(task: OwnedTask): void {
    this.#front.push(task)
  }
  peek(): OwnedTask | undefined {
    for (;;) {
      const task = this.#front.at(-1) ?? this.#items[this.#head]
      if (task?.phase !== 'ended') return task
      this.#drop()
      this.#ended -= 1
    }
  }
  shift(): OwnedTask | undefined {
    const task = this.peek()
    if (task) this.#drop()
    return task
  }
  /** Empties it; returns what had not ended, in order. */
  takeAll(): OwnedTask[] {
    const tasks = [...this]
    this.#front = []
    this.#items = []
    this.#head = 0
    this.#ended = 0
    return tasks
  }
  /** A task in here has just ended. */
  noteEnded(): void {
    if (this.#stored === this.#ended) return // all were taken out before they were ended
    this.#ended += 1
    if (this.#ended < compactAt || this.#ended * 2 < this.#stored) return
    this.#items = [...this]
    this.#front = []
    this.#head = 0
    this.#ended = 0
  }
  *[Symbol.iterator](): Generator<OwnedTask> {
    for (let index = this.#front.length - 1; index >= 0; index -= 1) yield* unlessEnded(this.#front[index])
    for (let index = this.#head; index < this.#items.length; index += 1) yield* unlessEnded(this.#items[index])
  }

  #drop(): void {
    if (this.#front.pop()) return
    this.#head += 1
    if (this.#head < this.#items.length && (this.#head < 4_096 || this.#head * 2 < this.#items.length)) return
    this.#items = this.#items.slice(this.#head)
    this.#head = 0
  }
}

function* unlessEnded(task: OwnedTask | undefined): Generator<OwnedTask> {
  if (task && task.phase !== 'ended') yield task
}
