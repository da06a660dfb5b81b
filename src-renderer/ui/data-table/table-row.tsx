import { ChevronRight, Ellipsis } from 'lucide-react'
import { memo, type ReactNode, useLayoutEffect, useRef } from 'react'
import { useText } from '../../i18n/messages.ts'
import { safeText } from '../../util/safe-text.ts'
import { classNames } from '../class-names.ts'
import { edgeWidth } from './column-layout.ts'
import { messages } from './messages.ts'
import { TableCheckbox } from './table-checkbox.tsx'
import type { Column } from './table-types.ts'

export type TableRowProps<Row> = {
  readonly row: Row
  readonly index: number
  readonly top: number
  readonly height: number
  readonly columns: readonly Column<Row>[]
  readonly isActive: boolean
  /** undefined where rows cannot be selected. */
  readonly isSelected: boolean | undefined
  /** undefined where rows have no more to show. */
  readonly isExpanded: boolean | undefined
  /** undefined where a row leads nowhere; '' where it opens without an address. */
  readonly href: string | undefined
  readonly measure: ((element: HTMLElement | null) => void) | undefined
  readonly renderExpanded: ((row: Row) => ReactNode) | undefined
}

/** One line. What happens on it is listened to by the grid, once for all rows. */
function TableRowOnce<Row>(props: TableRowProps<Row>) {
  const { row, index, top, height, columns, isActive, isSelected, isExpanded, measure, renderExpanded } = props
  const t = useText(messages)
  const line = useRef<HTMLDivElement>(null)
  useLayoutEffect(() => {
    // Only the current row's controls are stops of the Tab key. They are the caller's, so they are told in the page.
    for (const control of line.current?.querySelectorAll<HTMLElement>('a[href], button, input, [tabindex]') ?? []) {
      control.tabIndex = isActive ? 0 : -1
    }
  })
  const name = safeText(columns[0]?.text(row) ?? '', 100)
  const firstColumn = isSelected === undefined ? 1 : 2
  return (
    <div ref={measure} data-index={index} role="presentation" className="absolute left-0 w-full" style={{ top }}>
      <div
        ref={line}
        role="row"
        data-row={index}
        aria-rowindex={index + 2}
        aria-level={isExpanded === undefined ? undefined : 1}
        aria-selected={isSelected}
        aria-expanded={isExpanded}
        tabIndex={isActive ? 0 : -1}
        className="group/row grid w-full border-b bg-surface text-sm -outline-offset-2 hover:bg-hover aria-selected:bg-selected"
        style={{ gridTemplateColumns: 'var(--columns)', height }}
      >
        {isSelected !== undefined && (
          <div role="gridcell" aria-colindex={1} className="sticky left-0 z-10 bg-inherit">
            <TableCheckbox label={t('selectRow', { name })} isChecked={isSelected} />
          </div>
        )}
        {columns.map((column, place) =>
          place === 0 ? (
            <NameCell key={column.id} {...props} column={column} name={name} />
          ) : (
            <Cell key={column.id} column={column} row={row} index={place + firstColumn} />
          ),
        )}
        <div role="gridcell" aria-colindex={columns.length + firstColumn} className="pointer-events-none sticky right-0 z-10 group-focus-within/row:bg-inherit group-hover/row:bg-inherit">
          <button
            type="button"
            data-menu
            aria-label={t('rowMenu', { name })}
            aria-haspopup="menu"
            className="pointer-events-auto flex size-full items-center justify-center text-faint opacity-0 -outline-offset-2 group-focus-within/row:opacity-100 group-hover/row:opacity-100 hover:text-ink"
          >
            <Ellipsis size={14} aria-hidden />
          </button>
        </div>
      </div>
      {renderExpanded && (
        <div role="row" data-detail aria-level={2} className="border-b bg-sunken">
          <div role="gridcell" aria-colindex={1} aria-colspan={columns.length + firstColumn} className="sticky left-0 w-[100cqw]">
            {renderExpanded(row)}
          </div>
        </div>
      )}
    </div>
  )
}

// `memo` forgets that the component is generic.
export const TableRow = memo(TableRowOnce) as typeof TableRowOnce

const contentOf = (content: ReactNode): ReactNode => (typeof content === 'string' ? safeText(content) : content)

type CellProps<Row> = { readonly column: Column<Row>; readonly row: Row; readonly index: number }

function Cell<Row>({ column, row, index }: CellProps<Row>) {
  return (
    <div
      role="gridcell"
      aria-colindex={index}
      data-cell={column.id}
      className={classNames('flex min-w-0 items-center px-2', column.align === 'right' && 'justify-end text-right tabular-nums')}
    >
      <span className="truncate">{contentOf(column.render(row))}</span>
    </div>
  )
}

/** The first cell: the row's name, and the way into it. */
function NameCell<Row>({
  column,
  row,
  name,
  href,
  isSelected,
  isExpanded,
}: TableRowProps<Row> & { readonly column: Column<Row>; readonly name: string }) {
  const t = useText(messages)
  const content = contentOf(column.render(row))
  const look = 'min-w-0 truncate text-left font-medium text-accent underline-offset-2 hover:underline'
  return (
    <div
      role="gridcell"
      aria-colindex={isSelected === undefined ? 1 : 2}
      data-cell={column.id}
      className={classNames(
        'z-10 flex min-w-0 items-center gap-1 bg-inherit px-2 @min-[480px]:sticky',
        'border-r border-transparent group-data-scrolled/grid:border-line',
        'before:absolute before:inset-y-0 before:left-0 before:w-0.5 group-focus-within/row:before:bg-accent',
      )}
      style={{ left: isSelected === undefined ? 0 : edgeWidth }}
    >
      {isExpanded !== undefined && (
        <button
          type="button"
          data-expand
          aria-label={t('expandRow', { name })}
          aria-expanded={isExpanded}
          className="-ml-1 flex size-6 shrink-0 items-center justify-center rounded-md text-faint -outline-offset-2 hover:text-ink"
        >
          <ChevronRight size={14} aria-hidden className={classNames(isExpanded && 'rotate-90')} />
        </button>
      )}
      {href === undefined ? (
        <span className="truncate">{content}</span>
      ) : href === '' ? (
        <button type="button" data-open className={look}>
          {content}
        </button>
      ) : (
        <a href={href} data-open className={look}>
          {content}
        </a>
      )}
    </div>
  )
}
