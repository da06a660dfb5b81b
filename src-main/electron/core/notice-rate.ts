import type { Notice } from './news.ts'

/** What is shown: one thing, or how many more there were. */
export type Shown = { readonly kind: 'one'; readonly notice: Notice } | { readonly kind: 'more'; readonly count: number }

export type NoticeRate = {
  /** When the latest were shown. */
  shownAtMs: number[]
  /** Those that were not, and how many there are beyond those. */
  waiting: Notice[]
  more: number
}

export const createNoticeRate = (): NoticeRate => ({ shownAtMs: [], waiting: [], more: 0 })

/** A hundred jobs that end together are not a hundred notices. */
const most = 4
const windowMs = 30_000
const maxWaiting = 100

/** What of these, and of those that had to wait, is shown now. Call it with none from time to time. Changes `state`. */
export function admitNotices(state: NoticeRate, notices: readonly Notice[], nowMs: number): Shown[] {
  state.shownAtMs = state.shownAtMs.filter((atMs) => nowMs - atMs < windowMs)
  const room = maxWaiting - state.waiting.length
  state.waiting.push(...notices.slice(0, room))
  state.more += Math.max(0, notices.length - room)
  const shown: Shown[] = []
  const isRoom = () => state.shownAtMs.length < most
  // The last place is for the count of all that there is no place for.
  while (state.waiting.length > 0 && isRoom()) {
    const isLastPlace = state.shownAtMs.length === most - 1
    if (isLastPlace && state.waiting.length + state.more > 1) {
      shown.push({ kind: 'more', count: state.waiting.splice(0).length + state.more })
      state.more = 0
    } else shown.push(...state.waiting.splice(0, 1).map((notice) => ({ kind: 'one', notice }) as const))
    state.shownAtMs.push(nowMs)
  }
  return shown
}
