import { useMemo } from 'react'
import { clampWidth, leastWidth, shownColumns, templateOf, type Widths } from './column-layout.ts'
import type { DataTableProps } from './data-table-props.ts'
import { createKept } from './kept.ts'
import { type Density, memoryOf, type TableMemory } from './table-memory.ts'
import type { Column } from './table-types.ts'

const useMemory = createKept<TableMemory>('shoal-table:', memoryOf)

/** How a table looks now, and how to change it. */
export type TableLayout<Row> = {
  /** Shown, in order. */
  readonly columns: readonly Column<Row>[]
  /** Chosen by the user or the address; null when nobody chose. */
  readonly chosen: readonly string[] | null
  readonly template: string
  readonly leastWidth: number
  readonly rowHeight: number
  readonly density: Density
  readonly isSelectable: boolean
  readonly choose: (columns: readonly string[] | null) => void
  readonly setDensity: (density: Density) => void
  /** null gives a column its own width again. */
  readonly setWidths: (widths: Readonly<Record<string, number | null>>) => void
}

const rowHeights = { comfortable: 28, compact: 24 } as const

export function useTableLayout<Row>(table: DataTableProps<Row>): TableLayout<Row> {
  const { id, columns: all, state, onState, bulkActions } = table
  const [memory, remember] = useMemory(id)
  const chosen = state.columns ?? memory.columns
  const isSelectable = bulkActions !== undefined
  const columns = useMemo(() => shownColumns(all, chosen), [all, chosen])
  const { widths, density } = memory
  return {
    columns,
    chosen,
    template: useMemo(() => templateOf(columns, widths, isSelectable), [columns, widths, isSelectable]),
    leastWidth: leastWidth(columns, widths, isSelectable),
    rowHeight: rowHeights[density],
    density,
    isSelectable,
    choose(next) {
      // Columns have one home: the state as soon as it names any, else the memory.
      if (state.columns !== null) onState({ ...state, columns: next })
      if (state.columns === null || next === null) remember({ ...memory, columns: next })
    },
    setDensity: (next) => remember({ ...memory, density: next }),
    setWidths: (next) => remember({ ...memory, widths: withWidths(widths, next) }),
  }
}

function withWidths(widths: Widths, next: Readonly<Record<string, number | null>>): Widths {
  const merged: Record<string, number> = { ...widths }
  for (const [id, width] of Object.entries(next)) {
    if (width === null) delete merged[id]
    else merged[id] = clampWidth(width)
  }
  return merged
}
