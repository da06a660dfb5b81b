import { useEffect } from 'react'
import { useGo } from '../navigation/use-navigation.ts'
import { clusterPages, homePages, servePage, settingsPage } from './pages.ts'
import type { ShellState } from './shell-state.ts'

/** How long the second key of a chord is waited for. */
const chordMs = 1_200

/** Keys do nothing of ours where one types, and in terminals. */
const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && target.closest('input, textarea, select, [contenteditable="true"], .xterm, [role="dialog"]') !== null

/** The keys that work everywhere: the palette, `?`, and `g` with a letter for each page. */
export function useShortcuts(cluster: string | undefined, { openPalette, openShortcuts }: ShellState): void {
  const go = useGo()
  useEffect(() => {
    const pages = [...homePages, settingsPage, ...(cluster === undefined ? [] : [...clusterPages(cluster), servePage(cluster)])]
    const byLetter = new Map(pages.map(({ keys, to }) => [keys.slice(-1), to]))
    let chordAtMs = Number.NEGATIVE_INFINITY
    const onKey = (event: KeyboardEvent) => {
      const isCommand = event.ctrlKey || event.metaKey
      if (isCommand && !event.altKey && event.key.toLowerCase() === 'k') {
        event.preventDefault()
        return openPalette()
      }
      if (isCommand || event.altKey || isTyping(event.target) || event.defaultPrevented) return undefined
      if (event.key === '?') {
        event.preventDefault()
        return openShortcuts()
      }
      if (event.key === 'g') {
        chordAtMs = performance.now()
        return undefined
      }
      const to = performance.now() - chordAtMs < chordMs ? byLetter.get(event.key) : undefined
      chordAtMs = Number.NEGATIVE_INFINITY
      if (to === undefined) return undefined
      event.preventDefault()
      event.stopImmediatePropagation() // the second key of a chord means nothing else
      return go(to)
    }
    window.addEventListener('keydown', onKey, { capture: true })
    return () => window.removeEventListener('keydown', onKey, { capture: true })
  }, [cluster, go, openPalette, openShortcuts])
}
