import { type History, type HistoryLimits, type HistoryPart, historyLimits, jsonOf } from './history.ts'
import { batchLimits } from './topic-batch.ts'

/** `json` is made when somebody reads it: of a hundred reports on one thing between two batches, 99 never are. */
type Entry = { readonly seq: number; readonly event: unknown; json: string | undefined }

/**
 * Of each key the latest event, so that whoever fell behind by any number gets no more than one of each. Events must not be changed
 * after they were pushed. At a limit the keys that rest longest make room.
 */
export class LatestByKey implements History {
  readonly #field: string
  readonly #maxEvents: number
  readonly #maxBytes: number
  /** In the order of their sequence numbers. */
  readonly #entries = new Map<string, Entry>()
  #lastSeq = 0
  #bytes = 0
  /** Of the last event that was the latest of its key and had to go. */
  #forgottenSeq = 0

  constructor(field: string, { maxEvents = historyLimits.maxEvents, maxBytes = 4 * historyLimits.maxBytes }: HistoryLimits = {}) {
    this.#field = field
    this.#maxEvents = maxEvents
    this.#maxBytes = maxBytes
  }

  get lastSeq(): number {
    return this.#lastSeq
  }
  /** Of those that somebody read. */
  get bytes(): number {
    return this.#bytes
  }

  push(event: unknown): void {
    const key = this.#keyOf(event)
    this.#lastSeq += 1
    this.#remove(key)
    this.#entries.set(key, { seq: this.#lastSeq, event, json: undefined })
    if (this.#entries.size > this.#maxEvents) this.#dropFirst()
  }

  read(seq: number): HistoryPart {
    const events: string[] = []
    const lost = seq < this.#forgottenSeq ? null : 0
    let bytes = 0
    let lastSeq = seq
    for (const entry of this.#entries.values()) {
      if (entry.seq <= seq) continue
      const json = this.#jsonOf(entry)
      if (events.length >= batchLimits.events || (events.length > 0 && bytes + json.length > batchLimits.bytes)) break
      events.push(json)
      bytes += json.length
      lastSeq = entry.seq
    }
    while (this.#bytes > this.#maxBytes && this.#entries.size > 1) this.#dropFirst()
    return { events, seq: Math.max(lastSeq, lost === null ? this.#forgottenSeq : 0), lost }
  }

  bytesAfter(seq: number): number {
    return seq < this.#lastSeq ? this.#bytes : 0
  }

  trim(): void {
    for (let left = Math.ceil(this.#entries.size / 2); left > 0; left -= 1) this.#dropFirst()
  }

  #keyOf(event: unknown): string {
    const key: unknown =
      typeof event === 'object' && event !== null && Object.hasOwn(event, this.#field) ? Reflect.get(event, this.#field) : undefined
    if (typeof key === 'string' || typeof key === 'number') return String(key)
    throw new Error(`an event of this topic must have a text or a number as ${this.#field}`)
  }

  #jsonOf(entry: Entry): string {
    if (entry.json !== undefined) return entry.json
    entry.json = jsonOf(entry.event)
    this.#bytes += entry.json.length
    return entry.json
  }

  #dropFirst(): void {
    const first = this.#entries.entries().next().value
    if (first === undefined) return
    this.#forgottenSeq = first[1].seq
    this.#remove(first[0])
  }

  #remove(key: string): void {
    this.#bytes -= this.#entries.get(key)?.json?.length ?? 0
    this.#entries.delete(key)
  }
}
