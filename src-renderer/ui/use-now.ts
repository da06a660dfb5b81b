import { useSyncExternalStore } from 'react'

// One clock for all that ticks: everything on the page turns over in the same moment.
const listeners = new Set<() => void>()
let nowMs = Date.now()
let timer: ReturnType<typeof setInterval> | undefined

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  if (timer === undefined) {
    nowMs = Date.now()
    timer = setInterval(() => {
      if (document.hidden) return
      nowMs = Date.now()
      for (const each of listeners) each()
    }, 1_000)
  }
  return () => {
    listeners.delete(listener)
    if (listeners.size > 0) return
    clearInterval(timer)
    timer = undefined
  }
}

/** Ms since 1970, anew each second while the page is in sight. */
export const useNow = (): number => useSyncExternalStore(subscribe, () => nowMs)
