import { PanelRight } from 'lucide-react'
import type { Machine } from '../../../src-main/contract/machines.ts'
import { firstOf } from '../../navigation/query.ts'
import { useQueryState } from '../../navigation/use-navigation.ts'

/** With a mark on the one that is open beside the list. */
export function MachineName({ machine: { id, name } }: { readonly machine: Machine }) {
  const [query] = useQueryState()
  const open = firstOf(query['machine'])
  const isOpen = open === id || open?.toLowerCase() === name.toLowerCase()
  return (
    <span className="inline-flex max-w-full items-center gap-1.5 font-medium">
      <span className="truncate">{name}</span>
      {isOpen && <PanelRight size={12} aria-hidden className="shrink-0" />}
    </span>
  )
}
