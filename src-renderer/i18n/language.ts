export const languages = { en: 'English', ja: '日本語' } as const
export type Language = keyof typeof languages

const storageKey = 'shoal-language'
const listeners = new Set<() => void>()

export const isLanguage = (text: unknown): text is Language => typeof text === 'string' && Object.hasOwn(languages, text)

function preferred(): Language {
  const kept = globalThis.localStorage?.getItem(storageKey)
  if (isLanguage(kept)) return kept
  return globalThis.navigator?.language?.startsWith('ja') ? 'ja' : 'en'
}

let current: Language | undefined

export function currentLanguage(): Language {
  current ??= preferred()
  return current
}

/** Changes every text on the page at once, and is kept for the next time. */
export function setLanguage(language: Language): void {
  current = language
  globalThis.localStorage?.setItem(storageKey, language)
  if (globalThis.document) document.documentElement.lang = language
  for (const listener of listeners) listener()
}

/** Calls `listener` after each change; returns what ends that. */
export function onLanguage(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}
