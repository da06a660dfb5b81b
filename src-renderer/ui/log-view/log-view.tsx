import { type ReactNode, useCallback, useState } from 'react'
import { useText } from '../../i18n/messages.ts'
import { Button } from '../button.tsx'
import { downloadShown } from './download-log.ts'
import { JumpButton } from './jump-button.tsx'
import type { LineReference, StoredLine } from './log-line.ts'
import { LogList } from './log-list.tsx'
import type { LogSearch } from './log-search.ts'
import type { LogStore } from './log-store.ts'
import { LogToolbar } from './log-toolbar.tsx'
import { type ChangeState, type LogViewState, useLogViewState, withoutFilters } from './log-view-state.ts'
import { LongLineDialog } from './long-line-dialog.tsx'
import { messages } from './messages.ts'
import { NewLinesAnnouncer } from './new-lines-announcer.tsx'
import { SearchBar } from './search-bar.tsx'
import { useLogKeys } from './use-log-keys.ts'
import { useLogScroller } from './use-log-scroller.ts'
import { useLogSearch } from './use-log-search.ts'
import { useCurrentLine } from './use-current-line.ts'

type LogViewProps = {
  readonly store: LogStore
  /** The name of the log, for those who hear it and for the file that is saved. */
  readonly label: string
  /** More may come: the view begins at the end and stays there. */
  readonly isLive: boolean
  /** What is said while there is no line. */
  readonly emptyText: string
  readonly toolbarExtra?: ReactNode
  /** Brought into sight once, as soon as it is there. */
  readonly highlightLine?: LineReference | undefined
  readonly onLinkLine?: ((line: StoredLine) => void) | undefined
  readonly onDownloadAll?: (() => void) | undefined
  /** Given: what is set is kept by the page. */
  readonly state?: Partial<LogViewState> | undefined
  readonly onStateChange?: ((state: LogViewState) => void) | undefined
}

/** A log of any length, live or not: followed, searched, filtered. It takes the height that it is given. */
export function LogView(props: LogViewProps) {
  const { store, label, isLive, onLinkLine } = props
  const { state, change } = useLogViewState(props)
  const search = useLogSearch(store, state)
  const parts = useLogScroller(isLive && props.highlightLine === undefined)
  const { scroller } = parts
  const current = useCurrentLine({ store, search, parts, highlightLine: props.highlightLine })
  const [searchAsked, setSearchAsked] = useState(0)
  const [isSearchOpen, setSearchOpen] = useState(state.search.text !== '')
  const [whole, setWhole] = useState<StoredLine | null>(null)
  const openSearch = () => {
    setSearchOpen(true)
    setSearchAsked((count) => count + 1)
  }
  const closeSearch = () => {
    setSearchOpen(false)
    change({ search: { ...state.search, text: '' } })
    parts.containerRef.current?.focus()
  }
  const keys = useLogKeys({ parts, store, search, current, openSearch })
  const showWhole = useCallback((id: number) => setWhole(store.lineAt(id)), [store])
  const onLink = useCallback((id: number) => onLinkLine?.(store.lineAt(id)), [store, onLinkLine])
  const save = () => void downloadShown(label, { store, search, state })
  return (
    <section
      aria-label={label}
      onKeyDown={keys.onViewKeyDown}
      className="flex h-full min-h-0 flex-col overflow-hidden rounded-lg border bg-surface"
    >
      <LogToolbar
        {...{ store, search, state, change }}
        extra={props.toolbarExtra}
        onSearch={openSearch}
        onDownloadShown={save}
        onDownloadAll={props.onDownloadAll}
      />
      {isSearchOpen && (
        <SearchBar
          search={search}
          pattern={state.search}
          currentId={current.id}
          asked={searchAsked}
          onChange={(pattern) => {
            current.awaitHit()
            change({ search: pattern })
          }}
          onMove={current.move}
          onClose={closeSearch}
        />
      )}
      <div className="relative flex min-h-0 flex-1 flex-col">
        <LogList
          {...{ store, search, state, parts, label }}
          currentId={current.id}
          onCurrent={current.set}
          onKeyDown={keys.onListKeyDown}
          onLink={onLinkLine ? onLink : null}
          onWhole={showWhole}
        />
        <NothingShown {...{ store, search, change }} emptyText={props.emptyText} />
        {isLive && !scroller.isFollowing && search.rowCount > 0 && (
          <JumpButton newLines={search.rowCount - search.rowOfId(scroller.seenTo)} onJump={() => scroller.toEnd()} />
        )}
      </div>
      <NewLinesAnnouncer store={store} isLive={isLive} />
      {whole !== null && <LongLineDialog line={whole} onClose={() => setWhole(null)} />}
    </section>
  )
}

type NothingShownProps = {
  readonly store: LogStore
  readonly search: LogSearch
  readonly change: ChangeState
  readonly emptyText: string
}

/** Why there is no line to see. */
function NothingShown({ store, search, change, emptyText }: NothingShownProps) {
  const t = useText(messages)
  if (search.rowCount > 0 || (search.isFiltered && search.isWorking)) return null
  const isHidden = store.endId > store.firstId
  return (
    <div className="absolute inset-x-0 top-0 flex items-center gap-2 p-3 text-soft">
      <p role="status">{isHidden ? t('noMatch') : store.phase === 'loading' ? t('loading') : emptyText}</p>
      {isHidden && (
        <Button size="sm" onClick={() => change(withoutFilters)}>
          {t('clearFilters')}
        </Button>
      )}
    </div>
  )
}
