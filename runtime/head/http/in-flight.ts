import { ClusterError } from '../../base/errors.ts'

/** Ray's limit for its state API (`RAY_STATE_SERVER_MAX_HTTP_REQUEST`). */
const maxStateRequests = 100
/** Answers without an end, and WebSockets. */
const maxStreams = 1_000
const maxOthers = 1_000

/** Requests that are being answered, by kind, so that a slow kind does not keep the others out. */
export type InFlight = {
  /** Returns what to call at the end, or the refusal `too-many-requests`. */
  begin(path: string, isSocket?: boolean): (() => void) | ClusterError
}

export function createInFlight(): InFlight {
  const counts = { 'state requests': 0, streams: 0, requests: 0 }
  const limits = { 'state requests': maxStateRequests, streams: maxStreams, requests: maxOthers }
  return {
    begin(path, isSocket = false) {
      const kind = isSocket || isEndless(path) ? 'streams' : path.startsWith('/api/v0/') ? 'state requests' : 'requests'
      if (counts[kind] >= limits[kind]) {
        return new ClusterError(
          'too-many-requests',
          `${counts[kind]} ${kind} are being answered, and that is the most at once; try again in a moment`,
          {
            details: { limit: limits[kind] },
          },
        )
      }
      counts[kind] += 1
      let isOver = false
      return () => {
        if (isOver) return
        isOver = true
        counts[kind] -= 1
      }
    },
  }
}

const isEndless = (path: string): boolean => path.startsWith('/api/v0/logs/')
