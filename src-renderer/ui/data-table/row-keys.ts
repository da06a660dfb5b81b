/** What a key does on a row. */
export type RowAction =
  | { readonly do: 'move'; readonly to: Step; readonly isSelecting: boolean }
  | { readonly do: 'open' | 'select' | 'select-all' | 'expand' | 'collapse' | 'menu' | 'leave' }
export type Step = 'next' | 'previous' | 'first' | 'last' | 'page-down' | 'page-up'

export type Key = {
  readonly key: string
  readonly ctrlKey: boolean
  readonly metaKey: boolean
  readonly shiftKey: boolean
  readonly altKey: boolean
}

const steps: Readonly<Record<string, Step>> = {
  ArrowDown: 'next',
  ArrowUp: 'previous',
  j: 'next',
  k: 'previous',
  Home: 'first',
  End: 'last',
  PageDown: 'page-down',
  PageUp: 'page-up',
}
const plainKeys: Readonly<Record<string, RowAction>> = {
  Enter: { do: 'open' },
  ' ': { do: 'select' },
  ArrowRight: { do: 'expand' },
  ArrowLeft: { do: 'collapse' },
  '.': { do: 'menu' },
  ContextMenu: { do: 'menu' },
  Escape: { do: 'leave' },
}

/** The meaning of a key on a row; undefined leaves it to the browser and the page. */
export function rowActionOf({ key, ctrlKey, metaKey, shiftKey, altKey }: Key): RowAction | undefined {
  if (altKey) return undefined
  if (ctrlKey || metaKey) return key.toLowerCase() === 'a' && !shiftKey ? { do: 'select-all' } : undefined
  const to = Object.hasOwn(steps, key) ? steps[key] : undefined
  if (to !== undefined) return { do: 'move', to, isSelecting: shiftKey }
  if (shiftKey && key === 'F10') return { do: 'menu' }
  return !shiftKey && Object.hasOwn(plainKeys, key) ? plainKeys[key] : undefined
}

/** Where a step leads from a row: never out of the list, except that one may go up to the head, as -1. */
export function stepTo(step: Step, from: number, { count, pageRows }: { readonly count: number; readonly pageRows: number }): number {
  const last = count - 1
  switch (step) {
    case 'next':
      return Math.min(last, from + 1)
    case 'previous':
      return from - 1
    case 'first':
      return 0
    case 'last':
      return last
    case 'page-down':
      return Math.min(last, from + pageRows)
    case 'page-up':
      return Math.max(0, from - pageRows)
  }
}

/** The row's place now: where it was if it is still there, else wherever it is, else the place it had. -1 without rows. */
export function placeOf<Row>(
  rows: readonly Row[],
  rowId: (row: Row) => string,
  was: { readonly id: string | undefined; readonly index: number },
): number {
  const there = rows[was.index]
  if (there !== undefined && (was.id === undefined || rowId(there) === was.id)) return was.index
  const found = was.id === undefined ? -1 : rows.findIndex((row) => rowId(row) === was.id)
  return found >= 0 ? found : Math.min(was.index, rows.length - 1)
}
