import { useEffect, useEffectEvent } from 'react'
import type { ClusterEvent, EventKind } from '../../runtime/api/events.ts'
import { panel } from './panel.ts'

type Listener = { readonly onEvents: (events: readonly ClusterEvent[]) => void; readonly onGap: () => void }

/** One subscription for each cluster that somebody looks at. */
const followed = new Map<string, { readonly listeners: Set<Listener>; readonly off: () => void }>()

/** What happens in a cluster from now on; `onGap`: something was missed, so look at everything again. `cluster` is its id. */
export function followCluster(cluster: string, listener: Listener): () => void {
  let entry = followed.get(cluster)
  if (!entry) {
    const listeners = new Set<Listener>()
    const off = panel.follow<ClusterEvent>(`cluster-events/${cluster}`, ({ events, gap, isSnapshot }) => {
      for (const each of listeners) {
        if (gap !== undefined || isSnapshot) each.onGap()
        if (!isSnapshot) each.onEvents(events)
      }
    })
    entry = { listeners, off }
    followed.set(cluster, entry)
  }
  entry.listeners.add(listener)
  return () => {
    const current = followed.get(cluster)
    if (!current?.listeners.delete(listener) || current.listeners.size > 0) return
    current.off()
    followed.delete(cluster)
  }
}

const everything: readonly EventKind[] = ['node', 'job', 'task', 'actor', 'placement_group', 'object_store', 'log', 'alert']

type ChangeOptions = {
  /** @default all */
  readonly kinds?: readonly EventKind[] | undefined
  /** At most once in so long: at once for the first, then no more often. @default 500 */
  readonly everyMs?: number | undefined
}

/** Calls `onChange` when something of these kinds changed in the cluster: for what must be looked at again. */
export function useClusterChanges(cluster: string | undefined, onChange: () => void, { kinds, everyMs = 500 }: ChangeOptions = {}): void {
  const changed = useEffectEvent(onChange)
  const wanted = (kinds ?? everything).join(',')
  useEffect(() => {
    if (cluster === undefined) return undefined
    const kindSet = new Set(wanted.split(','))
    let toldAtMs = Number.NEGATIVE_INFINITY
    let timer: ReturnType<typeof setTimeout> | undefined
    const tell = () => {
      timer = undefined
      toldAtMs = performance.now()
      changed()
    }
    const note = () => {
      if (timer !== undefined) return
      const waitMs = Math.max(0, toldAtMs + everyMs * (document.hidden ? 8 : 1) - performance.now())
      if (waitMs === 0) tell()
      else timer = setTimeout(tell, waitMs)
    }
    const off = followCluster(cluster, {
      onGap: note,
      onEvents(events) {
        if (events.some(({ kind }) => kindSet.has(kind))) note()
      },
    })
    return () => {
      clearTimeout(timer)
      off()
    }
  }, [cluster, wanted, everyMs])
}
