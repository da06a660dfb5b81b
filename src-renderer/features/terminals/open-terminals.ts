import { useSyncExternalStore } from 'react'

/** Where a terminal is: on a machine, on that of a node, or where a job runs. */
export type TerminalPlace =
  | { readonly machine: string }
  | { readonly cluster: string; readonly node: string }
  | { readonly cluster: string; readonly job: string }
export type OpenTerminal = {
  readonly key: string
  readonly name: string
  readonly place: TerminalPlace
  /** Of the host's shell, once it is open. */
  readonly terminalId: string | null
}

/** The tabs of this window. Their shells live in the host: one may look elsewhere, or load the page again, and come back to them. */
let tabs: readonly OpenTerminal[] = []
let lastKey = 0
const listeners = new Set<() => void>()

function change(next: readonly OpenTerminal[]): void {
  tabs = next
  for (const listener of listeners) listener()
}

export function addTerminal(name: string, place: TerminalPlace): string {
  const key = `t${++lastKey}`
  change([...tabs, { key, name, place, terminalId: null }])
  return key
}

/** Shells that this window knows nothing of: it was loaded again, or another one opened them. */
export function adoptTerminals(
  found: readonly { readonly terminalId: string; readonly name: string; readonly place: TerminalPlace }[],
): void {
  const known = new Set(tabs.map(({ terminalId }) => terminalId))
  const fresh = found.filter(({ terminalId }) => !known.has(terminalId))
  if (fresh.length > 0) change([...tabs, ...fresh.map((each) => ({ ...each, key: `t${++lastKey}` }))])
}

export const noteTerminalId = (key: string, terminalId: string | null): void =>
  change(tabs.map((tab) => (tab.key === key ? { ...tab, terminalId } : tab)))

export const removeTerminal = (key: string): void => change(tabs.filter((tab) => tab.key !== key))

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export const useOpenTerminals = (): readonly OpenTerminal[] => useSyncExternalStore(subscribe, () => tabs)
