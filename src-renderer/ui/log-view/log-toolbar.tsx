import { Clock, Download, Filter, Search, WrapText, X } from 'lucide-react'
import type { ReactNode } from 'react'
import { useFormat } from '../../i18n/format.ts'
import { useText } from '../../i18n/messages.ts'
import { IconButton } from '../button.tsx'
import { Select } from '../field.tsx'
import { Menu, type MenuItem } from '../menu.tsx'
import { logLevels } from './log-line.ts'
import type { LogSearch } from './log-search.ts'
import type { LogStore } from './log-store.ts'
import type { ChangeState, LogViewState } from './log-view-state.ts'
import { messages } from './messages.ts'
import { PatternField } from './pattern-field.tsx'
import { SourceMenu } from './source-menu.tsx'
import { useFailureText } from './use-failure-text.ts'

type LogToolbarProps = {
  readonly store: LogStore
  readonly search: LogSearch
  readonly state: LogViewState
  readonly change: ChangeState
  readonly extra: ReactNode
  readonly onSearch: () => void
  readonly onDownloadShown: () => void
  readonly onDownloadAll: (() => void) | undefined
}

export function LogToolbar(props: LogToolbarProps) {
  const { store, search, state, change } = props
  const t = useText(messages)
  const failure = useFailureText(search.failureOf('filter'))
  return (
    <div role="group" aria-label={t('toolbar')} className="flex flex-wrap items-center gap-2 border-b px-2 py-1">
      <PatternField
        label={t('filter')}
        placeholder={t('filterShort')}
        pattern={state.filter}
        onChange={(filter) => change({ filter })}
        fault={failure !== null}
        icon={<Filter size={14} aria-hidden />}
        className="w-64 max-w-full"
      />
      <LevelSelect state={state} change={change} />
      {store.sources.length > 1 && <SourceMenu sources={store.sources} hidden={state.hidden} onChange={(hidden) => change({ hidden })} />}
      <TimeRange state={state} change={change} />
      <LineCount store={store} search={search} />
      <div className="ml-auto flex items-center gap-1">
        {props.extra}
        <IconButton icon={Search} label={t('searchOpen')} onClick={props.onSearch} />
        <TimesMenu state={state} change={change} />
        <IconButton icon={WrapText} label={t('wrap')} isPressed={state.isWrapped} onClick={() => change({ isWrapped: !state.isWrapped })} />
        <DownloadMenu {...props} />
      </div>
      {failure !== null && (
        <p role="status" className="w-full text-sm text-bad">
          {failure}
        </p>
      )}
    </div>
  )
}

type StateProps = { readonly state: LogViewState; readonly change: ChangeState }

const levelTexts = { debug: 'levelDebug', info: 'levelInfo', warn: 'levelWarn', error: 'levelError' } as const

function LevelSelect({ state, change }: StateProps) {
  const t = useText(messages)
  const options = [
    { value: 'all' as const, label: t('levelAll') },
    ...logLevels.map((level) => ({ value: level, label: t(levelTexts[level]) })),
  ]
  return (
    <Select
      aria-label={t('level')}
      options={options}
      value={state.level ?? 'all'}
      onChange={(level) => change({ level: level === 'all' ? null : level })}
      className="text-sm"
    />
  )
}

/** Only there while times are limited; the page sets the limits. */
function TimeRange({ state, change }: StateProps) {
  const t = useText(messages)
  const format = useFormat()
  const { sinceMs, untilMs } = state
  if (sinceMs === null && untilMs === null) return null
  const name = (atMs: number | null) => (atMs === null ? '…' : format.time(atMs))
  return (
    <span className="inline-flex h-7 items-center rounded-md bg-accent-soft pl-2 text-sm">
      {t('timeRange', { from: name(sinceMs), to: name(untilMs) })}
      <IconButton size="sm" icon={X} label={t('timeRangeClear')} onClick={() => change({ sinceMs: null, untilMs: null })} />
    </span>
  )
}

function LineCount({ store, search }: { readonly store: LogStore; readonly search: LogSearch }) {
  const t = useText(messages)
  const format = useFormat()
  const all = format.number(store.lineCount)
  return (
    <span className="text-sm text-faint tabular-nums">
      {search.isFiltered
        ? t('linesOf', { shown: format.number(search.rowCount), all })
        : t('lines', { count: store.lineCount, shown: all })}
    </span>
  )
}

const timeTexts = { off: 'timesOff', local: 'timesLocal', relative: 'timesRelative' } as const

function TimesMenu({ state, change }: StateProps) {
  const t = useText(messages)
  const items = (['off', 'local', 'relative'] as const).map((times) => ({
    label: t(timeTexts[times]),
    isChecked: times === state.times,
    onSelect: () => change({ times }),
  }))
  return (
    <Menu label={t('times')} items={items} trigger={<IconButton icon={Clock} label={t('times')} isPressed={state.times !== 'off'} />} />
  )
}

function DownloadMenu({ search, onDownloadShown, onDownloadAll }: LogToolbarProps) {
  const t = useText(messages)
  const format = useFormat()
  const shown = { label: t('downloadShown', { count: format.number(search.rowCount) }), onSelect: onDownloadShown }
  const items: MenuItem[] = onDownloadAll ? [shown, { label: t('downloadAll'), onSelect: onDownloadAll }] : [shown]
  return <Menu label={t('download')} items={items} trigger={<IconButton icon={Download} label={t('download')} />} />
}
