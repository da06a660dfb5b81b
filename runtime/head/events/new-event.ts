import type { EventKind } from '../../api/events.ts'

/** What happened, before it has its number. `row` is what the thing looks like from then on: plain data that JSON can hold. */
export type NewEvent = {
  readonly kind: EventKind
  readonly id: string
  readonly type: string
  readonly atMs: number
  /** `jobId` and `nodeId` in it are what streams can be narrowed to. */
  readonly row: Readonly<Record<string, unknown>>
}
