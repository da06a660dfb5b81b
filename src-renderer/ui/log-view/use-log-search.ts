import { useEffect, useMemo, useSyncExternalStore } from 'react'
import { LogSearch } from './log-search.ts'
import type { LogStore } from './log-store.ts'
import { type LogViewState, useQuery } from './log-view-state.ts'
import { startSearchWorker } from './start-search-worker.ts'

/** Follows the store and the state; the component is drawn again when what it shows may have changed. */
export function useLogSearch(store: LogStore, state: LogViewState): LogSearch {
  const search = useMemo(() => new LogSearch(store, { startWorker: startSearchWorker }), [store])
  const query = useQuery(state)
  useEffect(() => search.setQuery(query), [search, query])
  useSyncExternalStore(search.subscribe, search.getVersion)
  return search
}
