import type { ClusterRecord } from './cluster-record.ts'
import { keyOf, thingKinds, thingLists, type ThingKind } from './core/rows.ts'
import { type Live, pagesOf } from './live.ts'

/** A filter is at most 4,096 letters long. */
const filterLetters = 4_000
/** Told events that are asked for when something happened, and after a gap. */
const fewEvents = 200
const manyEvents = 10_000
/** So much of the time at most is spent on lists: what took 1 s is not asked again for 10 s. */
const restShare = 10

/** Brings the record's rows up to what lists say: events tell less than lists. Which things changed is noted with `changed`. */
export class ListSync {
  readonly #record: ClusterRecord
  readonly #changed = new Map<ThingKind, Set<string>>()
  readonly #whole = new Set<ThingKind>()
  #restUntilMs = 0

  constructor(record: ClusterRecord) {
    this.#record = record
  }

  changed(kind: ThingKind, id: string): void {
    const ids = this.#changed.get(kind) ?? new Set()
    this.#changed.set(kind, ids.add(id))
  }

  /** All lists are to be read whole: something was missed. */
  missed(): void {
    for (const kind of thingKinds) this.#whole.add(kind)
  }

  get isBehind(): boolean {
    return this.#changed.size > 0 || this.#whole.size > 0
  }

  /** Asks for what changed. @throws as every call; what was not read is asked for the next time */
  async run(live: Live, nowMs: () => number): Promise<void> {
    const startMs = nowMs()
    if (startMs < this.#restUntilMs) return
    for (const kind of thingKinds) {
      const ids = this.#changed.get(kind)
      const isWhole = this.#whole.has(kind)
      if (ids === undefined && !isWhole) continue
      this.#changed.delete(kind)
      this.#whole.delete(kind)
      try {
        await this.#read(live, kind, { ids: isWhole ? undefined : ids, nowMs })
      } catch (error) {
        this.#whole.add(kind)
        throw error
      }
    }
    this.#restUntilMs = nowMs() + (nowMs() - startMs) * restShare
  }

  async #read(live: Live, kind: ThingKind, { ids, nowMs }: { ids: ReadonlySet<string> | undefined; nowMs: () => number }): Promise<void> {
    if (kind === 'cluster_events') return this.#readEvents(live, ids === undefined ? manyEvents : fewEvents, nowMs)
    const column = thingLists[kind].key[0] ?? 'id'
    const filter = ids && `${column}:in:${[...ids].join(',')}`
    const isNarrow = filter !== undefined && filter.length <= filterLetters
    const seen = new Set<string>()
    let total = 0
    for await (const { rows, total: all } of pagesOf(live, kind, isNarrow ? { filter: [filter] } : {})) {
      total = all
      this.#record.together(() => {
        for (const row of rows) {
          seen.add(keyOf(kind, row))
          this.#record.putThing(kind, row, nowMs())
        }
      })
    }
    if (!isNarrow && seen.size >= total) this.#forgetAbsent(kind, seen) // of a list that is cut off nothing is known of what is not in it
  }

  /** What the list has no more and what had not ended: nobody can say how it stands. What had ended stays in the record. */
  #forgetAbsent(kind: ThingKind, seen: ReadonlySet<string>): void {
    const sql = 'SELECT id FROM things WHERE kind = ? AND is_over = 0'
    const absent = this.#record.database
      .prepare(sql)
      .all(kind)
      .map((row) => String(row['id']))
      .filter((id) => !seen.has(id))
    if (absent.length === 0) return
    this.#record.together(() => {
      for (const id of absent) this.#record.removeThing(kind, id)
    })
  }

  async #readEvents(live: Live, most: number, nowMs: () => number): Promise<void> {
    for await (const { rows } of pagesOf(live, 'cluster_events', { sort: '-time', most })) {
      this.#record.together(() => {
        for (const row of rows) this.#record.putThing('cluster_events', row, nowMs())
      })
    }
  }
}
