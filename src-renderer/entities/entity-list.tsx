import type { LucideIcon } from 'lucide-react'
import type { ReactNode } from 'react'
import type { ListedThing } from '../api/entity-pages.ts'
import type { Row } from '../api/rows.ts'
import { useText } from '../i18n/messages.ts'
import { paths } from '../navigation/paths.ts'
import { useGo } from '../navigation/use-navigation.ts'
import type { Column } from '../ui/data-table/table-types.ts'
import { EmptyState } from '../ui/empty-state.tsx'
import type { MenuItem } from '../ui/menu.tsx'
import { Page } from '../ui/page.tsx'
import type { Control } from './control-actions.ts'
import { useControl } from './control-dialog.tsx'
import { EntityTable } from './entity-table.tsx'
import { messages } from './messages.ts'
import { useClusterOfPath } from './use-cluster-of-path.ts'

/** What can be done to the things of a list, one by one and to many at once. */
type ListControl = {
  readonly action: Control
  readonly icon: LucideIcon
  readonly label: string
  readonly labelOfMany: (count: number) => string
  readonly isPossible: (row: Row) => boolean
}

type EntityListProps = {
  readonly thing: ListedThing
  readonly title: string
  readonly columns: readonly Column<Row>[]
  /** In its address, and for what is done to it. */
  readonly idOf: (row: Row) => string
  /** @default idOf */
  readonly rowId?: (row: Row) => string
  readonly nameOf: (row: Row) => string
  /** The column in which the search box looks. */
  readonly searchColumn: string
  readonly control: ListControl
  /** What a row's menu has after the item that opens it. `act` is the control's item, for this row. */
  readonly itemsOf: (row: Row, act: MenuItem) => readonly MenuItem[]
  /** Where nothing is there at all. */
  readonly empty: { readonly icon: LucideIcon; readonly title: string; readonly text: string; readonly action?: ReactNode }
  readonly actions?: ReactNode
  readonly renderExpanded?: (row: Row) => ReactNode
  readonly quickFilters?: ReactNode
}

/** A page with all things of one kind in a cluster, each of which has a page of its own, and what can be done to them. */
export function EntityList({ thing, title, idOf, nameOf, control, itemsOf, empty, actions, ...table }: EntityListProps) {
  const t = useText(messages)
  const go = useGo()
  const { ref, id } = useClusterOfPath()
  const { ask, whyNot, dialog } = useControl(id)
  const hrefOf = (row: Row) => paths.entity(ref, thing, idOf(row))
  const targetOf = (row: Row) => ({ id: idOf(row), name: nameOf(row) })
  const controlItem = (rows: readonly Row[], labelOf: (count: number) => string): MenuItem => {
    const open = rows.filter(control.isPossible)
    const onSelect = () => ask(control.action, open.map(targetOf))
    const why = whyNot(control.action)
    const isDisabled = open.length === 0 || why !== undefined
    return { label: labelOf(open.length), icon: control.icon, isDanger: true, isDisabled, ...(why !== undefined && { why }), onSelect }
  }
  const rowActions = (row: Row): MenuItem[] => {
    const act = controlItem([row], () => control.label)
    return [{ label: t('open'), onSelect: () => go(hrefOf(row)) }, ...itemsOf(row, act)]
  }
  return (
    <Page title={title} actions={actions} isFull>
      <EntityTable
        rowId={idOf}
        {...table}
        cluster={id}
        thing={thing}
        label={title}
        hrefOf={hrefOf}
        rowActions={rowActions}
        bulkActions={(rows) => [controlItem(rows, control.labelOfMany)]}
        empty={
          <EmptyState icon={empty.icon} title={empty.title} action={empty.action}>
            {empty.text}
          </EmptyState>
        }
      />
      {dialog}
    </Page>
  )
}
