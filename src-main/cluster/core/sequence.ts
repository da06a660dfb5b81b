/** Numbers of events that were never seen, both ends included, and why. */
export type Gap = { readonly fromSeq: number; readonly toSeq: number; readonly reason: GapReason }
/**
 * `too-old`: the head keeps them no longer. `began-anew`: the head counts from the start again, as its store was lost.
 * `left-out`: the stream went on further behind than it should have.
 */
export type GapReason = 'too-old' | 'began-anew' | 'left-out'

type Batch = { readonly type: 'batch'; readonly from: number; readonly to: number }
type Snapshot = { readonly type: 'snapshot'; readonly to: number; readonly reason: 'start' | 'too-old'; readonly part: number }

/** Follows the numbers of one cluster over any break, so that nothing is taken twice and nothing is missing unsaid. */
export class SequenceTracker {
  /** The last number that was seen; undefined: none yet. */
  #last: number | undefined

  constructor(last: number | undefined) {
    this.#last = last
  }

  get last(): number | undefined {
    return this.#last
  }

  /** Events up to `seenTo` of this batch were taken before. */
  take(frame: Batch | Snapshot): { readonly seenTo: number; readonly gap: Gap | null } {
    const last = this.#last
    if (frame.type === 'snapshot') {
      this.#last = frame.to
      return { seenTo: 0, gap: last === undefined || frame.part > 0 || frame.reason === 'start' ? null : snapshotGap(last, frame.to) }
    }
    const seenTo = last ?? 0
    this.#last = Math.max(seenTo, frame.to)
    const isHole = last !== undefined && frame.from > last + 1
    return { seenTo, gap: isHole ? { fromSeq: last + 1, toSeq: frame.from - 1, reason: 'left-out' } : null }
  }
}

function snapshotGap(last: number, to: number): Gap {
  return to < last ? { fromSeq: 1, toSeq: to, reason: 'began-anew' } : { fromSeq: last + 1, toSeq: to, reason: 'too-old' }
}
