import { createContext, useContext } from 'react'

/** What any part of the page may open. */
export type ShellState = { readonly openPalette: () => void; readonly openShortcuts: () => void }

export const ShellContext = createContext<ShellState>({ openPalette: () => {}, openShortcuts: () => {} })
export const useShellState = (): ShellState => useContext(ShellContext)

const isMac = /Mac|iPhone|iPad/.test(navigator.platform)
export const paletteKeys = isMac ? '⌘K' : 'Ctrl+K'
