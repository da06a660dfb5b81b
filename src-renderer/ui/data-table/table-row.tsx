import { ChevronRight } from 'lucide-react'
import { memo, type ReactNode, useLayoutEffect, useRef } from 'react'
import { safeText } from '../../util/safe-text.ts'
import { classNames } from '../class-names.ts'
import type { TableText } from './filter-words.ts'
import { TableCheckbox } from './table-checkbox.tsx'
import type { Column } from './table-types.ts'

export type TableRowProps<Row> = {
  readonly row: Row
  readonly index: number
  readonly top: number
  readonly height: number
  readonly columns: readonly Column<Row>[]
  readonly isActive: boolean
  /** It goes by too fast for more than its name. */
  readonly isFast: boolean
  /** Its menu is open. */
  readonly isMarked: boolean
  /** undefined where rows cannot be selected. */
  readonly isSelected: boolean | undefined
  /** undefined where rows have no more to show. */
  readonly isExpanded: boolean | undefined
  /** undefined where a row leads nowhere; '' where it opens without an address. */
  readonly href: string | undefined
  readonly t: TableText
  readonly measure: ((element: HTMLElement | null) => void) | undefined
  readonly renderExpanded: ((row: Row) => ReactNode) | undefined
}

/** One line, of few elements and no state: many are made while one scrolls. What happens on it is listened to by what holds them all. */
function TableRowOnce<Row>(props: TableRowProps<Row>) {
  const { row, index, top, height, columns, isActive, isFast, isMarked, isSelected, isExpanded, t, measure, renderExpanded } = props
  const line = useRef<HTMLDivElement>(null)
  useLayoutEffect(() => {
    // Only the current row's controls are stops of the Tab key. They are the caller's, so they are told in the page.
    for (const control of line.current?.querySelectorAll<HTMLElement>('a[href], button, input, [tabindex]') ?? []) {
      const wanted = isActive ? 0 : -1
      if (control.tabIndex !== wanted) control.tabIndex = wanted
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
        className={classNames(lineClass, isMarked ? 'bg-hover' : 'bg-surface')}
        style={{ gridTemplateColumns: 'var(--columns)', height, lineHeight: `${height - 1}px` }}
      >
        <LeadCells {...props} name={name} />
        {columns.map((column, place) =>
          place === 0 ? null : (
            <div
              key={column.id}
              role="gridcell"
              aria-colindex={place + firstColumn}
              className={column.align === 'right' ? rightCellClass : cellClass}
            >
              {isFast ? null : contentOf(column.render(row))}
            </div>
          ),
        )}
        <div
          role="gridcell"
          aria-colindex={columns.length + firstColumn}
          className="pointer-events-none right-0 group-focus-within/row:z-10 group-hover/row:z-10 group-focus-within/row:sticky group-focus-within/row:bg-inherit group-hover/row:sticky group-hover/row:bg-inherit"
        >
          <button
            type="button"
            data-menu
            aria-label={t('rowMenu', { name })}
            aria-haspopup="menu"
            className="pointer-events-auto size-full font-semibold text-transparent -outline-offset-2 group-focus-within/row:text-soft group-hover/row:text-soft before:content-['⋯'] hover:text-ink"
          />
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

// The ring lies above the cells that stick to the edges. Boxes and layers that a row needs only now and then are not made before.
const lineClass = classNames(
  'group/row grid w-full border-b text-sm outline-none hover:bg-hover focus-visible:relative aria-selected:bg-selected',
  'focus-visible:after:pointer-events-none focus-visible:after:absolute focus-visible:after:inset-0 focus-visible:after:z-30',
  'focus-visible:after:outline-2 focus-visible:after:-outline-offset-2 focus-visible:after:outline-focus',
)

const cellClass = 'overflow-clip px-2 text-ellipsis whitespace-nowrap'
const rightCellClass = `${cellClass} text-right tabular-nums`

// `memo` forgets that the component is generic.
export const TableRow = memo(TableRowOnce) as typeof TableRowOnce

const contentOf = (content: ReactNode): ReactNode => (typeof content === 'string' ? safeText(content) : content)

type LeadProps<Row> = TableRowProps<Row> & { readonly name: string }

/** What stays in sight while the rest goes sideways: the checkbox and the row's name. */
function LeadCells<Row>(props: LeadProps<Row>) {
  const { isSelected, name, t } = props
  return (
    <div role="presentation" className={classNames(leadClass, barClass, isSelected !== undefined && 'col-span-2')}>
      {isSelected !== undefined && (
        <div role="gridcell" aria-colindex={1}>
          <TableCheckbox label={t('selectRow', { name })} isChecked={isSelected} />
        </div>
      )}
      <NameCell {...props} />
    </div>
  )
}

/** Stuck to the left only where a table is wider than its place: each stuck thing is a layer of its own to the browser. */
export const leadClass = classNames(
  'left-0 grid min-w-0 grid-cols-subgrid group-data-wide/grid:z-20 group-data-wide/grid:border-r group-data-wide/grid:border-transparent',
  'group-data-wide/grid:bg-inherit group-data-scrolled/grid:border-line group-data-wide/grid:@min-[480px]:sticky',
)
const barClass =
  'group-focus-within/row:before:absolute group-focus-within/row:before:inset-y-0 group-focus-within/row:before:left-0 group-focus-within/row:before:w-0.5 group-focus-within/row:before:bg-accent'

const linkClass = 'inline-block overflow-hidden align-middle font-medium text-ellipsis text-accent underline-offset-2 hover:underline'

function NameCell<Row>({ columns, row, name, href, isSelected, isExpanded, t }: LeadProps<Row>) {
  const [column] = columns
  if (column === undefined) return null
  const content = contentOf(column.render(row))
  // Beside the button that unfolds: what is wider than its cell would vanish as a whole, not be cut.
  const room = isExpanded === undefined ? 'max-w-full' : 'max-w-[calc(100%-20px)]'
  return (
    <div role="gridcell" aria-colindex={isSelected === undefined ? 1 : 2} className={cellClass}>
      {isExpanded !== undefined && (
        <button
          type="button"
          data-expand
          aria-label={t('expandRow', { name })}
          aria-expanded={isExpanded}
          className="-ml-1 inline-flex size-6 items-center justify-center align-middle text-faint -outline-offset-2 hover:text-ink"
        >
          <ChevronRight size={14} aria-hidden className={classNames(isExpanded && 'rotate-90')} />
        </button>
      )}
      {href === undefined ? (
        content
      ) : href === '' ? (
        <button type="button" data-open className={classNames(linkClass, room)}>
          {content}
        </button>
      ) : (
        <a href={href} data-open className={classNames(linkClass, room)}>
          {content}
        </a>
      )}
    </div>
  )
}
