export const themes = ['system', 'light', 'dark'] as const
export type ThemeChoice = (typeof themes)[number]
export const contrasts = ['system', 'normal', 'more'] as const
export type ContrastChoice = (typeof contrasts)[number]
export type Appearance = { readonly theme: ThemeChoice; readonly contrast: ContrastChoice }

const storageKey = 'shoal-appearance'
/** Told on `window` after a change, for canvases, which must read their colours again. */
export const themeEvent = 'shoal:theme'

const isOneOf = <const T extends readonly string[]>(list: T, value: unknown): value is T[number] =>
  typeof value === 'string' && list.includes(value)

/** What the user chose; a `?theme=` in the address goes first. */
export function readAppearance(): Appearance {
  const asked = new URLSearchParams(location.search).get('theme')
  let kept: unknown
  try {
    kept = JSON.parse(localStorage.getItem(storageKey) ?? '{}')
  } catch {
    kept = {} // written by something else: the defaults hold
  }
  const { theme, contrast } = typeof kept === 'object' && kept !== null ? (kept as Record<string, unknown>) : {} // narrowed to an object, whose fields are checked next
  return {
    theme: isOneOf(themes, asked) ? asked : isOneOf(themes, theme) ? theme : 'system',
    contrast: isOneOf(contrasts, contrast) ? contrast : 'system',
  }
}

const prefersDark = () => matchMedia('(prefers-color-scheme: dark)')
const prefersContrast = () => matchMedia('(prefers-contrast: more)')

/** Shows the page so, now. */
export function applyAppearance({ theme, contrast }: Appearance): void {
  const root = document.documentElement
  const isDark = theme === 'dark' || (theme === 'system' && prefersDark().matches)
  const isStrong = contrast === 'more' || (contrast === 'system' && prefersContrast().matches)
  root.dataset['theme'] = isDark ? 'dark' : 'light'
  root.dataset['contrast'] = isStrong ? 'more' : 'normal'
  window.dispatchEvent(new Event(themeEvent))
}

export function keepAppearance(appearance: Appearance): void {
  localStorage.setItem(storageKey, JSON.stringify(appearance))
  applyAppearance(appearance)
}

/** Follows the system's settings where the user left the choice to it. */
export function followSystem(): void {
  for (const query of [prefersDark(), prefersContrast()]) query.addEventListener('change', () => applyAppearance(readAppearance()))
}
