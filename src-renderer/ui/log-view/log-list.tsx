import { type KeyboardEvent, type MouseEvent, type ReactNode, useMemo, useState } from 'react'
import { useFormat } from '../../i18n/format.ts'
import { useText } from '../../i18n/messages.ts'
import { partForRow, shownText } from './ansi-line.ts'
import { averageHeightOf } from './average-height.ts'
import { sinceStart } from './line-times.ts'
import { LogRow, type RowLayout } from './log-row.tsx'
import { droppedRow, endRow, rowsOf } from './log-rows.ts'
import type { LogSearch } from './log-search.ts'
import type { LogStore } from './log-store.ts'
import type { LogViewState } from './log-view-state.ts'
import { messages } from './messages.ts'
import { InfoRow, NoticeRow } from './notice-row.tsx'
import { rowHeight } from './scroll-map.ts'
import type { ScrollerParts } from './use-log-scroller.ts'

type LogListProps = {
  readonly store: LogStore
  readonly search: LogSearch
  readonly state: LogViewState
  readonly parts: ScrollerParts
  readonly label: string
  readonly currentId: number | null
  readonly onCurrent: (id: number) => void
  readonly onKeyDown: (event: KeyboardEvent) => void
  readonly onLink: ((id: number) => void) | null
  readonly onWhole: (id: number) => void
}

/** The lines in sight, and some around them, in a place that scrolls as if all were there. */
export function LogList(props: LogListProps) {
  const { store, search, state, parts } = props
  const { scroller, containerRef, layerRef, width } = parts
  const [pointedId, setPointedId] = useState<number | null>(null)
  const rows = rowsOf(store, search)
  const layout = useRowLayout(props)
  const columns = columnsFor(width, layout)
  const averageHeight = state.isWrapped ? averageHeightOf({ store, search, scroller }, columns) : rowHeight
  const widthKey = `${state.isWrapped} ${search.isFiltered} ${width}`
  const drawn = scroller.drawn(rows, { averageHeight, widthKey })
  const startMs = state.times === 'relative' ? store.findStartMs() : null
  const ids = Array.from({ length: drawn.to - drawn.from }, (_, at) => rows.idOf(drawn.from + at))
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reachable by keys
    <div
      ref={containerRef}
      role="log"
      aria-live="off"
      aria-label={props.label}
      tabIndex={0}
      onScroll={scroller.onScroll}
      onWheel={scroller.onWheel}
      onKeyDown={props.onKeyDown}
      onClick={(event) => chooseLine(event, props.onCurrent)}
      onMouseOver={(event) => setPointedId(lineOf(event))}
      onMouseLeave={() => setPointedId(null)}
      className="relative min-h-0 flex-1 overflow-auto bg-surface font-mono text-sm leading-[18px] -outline-offset-2 [overflow-anchor:none]"
    >
      <div aria-hidden style={{ height: drawn.height }} />
      <div ref={layerRef} className={state.isWrapped ? 'absolute inset-x-0 top-0' : 'absolute top-0 left-0 w-max min-w-full'}>
        {ids.map((id) => (
          <ListRow key={id} id={id} list={props} layout={layout} startMs={startMs} isPointed={id === pointedId} />
        ))}
      </div>
    </div>
  )
}

type ListRowProps = {
  readonly id: number
  readonly list: LogListProps
  readonly layout: RowLayout
  /** What times are counted from; null: they are shown as they are. */
  readonly startMs: number | null
  readonly isPointed: boolean
}

function ListRow({ id, list, layout, startMs, isPointed }: ListRowProps): ReactNode {
  const t = useText(messages)
  const format = useFormat()
  const { store, search, state, currentId } = list
  if (id === endRow) return <InfoRow>{t('end')}</InfoRow>
  if (id === droppedRow) return <InfoRow>{t('dropped', { count: store.droppedLines, shown: format.number(store.droppedLines) })}</InfoRow>
  const line = store.lineAt(id)
  if (line.notice !== null) return <NoticeRow notice={line.notice} source={layout.sourceWidth > 0 ? line.source.label : null} />
  const atMs = state.times === 'off' ? null : line.atMs
  return (
    <LogRow
      id={id}
      layout={layout}
      number={line.number}
      text={partForRow(line.text)}
      length={line.text.length}
      level={line.level}
      time={atMs === null ? '' : startMs === null ? format.clock(atMs) : sinceStart(atMs, startMs)}
      timeTitle={atMs === null ? '' : format.time(atMs)}
      source={line.source.label}
      series={line.source.number}
      sourceState={line.source.state}
      rewrites={line.rewrites}
      ranges={search.isHit(id) ? search.rangesOf(id, shownText(line.text)) : noRanges}
      isCurrent={id === currentId}
      isPointed={isPointed}
    />
  )
}

const noRanges: readonly number[] = []

const widestSource = 24

function useRowLayout({ store, state, onLink, onWhole }: LogListProps): RowLayout {
  const { sources, droppedLines, lineCount } = store
  const sourceWidth = sources.length < 2 ? 0 : Math.min(widestSource, Math.max(...sources.map(({ label }) => label.length)))
  const numberWidth = Math.max(3, String(droppedLines + lineCount).length)
  const timeWidth = state.times === 'off' ? 0 : 13
  const { isWrapped } = state
  return useMemo(
    () => ({ isWrapped, numberWidth, timeWidth, sourceWidth, onLink, onWhole }),
    [isWrapped, numberWidth, timeWidth, sourceWidth, onLink, onWhole],
  )
}

/** How many letters fit behind the columns, about. */
function columnsFor(width: number, layout: RowLayout): number {
  const gutter = layout.numberWidth + layout.timeWidth + layout.sourceWidth + 8
  return Math.max(20, Math.floor(width / letterWidth) - gutter)
}

const letterWidth = 7.2

/** A click on a line makes it the current one; a drag selects text. */
function chooseLine(event: MouseEvent, onCurrent: (id: number) => void): void {
  const id = lineOf(event)
  if (id !== null && window.getSelection()?.isCollapsed !== false) onCurrent(id)
}

function lineOf({ target }: MouseEvent): number | null {
  const id = target instanceof Element ? target.closest('[data-line]')?.getAttribute('data-line') : null
  return id ? Number(id) : null
}
