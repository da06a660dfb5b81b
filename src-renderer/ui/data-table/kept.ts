import { useCallback, useSyncExternalStore } from 'react'

type Known<T> = { readonly text: string | null; readonly value: T; readonly isStored: boolean }

/**
 * A hook for what this browser keeps, by id, and shares with its other windows. `parse` gets what was kept, or null, and makes a whole of it.
 * Where nothing may be stored it lasts as long as the page.
 */
export function createKept<T>(prefix: string, parse: (kept: unknown) => T): (id: string) => readonly [T, (next: T) => void] {
  const known = new Map<string, Known<T>>()
  const listeners = new Set<() => void>()
  const tell = () => {
    for (const listener of listeners) listener()
  }
  const subscribe = (listener: () => void) => {
    if (listeners.size === 0) window.addEventListener('storage', tell)
    listeners.add(listener)
    return () => {
      listeners.delete(listener)
      if (listeners.size === 0) window.removeEventListener('storage', tell)
    }
  }
  const read = (id: string): T => {
    const before = known.get(id)
    if (before?.isStored === false) return before.value
    const text = readStorage(prefix + id)
    if (before !== undefined && before.text === text) return before.value
    const value = parse(parsed(text))
    known.set(id, { text, value, isStored: true })
    return value
  }
  const write = (id: string, value: T) => {
    const text = JSON.stringify(value)
    known.set(id, { text, value, isStored: writeStorage(prefix + id, text) })
    tell()
  }
  return function useKept(id) {
    const value = useSyncExternalStore(subscribe, () => read(id))
    return [value, useCallback((next: T) => write(id, next), [id])]
  }
}

function readStorage(key: string): string | null {
  try {
    return localStorage.getItem(key)
  } catch {
    return null // a browser that forbids it: the defaults hold
  }
}

function writeStorage(key: string, text: string): boolean {
  try {
    localStorage.setItem(key, text)
    return true
  } catch {
    return false
  }
}

function parsed(text: string | null): unknown {
  try {
    return JSON.parse(text ?? 'null')
  } catch {
    return null // written by something else
  }
}
