import { useSyncExternalStore } from 'react'
import { themeEvent } from '../../util/theme.ts'

const names = [
  'good',
  'warn',
  'bad',
  'info',
  'idle',
  'ink',
  'soft',
  'faint',
  'line',
  'strong',
  'surface',
  'sunken',
  'accent',
  'focus',
] as const
/** As many as the themes have. */
export const seriesColours = 8

/** Colours of the theme of now, for what cannot use classes: canvases. */
export type Palette = Readonly<Record<(typeof names)[number], string>> & {
  readonly series: readonly string[]
  readonly fontFamily: string
}

let kept: Palette | undefined

function readPalette(): Palette {
  const style = getComputedStyle(document.documentElement)
  const colour = (name: string) => style.getPropertyValue(`--${name}`).trim()
  const colours = Object.fromEntries(names.map((name) => [name, colour(name)])) as Record<(typeof names)[number], string> // an entry for each name
  const series = Array.from({ length: seriesColours }, (_, index) => colour(`series-${index + 1}`))
  return { ...colours, series, fontFamily: getComputedStyle(document.body).fontFamily }
}

function subscribe(listener: () => void): () => void {
  const changed = () => {
    kept = undefined
    listener()
  }
  window.addEventListener(themeEvent, changed)
  return () => window.removeEventListener(themeEvent, changed)
}

/** Follows the theme. */
export const usePalette = (): Palette => useSyncExternalStore(subscribe, () => (kept ??= readPalette()))
