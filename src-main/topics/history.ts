/** What a topic still knows of its past. Sequence numbers begin at 1 and leave none out. Pure. */
export type History = {
  /** Of the last event; 0 before the first. */
  readonly lastSeq: number
  readonly bytes: number
  push(event: unknown): void
  /** What came after `seq`, oldest first, as much as one batch takes. */
  read(seq: number): HistoryPart
  /** Bytes that a reader at `seq` has not got yet. */
  bytesAfter(seq: number): number
  /** Forgets the older half. */
  trim(): void
}

export type HistoryPart = {
  readonly events: readonly string[]
  /** Of the last event of this part; that of the reader when there is none. */
  readonly seq: number
  /** Events before these that are gone; null: nobody knows how many. */
  readonly lost: number | null
}

export type HistoryLimits = {
  /** @default 10,000 */
  readonly maxEvents?: number
  /** Of their JSON, in UTF-16 units. @default 4 Mi */
  readonly maxBytes?: number
}

export const historyLimits = { maxEvents: 10_000, maxBytes: 4 * 1024 * 1024 } as const

/** @throws Error for what is no JSON value: a fault of the publisher */
export function jsonOf(event: unknown): string {
  const json: string | undefined = JSON.stringify(event)
  if (json === undefined) throw new Error('an event must be a JSON value')
  return json
}
