import { useSyncExternalStore } from 'react'
import type { Signal } from './signal.ts'

/** Renders again whenever the signal is told. */
export const useSignal = (signal: Signal): number => useSyncExternalStore(signal.subscribe, signal.getVersion)
