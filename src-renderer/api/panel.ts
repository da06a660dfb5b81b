import { QueryClient } from '@tanstack/react-query'
import { useCallback, useSyncExternalStore } from 'react'
import type { GivenInput, Method, Output } from '../../src-main/contract/panel.ts'
import { desktopWire } from './desktop-wire.ts'
import { type ConnectionState, PanelConnection } from './panel-connection.ts'
import { openWebWire } from './web-wire.ts'

/** The page has one panel, over whichever wire it was opened with. */
export const panel = new PanelConnection(window.shoalDesktop ? desktopWire(window.shoalDesktop) : openWebWire)

document.addEventListener('visibilitychange', () => panel.setHidden(document.hidden))

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      retry: false, // the connection waits and resumes by itself; what the panel refuses it refuses again
      staleTime: 1_000,
      gcTime: 300_000,
      refetchOnWindowFocus: false,
      networkMode: 'always', // the panel is on this computer
    },
    mutations: { networkMode: 'always' },
  },
})

export function useConnection(): ConnectionState {
  return useSyncExternalStore(
    useCallback((listener) => panel.onState(listener), []),
    () => panel.state,
  )
}

/** Of a call that reads, for `useQuery`: its key is the method and its input. */
export const panelQuery = <M extends Method>(method: M, input: GivenInput<M>) => ({
  queryKey: [method, input] as const,
  queryFn: ({ signal }: { signal: AbortSignal }): Promise<Output<M>> => panel.call(method, input, signal),
})
