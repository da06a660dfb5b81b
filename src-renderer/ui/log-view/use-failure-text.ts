import { useFormat } from '../../i18n/format.ts'
import { useText } from '../../i18n/messages.ts'
import type { SearchFailure } from './log-search.ts'
import { messages } from './messages.ts'

/** What a person is told of a pattern that did not work; null: it did. */
export function useFailureText(failure: SearchFailure | null): string | null {
  const t = useText(messages)
  const format = useFormat()
  if (failure === null) return null
  if (failure.kind === 'slow') return t('slow', { line: format.number(failure.atLine) })
  return t(failure.kind, { message: failure.message })
}
