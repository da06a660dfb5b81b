import { useDeferredValue, useMemo } from 'react'
import type { Machine } from '../../../src-main/contract/machines.ts'
import { useMachines } from '../../api/live-things.ts'
import { useTableUrl } from '../../entities/table-url.ts'
import { useFormat } from '../../i18n/format.ts'
import { useText } from '../../i18n/messages.ts'
import { allOf, firstOf } from '../../navigation/query.ts'
import { useQueryState } from '../../navigation/use-navigation.ts'
import { type RowsInHand, rowsInHand } from '../../ui/data-table/rows-in-hand.ts'
import type { Column } from '../../ui/data-table/table-types.ts'
import { isAsked } from './groups.ts'
import { machineColumns } from './machine-columns.tsx'
import { searchedText } from './machine-words.ts'
import { messages } from './messages.ts'

export type ShownMachines = RowsInHand<Machine> & { readonly columns: readonly Column<Machine>[] }

/** The machines that pass the groups, tags, filters and words of the address, in its order; by name where it says none. */
export function useShownMachines(clusterNames: ReadonlyMap<string, string>): ShownMachines {
  const t = useText(messages)
  const format = useFormat()
  const { values } = useMachines()
  const [{ group, tag }] = useQueryState()
  const [state] = useTableUrl()
  const columns = useMemo(() => machineColumns({ t, format, clusterNames }), [t, format, clusterNames])
  const search = useDeferredValue(state.search ?? '')
  return useMemo(() => {
    const words = search.toLowerCase().split(/\s+/).filter(Boolean)
    const asked = { group: firstOf(group), tags: allOf(tag) }
    const wanted = values.filter((machine) => {
      const text = words.length === 0 ? '' : searchedText(machine)
      return isAsked(machine, asked) && words.every((word) => text.includes(word))
    })
    const sort = state.sort ?? { column: 'machine', isDescending: false }
    const { rows } = rowsInHand(wanted, columns, { state: { filters: state.filters, sort, columns: null } })
    return { columns, rows, counts: { matched: rows.length, total: values.length } }
  }, [values, group, tag, search, state.filters, state.sort, columns])
}
