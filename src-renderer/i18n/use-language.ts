import { useSyncExternalStore } from 'react'
import { currentLanguage, type Language, onLanguage } from './language.ts'

export const useLanguage = (): Language => useSyncExternalStore(onLanguage, currentLanguage)
