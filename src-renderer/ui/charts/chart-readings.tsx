import { type KeyboardEvent, useState } from 'react'
import { type Translate, useText } from '../../i18n/messages.ts'
import { classNames } from '../class-names.ts'
import { type Summary, valueNear } from './chart-data.ts'
import { type ChartModel, readingsAt } from './chart-model.ts'
import { pointTime } from './chart-time.ts'
import type { ChartUnit } from './chart-units.ts'
import { messages } from './messages.ts'

export type LineLook = { readonly colour: string; readonly isDashed: boolean }
/** Where the cursor is; `left` and `width` in pixels of the whole chart. */
export type ChartCursor = { readonly index: number; readonly left: number; readonly width: number; readonly nearestSlot: number | null }

export type ChartView = {
  readonly title: string
  readonly unit: ChartUnit
  readonly fromMs: number
  readonly toMs: number
  readonly model: ChartModel
  /** By slot. */
  readonly looks: readonly (LineLook | undefined)[]
  readonly cursor: ChartCursor | null
  readonly language: string
  readonly say: (value: number) => string
}

const mostReadings = 8

function Swatch({ look }: { readonly look: LineLook | undefined }) {
  const colour = look?.colour ?? 'var(--faint)'
  return (
    <svg aria-hidden width={12} height={8} className={classNames('shrink-0', !look && 'opacity-40')}>
      {look ? (
        <line x1={0} x2={12} y1={4} y2={4} stroke={colour} strokeWidth={2} strokeDasharray={look.isDashed ? '5 2' : undefined} />
      ) : (
        <rect width={12} height={8} rx={1} fill={colour} />
      )}
    </svg>
  )
}

/** From the least to the greatest of the lines in the band. */
function restText({ model, say }: ChartView, index: number | null): string {
  const { rest } = model
  if (rest === undefined) return ''
  const [low, high] =
    index === null ? [rest.summary?.min ?? null, rest.summary?.max ?? null] : [valueNear(rest.low, index), valueNear(rest.high, index)]
  return low === null || high === null ? '–' : `${say(low)} – ${say(high)}`
}

/** The values below the cursor, the greatest first. Said elsewhere for those who do not see it. */
export function ChartTooltip(view: ChartView & { readonly cursor: ChartCursor }) {
  const { model, cursor, looks, say, fromMs, toMs, language } = view
  const t = useText(messages)
  const readings = readingsAt(model, cursor.index)
  const hidden = readings.length - mostReadings
  const side = cursor.left > cursor.width / 2 ? { right: cursor.width - cursor.left + 12 } : { left: cursor.left + 12 }
  return (
    <div
      aria-hidden
      className="pointer-events-none absolute top-0 z-20 max-w-72 min-w-32 rounded-md border bg-raised px-2 py-1 text-sm shadow-float"
      style={side}
    >
      <div className="text-xs text-faint tabular-nums">{pointTime(model.atMs[cursor.index] ?? 0, toMs - fromMs, language)}</div>
      {readings.length === 0 && <div className="text-faint">{t('noValue')}</div>}
      {readings.slice(0, mostReadings).map(({ slot, label, value }) => (
        <div key={slot} className={classNames('flex items-center gap-1.5', slot === cursor.nearestSlot && 'font-semibold')}>
          <Swatch look={looks[slot]} />
          <span className="min-w-0 flex-1 truncate">{label}</span>
          <span className="pl-2 tabular-nums">{say(value)}</span>
        </div>
      ))}
      {hidden > 0 && <div className="pl-4 text-faint">{t('more', { count: hidden })}</div>}
      {model.rest && (
        <div className="flex items-center gap-1.5 text-soft">
          <Swatch look={undefined} />
          <span className="flex-1">{t('more', { count: model.rest.count })}</span>
          <span className="pl-2 whitespace-nowrap tabular-nums">{restText(view, cursor.index)}</span>
        </div>
      )}
    </div>
  )
}

const entryGap = 12
const letterWidth = 6.5

/** Room for a swatch, a label and a value; from what does not change with the figures, so that nothing moves when they do. */
function entryWidthOf({ model, unit }: ChartView): number {
  const longest = Math.min(24, Math.max(...model.lines.map(({ label }) => label.length)))
  const valueLetters = unit === 'percent' ? 4 : unit.startsWith('bytes') ? 11 : 8
  return 28 + (longest + valueLetters) * letterWidth
}

