import { findPlace } from './places.ts'

/** Numbers lines from 1 where the rows between them that are notices have none. Dropped rows keep their numbers. */
export class NumberedRows {
  /** Rising. */
  #notices: number[] = []
  #dropped = 0

  addNotice(id: number): void {
    this.#notices.push(id)
  }

  /** Rows below this one are no more. */
  drop(firstId: number): void {
    const kept = this.#notices.filter((id) => id >= firstId)
    this.#dropped += this.#notices.length - kept.length
    this.#notices = kept
  }

  /** Of a notice: that of the next line. */
  numberOf(id: number): number {
    const before = findPlace(this.#notices.length, (place) => (this.#notices[place] ?? 0) >= id)
    return id + 1 - before - this.#dropped
  }

  idOf(number: number): number {
    let id = number - 1 + this.#dropped
    for (const notice of this.#notices) {
      if (notice > id) break
      id++
    }
    return id
  }
}
