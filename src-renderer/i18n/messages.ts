import { IntlMessageFormat } from 'intl-messageformat'
import { useMemo } from 'react'
import { currentLanguage, type Language } from './language.ts'
import { useLanguage } from './use-language.ts'

type Texts = Readonly<Record<string, string>>
export type Messages<Key extends string> = Readonly<Record<Language, Readonly<Record<Key, string>>>>
export type Values = Readonly<Record<string, string | number>>
export type Translate<Key extends string> = (key: Key, values?: Values) => string

/** Texts in ICU syntax, each in both languages: the compiler finds the one that is missing. */
export function defineMessages<const English extends Texts>(
  en: English,
  ja: { readonly [Key in keyof English]: string },
): Messages<keyof English & string> {
  return { en, ja }
}

/** For components: follows the language. */
export function useText<Key extends string>(messages: Messages<Key>): Translate<Key> {
  const language = useLanguage()
  return useMemo(() => translator(messages, language), [messages, language])
}

/** For what is no component, in the language of now. */
export function textOf<Key extends string>(messages: Messages<Key>, key: Key, values?: Values): string {
  return translator(messages, currentLanguage())(key, values)
}

const parsed = new Map<string, IntlMessageFormat>()

function translator<Key extends string>(messages: Messages<Key>, language: Language): Translate<Key> {
  return (key, values) => {
    const text = messages[language][key]
    if (!text.includes('{')) return text
    const formatKey = `${language} ${text}`
    let format = parsed.get(formatKey)
    if (format === undefined) {
      format = new IntlMessageFormat(text, language, undefined, { ignoreTag: true })
      parsed.set(formatKey, format)
    }
    return String(format.format({ ...values }))
  }
}
