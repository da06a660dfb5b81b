import { useMemo } from 'react'
import { toast } from 'sonner'
import { useText } from '../i18n/messages.ts'
import { firstOf } from '../navigation/query.ts'
import { useQueryState } from '../navigation/use-navigation.ts'
import type { LineReference, StoredLine } from '../ui/log-view/log-line.ts'
import { messages } from './messages.ts'

/** A line that the address names, by its place in its file, and how to copy such an address. */
export function useLineLink(): { readonly line: LineReference | undefined; readonly onLinkLine: (line: StoredLine) => void } {
  const t = useText(messages)
  const [query] = useQueryState()
  const asked = firstOf(query['line'])
  const line = useMemo((): LineReference | undefined => {
    const match = /^(\d+)@(.*)$/.exec(asked ?? '')
    if (match) return { source: match[2] ?? '', offset: Number(match[1]) }
    return /^\d+$/.test(asked ?? '') ? { number: Number(asked) } : undefined
  }, [asked])
  return {
    line,
    onLinkLine({ offset, number, source }) {
      const url = new URL(location.href)
      url.searchParams.set('line', offset === null ? String(number) : `${offset}@${source.key}`)
      void navigator.clipboard.writeText(url.href).then(() => toast.success(t('lineCopied')))
    },
  }
}