/** Below the plot: what is which, with the values at the cursor or else the latest. One row, or two for many lines. */
export function ChartLegend({ width, ...view }: ChartView & { readonly width: number }) {
  const { model, looks, cursor, say } = view
  const t = useText(messages)
  const columns = Math.max(1, Math.floor((width + entryGap) / (entryWidthOf(view) + entryGap)))
  const isWide = model.lines.length + (model.rest ? 1 : 0) > columns
  const room = isWide ? columns * 2 - 1 : columns
  const shown = isWide && (model.rest || model.lines.length > room + 1) ? model.lines.slice(0, room) : model.lines
  const hidden = model.lines.length - shown.length + (model.rest?.count ?? 0)
  const index = cursor?.index ?? null
  return (
    <ul
      aria-hidden
      className={classNames('gap-x-3 overflow-hidden text-sm leading-5 text-soft', isWide ? 'grid content-start' : 'flex')}
      style={{ height: isWide ? 40 : 20, ...(isWide && { gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))` }) }}
    >
      {shown.map(({ slot, label, column, summary }) => {
        const value = index === null ? (summary?.latest ?? null) : valueNear(column, index)
        return (
          <li key={slot} className="flex min-w-0 items-center gap-1.5">
            <Swatch look={looks[slot]} />
            <span className="min-w-0 truncate">{label}</span>
            <span className="font-medium whitespace-nowrap text-ink tabular-nums">{value === null ? '–' : say(value)}</span>
          </li>
        )
      })}
      {hidden > 0 && (
        <li className="flex min-w-0 items-center gap-1.5 text-faint">
          {model.rest && <Swatch look={undefined} />}
          <span className="whitespace-nowrap">{t('more', { count: hidden })}</span>
        </li>
      )}
    </ul>
  )
}

/** The chart in figures, for those who do not see it. */
export function ChartTable({ title, model, say }: ChartView) {
  const t = useText(messages)
  const row = (label: string, summary: Summary | undefined) => (
    <tr key={label}>
      <th scope="row">{label}</th>
      {(['min', 'mean', 'max', 'latest'] as const).map((name) => (
        <td key={name}>{summary ? say(summary[name]) : t('noValue')}</td>
      ))}
    </tr>
  )
  return (
    <div className="sr-only">
      <table>
        <caption>{t('figuresOf', { title })}</caption>
        <thead>
          <tr>
            {(['series', 'least', 'mean', 'greatest', 'latest'] as const).map((name) => (
              <th key={name} scope="col">
                {t(name)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {model.lines.map(({ label, summary }) => row(label, summary))}
          {model.rest && row(t('moreLines', { count: model.rest.count }), model.rest.summary)}
        </tbody>
      </table>
    </div>
  )
}

type ReadOutActions = {
  readonly moveTo: (atMs: number | null) => void
  readonly onRange: ((fromMs: number, toMs: number) => void) | undefined
}

type ReadOut = { readonly spoken: string; readonly onKeyDown: (event: KeyboardEvent) => void; readonly end: () => void }

/** Reads the points by keys: the cursor goes with it, and what it meets is said. */
export function useReadOut(view: ChartView, { moveTo, onRange }: ReadOutActions): ReadOut {
  const t = useText(messages)
  const { model, fromMs, toMs, cursor } = view
  const [place, setPlace] = useState<{ readonly atMs: number; readonly text: string } | null>(null)
  const go = (index: number) => {
    const atMs = model.atMs[index]
    if (atMs === undefined || atMs < fromMs || atMs > toMs) return
    setPlace({ atMs, text: spokenText(view, index, t) })
    moveTo(atMs)
  }
  const end = () => {
    if (place === null) return
    setPlace(null)
    moveTo(null)
  }
  const zoom = (factor: number) => {
    const middle = place?.atMs ?? (fromMs + toMs) / 2
    const half = ((toMs - fromMs) * factor) / 2
    onRange?.(Math.round(middle - half), Math.round(middle + half))
  }
  const first = model.atMs.findIndex((atMs) => atMs >= fromMs)
  const last = model.atMs.findLastIndex((atMs) => atMs <= toMs)
  // while new points come in the same moment has another index
  const here = place === null ? (cursor?.index ?? null) : model.atMs.findLastIndex((atMs) => atMs <= place.atMs)
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    if (event.key === 'ArrowLeft') go(here === null ? last : Math.max(first, here - 1))
    else if (event.key === 'ArrowRight') go(here === null ? last : Math.min(last, here + 1))
    else if (event.key === 'Home') go(first)
    else if (event.key === 'End') go(last)
    else if (event.key === 'Escape' && place !== null) end()
    else if (onRange && (event.key === '+' || event.key === '=')) zoom(0.5)
    else if (onRange && event.key === '-') zoom(2)
    else return
    event.preventDefault()
    event.stopPropagation()
  }
  return { spoken: place?.text ?? '', onKeyDown, end }
}

function spokenText(view: ChartView, index: number, t: Translate<keyof typeof messages.en>): string {
  const { model, say, fromMs, toMs, language } = view
  const readings = readingsAt(model, index)
  const hidden = Math.max(0, readings.length - mostReadings) + (model.rest?.count ?? 0)
  return [
    pointTime(model.atMs[index] ?? 0, toMs - fromMs, language),
    ...readings.slice(0, mostReadings).map(({ label, value }) => `${label} ${say(value)}`),
    ...(readings.length === 0 ? [t('noValue')] : []),
    ...(hidden > 0 ? [t('more', { count: hidden })] : []),
  ].join(', ')
}
