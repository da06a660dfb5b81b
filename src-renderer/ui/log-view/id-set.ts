import { findPlace } from './places.ts'

type Page = { readonly firstId: number; readonly ids: number[] }

/** Numbers in rising order, many of them, where the lowest go and new ones are mostly the highest. */
export class IdSet {
  #pages: Page[] = []
  /** How many stand before each page; made anew after a change. */
  #before: number[] | null = null
  #count = 0

  get count(): number {
    return this.#count
  }

  clear(): void {
    this.#pages = []
    this.#changed(-this.#count)
  }

  /** `ids` rise, and none is below one that is here. */
  append(ids: readonly number[]): void {
    for (let from = 0; from < ids.length; from += idsPerPage) {
      const part = ids.slice(from, from + idsPerPage)
      const last = this.#pages.at(-1)
      if (last !== undefined && last.ids.length + part.length <= idsPerPage) last.ids.push(...part)
      else this.#pages.push({ firstId: part[0] ?? 0, ids: [...part] })
    }
    if (ids.length > 0) this.#changed(ids.length)
  }

  set(id: number, isIn: boolean): void {
    if (this.has(id) === isIn) return
    if (this.#pages.length === 0) this.#pages.push({ firstId: id, ids: [] })
    const page = this.#pages[this.#pageOf(id)]
    if (page === undefined) return
    const place = findPlace(page.ids.length, (at) => (page.ids[at] ?? 0) >= id)
    page.ids.splice(place, isIn ? 0 : 1, ...(isIn ? [id] : []))
    this.#changed(isIn ? 1 : -1)
  }

  dropBelow(id: number): void {
    let gone = 0
    while (this.#pages[0] !== undefined && (this.#pages[0].ids.at(-1) ?? -1) < id) gone += this.#pages.shift()?.ids.length ?? 0
    const first = this.#pages[0]
    if (first !== undefined)
      gone += first.ids.splice(
        0,
        findPlace(first.ids.length, (at) => (first.ids[at] ?? 0) >= id),
      ).length
    if (gone > 0) this.#changed(-gone)
  }

  has(id: number): boolean {
    return this.at(this.rankOf(id)) === id
  }

  /** How many are below it. */
  rankOf(id: number): number {
    const number = this.#pageOf(id)
    const ids = this.#pages[number]?.ids ?? []
    return (this.#counts()[number] ?? 0) + findPlace(ids.length, (at) => (ids[at] ?? 0) >= id)
  }

  at(rank: number): number | undefined {
    if (rank < 0 || rank >= this.#count) return undefined
    const before = this.#counts()
    const number = findPlace(before.length, (at) => (before[at] ?? 0) > rank) - 1
    return this.#pages[number]?.ids[rank - (before[number] ?? 0)]
  }

  slice(fromId: number, toId: number): number[] {
    const ids: number[] = []
    const end = this.rankOf(toId)
    for (let rank = this.rankOf(fromId); rank < end; rank++) ids.push(this.at(rank) ?? 0)
    return ids
  }

  #pageOf(id: number): number {
    return Math.max(0, findPlace(this.#pages.length, (at) => (this.#pages[at]?.firstId ?? 0) > id) - 1)
  }

  #counts(): readonly number[] {
    if (this.#before !== null) return this.#before
    let sum = 0
    this.#before = this.#pages.map(({ ids }) => {
      const before = sum
      sum += ids.length
      return before
    })
    return this.#before
  }

  #changed(by: number): void {
    this.#count += by
    this.#before = null
  }
}

const idsPerPage = 4_096
