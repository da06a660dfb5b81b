import { useSyncExternalStore } from 'react'
import type { Engine, ServiceKind } from '../../../src-main/contract/clusters.ts'

/** What was entered so far of a cluster that is not created yet. It outlives a reload, not the tab. */
export type Draft = {
  /** As it was pasted. */
  readonly text: string
  readonly user: string
  readonly keyFile: string
  /** Ids of machines that were known before. */
  readonly chosen: readonly string[]
  /** Ids of all its machines in their order, once they are on the list of machines. */
  readonly members: readonly string[]
  /** Of these, those that shall not be in it after all. */
  readonly leftOut: readonly string[]
  /** Of these, those that came on the list of machines by this draft. */
  readonly added: readonly string[]
  /** Of these, those that were looked at. */
  readonly checked: readonly string[]
  /** Null: the first that is free. */
  readonly name: string | null
  /** Null: the one that is suggested. */
  readonly head: string | null
  readonly service: ServiceKind
  readonly engine: Engine
  /** For the engine `ray`, as it was typed; what is empty is as usual. */
  readonly ray: { readonly version: string; readonly python: string; readonly wheels: string; readonly packages: string }
  readonly ports: { readonly head: string; readonly agent: string; readonly api: string }
}

const storageKey = 'shoal-new-cluster'
const emptyDraft: Draft = {
  text: '',
  user: '',
  keyFile: '',
  chosen: [],
  members: [],
  leftOut: [],
  added: [],
  checked: [],
  name: null,
  head: null,
  service: 'none',
  engine: 'shoal',
  ray: { version: '', python: '', wheels: '', packages: '' },
  ports: { head: '6379', agent: '6380', api: '8265' },
}

function readDraft(): Draft {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(storageKey) ?? '{}')
    return typeof kept === 'object' && kept !== null ? { ...emptyDraft, ...kept } : emptyDraft
  } catch {
    return emptyDraft // what cannot be read was not written by this version
  }
}

let current: Draft | undefined
const listeners = new Set<() => void>()

export function readDraftNow(): Draft {
  current ??= readDraft()
  return current
}

export function changeDraft(part: Partial<Draft>): void {
  current = { ...readDraftNow(), ...part }
  sessionStorage.setItem(storageKey, JSON.stringify(current))
  for (const listener of listeners) listener()
}

export function forgetDraft(): void {
  current = emptyDraft
  sessionStorage.removeItem(storageKey)
  for (const listener of listeners) listener()
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export const useDraft = (): Draft => useSyncExternalStore(subscribe, readDraftNow)
export const wantedIds = ({ members, leftOut }: Draft): string[] => members.filter((id) => !leftOut.includes(id))
