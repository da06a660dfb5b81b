import { type History, type HistoryLimits, type HistoryPart, historyLimits, jsonOf } from './history.ts'
import { batchLimits } from './topic-batch.ts'

/** `endBytes`: all bytes ever pushed, this event's among them. */
type Entry = { readonly json: string; readonly endBytes: number }

/** The latest events, all of them; at a limit the oldest make room. */
export class EventRing implements History {
  readonly #maxEvents: number
  readonly #maxBytes: number
  /** Those before `#start` are gone; the array is cut when they are many. */
  #entries: Entry[] = []
  #start = 0
  #lastSeq = 0
  #totalBytes = 0
  #goneBytes = 0

  constructor({ maxEvents = historyLimits.maxEvents, maxBytes = historyLimits.maxBytes }: HistoryLimits = {}) {
    this.#maxEvents = maxEvents
    this.#maxBytes = maxBytes
  }

  get lastSeq(): number {
    return this.#lastSeq
  }
  get bytes(): number {
    return this.#totalBytes - this.#goneBytes
  }
  get #length(): number {
    return this.#entries.length - this.#start
  }
  get #firstSeq(): number {
    return this.#lastSeq - this.#length + 1
  }

  push(event: unknown): void {
    const json = jsonOf(event)
    this.#lastSeq += 1
    this.#totalBytes += json.length
    this.#entries.push({ json, endBytes: this.#totalBytes })
    while (this.#length > this.#maxEvents || (this.bytes > this.#maxBytes && this.#length > 1)) this.#dropFirst()
  }

  read(seq: number): HistoryPart {
    const lost = Math.max(0, this.#firstSeq - 1 - seq)
    const events: string[] = []
    let bytes = 0
    let at = this.#start + Math.max(0, seq + 1 - this.#firstSeq)
    for (let entry = this.#entries[at]; entry !== undefined; entry = this.#entries[++at]) {
      if (events.length >= batchLimits.events || (events.length > 0 && bytes + entry.json.length > batchLimits.bytes)) break
      events.push(entry.json)
      bytes += entry.json.length
    }
    return { events, seq: seq + lost + events.length, lost }
  }

  bytesAfter(seq: number): number {
    const entry = seq < this.#firstSeq ? undefined : this.#entries[this.#start + seq - this.#firstSeq]
    return entry === undefined ? this.bytes : this.#totalBytes - entry.endBytes
  }

  trim(): void {
    for (let left = Math.ceil(this.#length / 2); left > 0; left -= 1) this.#dropFirst()
  }

  #dropFirst(): void {
    this.#goneBytes = this.#entries[this.#start]?.endBytes ?? this.#goneBytes
    this.#start += 1
    if (this.#start < 1_024 || this.#start * 2 < this.#entries.length) return
    this.#entries = this.#entries.slice(this.#start)
    this.#start = 0
  }
}
