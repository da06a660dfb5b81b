import { useMemo } from 'react'
import { type Format, useFormat } from '../../i18n/format.ts'
import { useLanguage } from '../../i18n/use-language.ts'
import type { AxisWords } from './scene.ts'

/** Short lengths to the hundredth of a ms, others as everywhere. */
export const lengthText = (format: Format, ms: number): string => (ms < 10 ? `${format.number(ms)} ms` : format.duration(ms))

export function useAxisWords(): AxisWords {
  const format = useFormat()
  const language = useLanguage()
  return useMemo(() => {
    const day = new Intl.DateTimeFormat(language, { month: 'short', day: 'numeric' })
    const date = new Intl.DateTimeFormat(language, { weekday: 'short', year: 'numeric', month: 'short', day: 'numeric' })
    return { day: (atMs) => day.format(atMs), date: (atMs) => date.format(atMs), duration: (ms) => lengthText(format, ms) }
  }, [format, language])
}
