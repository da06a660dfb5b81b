import { Bug, CircleX, Link, type LucideIcon, RotateCw, TriangleAlert, Unplug } from 'lucide-react'
import { memo } from 'react'
import { useFormat } from '../../i18n/format.ts'
import { useText } from '../../i18n/messages.ts'
import { classNames } from '../class-names.ts'
import { shownLetters } from './ansi-line.ts'
import { LineContent } from './line-content.tsx'
import type { LogLevel, SourceState } from './log-line.ts'
import { messages } from './messages.ts'

/** Of all rows: which columns there are, and how wide, in letters. */
export type RowLayout = {
  readonly isWrapped: boolean
  readonly numberWidth: number
  readonly timeWidth: number
  readonly sourceWidth: number
  readonly onLink: ((id: number) => void) | null
  readonly onWhole: (id: number) => void
}

type LogRowProps = {
  readonly id: number
  readonly layout: RowLayout
  readonly number: number
  /** As much of it as a row shows, with escape sequences. */
  readonly text: string
  readonly length: number
  readonly level: LogLevel | null
  readonly time: string
  readonly timeTitle: string
  readonly source: string
  readonly series: number
  readonly sourceState: SourceState
  readonly rewrites: number
  readonly ranges: readonly number[]
  readonly isCurrent: boolean
  /** The pointer is over it. */
  readonly isPointed: boolean
}

export const LogRow = memo(function LogRow(props: LogRowProps) {
  const { id, layout, text, length, level, ranges, isCurrent } = props
  return (
    <div
      data-line={id}
      className={classNames(
        'flex min-w-full hover:bg-hover',
        layout.isWrapped ? 'min-h-[18px]' : 'h-[18px]',
        isCurrent ? 'bg-selected' : level === 'error' ? 'bg-bad-soft' : level === 'warn' ? 'bg-warn-soft' : 'bg-surface',
      )}
    >
      <Gutter {...props} />
      <div
        dir="ltr"
        style={{ unicodeBidi: 'isolate' }}
        className={classNames(
          'pr-4 pl-2',
          layout.isWrapped ? 'min-w-0 flex-1 [overflow-wrap:anywhere] whitespace-pre-wrap' : 'shrink-0 whitespace-pre',
        )}
      >
        {text === '' ? <br /> : <LineContent text={text} ranges={ranges} isCurrent={isCurrent} />}
      </div>
      <Extras id={id} layout={layout} length={length} rewrites={props.rewrites} />
    </div>
  )
})

/** What is usual has no icon. */
const levelIcons: Partial<Record<LogLevel, LucideIcon>> = { debug: Bug, warn: TriangleAlert, error: CircleX }
const levelColours: Record<LogLevel, string> = { debug: 'text-idle', info: '', warn: 'text-warn', error: 'text-bad' }

function Gutter({ id, layout, number, level, time, timeTitle, source, series, sourceState, isCurrent, isPointed }: LogRowProps) {
  const t = useText(messages)
  const Icon = level === null ? undefined : levelIcons[level]
  return (
    <div
      className={classNames(
        'sticky left-0 z-[1] flex h-[18px] shrink-0 items-center gap-2 border-l-2 bg-inherit pl-1 select-none',
        isCurrent ? 'border-accent text-soft' : 'border-transparent text-faint',
      )}
    >
      <span className="flex w-3 justify-center">
        {Icon && level && <Icon size={12} className={levelColours[level]} role="img" aria-label={t(level)} />}
      </span>
      <span className="text-right tabular-nums" style={{ width: `${layout.numberWidth}ch` }}>
        {number}
      </span>
      {layout.onLink && (
        <span className="w-6">
          {(isCurrent || isPointed) && <LinkButton id={id} number={number} onLink={layout.onLink} isCurrent={isCurrent} />}
        </span>
      )}
      {layout.timeWidth > 0 && (
        <span title={timeTitle || undefined} className="whitespace-nowrap tabular-nums" style={{ width: `${layout.timeWidth}ch` }}>
          {time}
        </span>
      )}
      {layout.sourceWidth > 0 && (
        <span className="flex items-center gap-1" style={{ width: `${layout.sourceWidth + 2}ch`, color: seriesInk(series) }}>
          <span title={source} className="truncate font-medium">
            {source}
          </span>
          {sourceState === 'gone' && <Unplug size={12} className="shrink-0" role="img" aria-label={t('gone')} />}
        </span>
      )}
    </div>
  )
}

/** Of a source: a chart's colour, made dark or light enough to read. */
export const seriesInk = (series: number): string => `color-mix(in srgb, var(--series-${(series % 8) + 1}) 80%, var(--ink))`

type LinkButtonProps = {
  readonly id: number
  readonly number: number
  readonly isCurrent: boolean
  readonly onLink: (id: number) => void
}

/** There for the current line and the one that is pointed at: small ones side by side would be hard to hit. */
function LinkButton({ id, number, isCurrent, onLink }: LinkButtonProps) {
  const label = useText(messages)('copyLink', { number })
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      tabIndex={isCurrent ? 0 : -1}
      onClick={() => onLink(id)}
      className="flex h-[18px] w-6 items-center justify-center hover:text-accent"
    >
      <Link size={12} aria-hidden />
    </button>
  )
}

type ExtrasProps = { readonly id: number; readonly layout: RowLayout; readonly length: number; readonly rewrites: number }

/** What is said of a line behind it; it stays in sight however far the line goes on. */
function Extras({ id, layout, length, rewrites }: ExtrasProps) {
  const t = useText(messages)
  const format = useFormat()
  const isCut = length > shownLetters
  if (!isCut && rewrites === 0) return null
  const title = t('rewritten', { count: rewrites, shown: format.number(rewrites) })
  return (
    <div className="sticky right-0 flex h-[18px] shrink-0 items-center gap-2 bg-inherit px-2 font-sans text-faint select-none">
      {rewrites > 0 && (
        <span title={title} className="flex items-center gap-1 text-xs tabular-nums">
          <RotateCw size={11} role="img" aria-label={title} />
          {format.number(rewrites)}
        </span>
      )}
      {isCut && (
        <button type="button" onClick={() => layout.onWhole(id)} className="text-xs text-accent underline">
          {t('showWhole', { count: format.number(length) })}
        </button>
      )}
    </div>
  )
}
