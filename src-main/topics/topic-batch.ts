/** What a subscriber is given at a time. At first there is always one, with or without events, so that it knows from where to resume. */
export type TopicBatch = {
  readonly topic: string
  /** Of this life of the topic: sequence numbers of another epoch mean nothing in this one. */
  readonly epoch: string
  /** Where to resume from after this batch; on a part of a snapshot, still the place before it. */
  readonly seq: number
  /** JSON texts, in order. They are made once, whoever gets them. */
  readonly events: readonly string[]
  /** Events between the last batch and this one that nobody has any more; `lost` is null where their number is not known. */
  readonly gap?: { readonly lost: number | null }
  /** The events say how things stand, not what happened; they replace all that came before. More of it follows until `last`. */
  readonly snapshot?: 'part' | 'last'
}

/** Of one batch, so that a frame stays small and a slow client is noticed in between. One event may be larger alone. */
export const batchLimits = { events: 2_000, bytes: 1024 * 1024 } as const

/** Splits what is too much for one batch; at least one list, which may be empty. */
export function splitEvents(events: readonly string[]): string[][] {
  const parts: string[][] = [[]]
  let bytes = 0
  for (const event of events) {
    const last = parts.at(-1) ?? []
    if (last.length > 0 && (last.length >= batchLimits.events || bytes + event.length > batchLimits.bytes)) {
      parts.push([event])
      bytes = event.length
    } else {
      last.push(event)
      bytes += event.length
    }
  }
  return parts
}
