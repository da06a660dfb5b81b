import { useVirtualizer } from '@tanstack/react-virtual'
import { useRef } from 'react'
import { useFormat } from '../../i18n/format.ts'
import { useText } from '../../i18n/messages.ts'
import { textTones } from '../badge.tsx'
import { classNames } from '../class-names.ts'
import { StackedBar } from '../meter.tsx'
import { messages } from './messages.ts'

export const workStates = ['finished', 'running', 'waiting', 'failed'] as const
export type WorkState = (typeof workStates)[number]

export type FunctionWork = Readonly<Record<WorkState, number>> & {
  readonly name: string
  readonly perSecond?: number | null | undefined
  /** Time until all is done, estimated. */
  readonly leftMs?: number | null | undefined
}

type FunctionProgressProps = {
  readonly label: string
  readonly rows: readonly FunctionWork[]
  /** Without a state: all of that function. */
  readonly onSelect?: (name: string, state?: WorkState) => void
}

const stateTones = { finished: 'good', running: 'info', waiting: 'idle', failed: 'bad' } as const
const virtualFrom = 200
const rowHeight = 32
const columns =
  'grid grid-cols-[minmax(120px,1.4fr)_minmax(120px,2fr)_repeat(4,minmax(64px,84px))_72px_96px] items-center gap-x-3 px-3 text-sm'

/** How far the calls of each function are. Long lists scroll in a place of their own. */
export function FunctionProgress({ label, rows, onSelect }: FunctionProgressProps) {
  const t = useText(messages)
  const isVirtual = rows.length > virtualFrom
  return (
    <div className="overflow-x-auto">
      <div role="table" aria-label={label} aria-rowcount={rows.length + 1} className="min-w-[760px]">
        <div role="row" aria-rowindex={1} className={classNames(columns, 'h-7 border-b text-xs text-faint')}>
          <span role="columnheader">{t('function')}</span>
          <span role="columnheader">{t('progress')}</span>
          {workStates.map((state) => (
            <span key={state} role="columnheader" className="px-1 text-right">
              {t(state)}
            </span>
          ))}
          <span role="columnheader" className="text-right">
            {t('rate')}
          </span>
          <span role="columnheader" className="text-right">
            {t('left')}
          </span>
        </div>
        {rows.length === 0 && (
          <div role="row">
            <p role="cell" className="px-3 py-6 text-center text-faint">
              {t('noFunctions')}
            </p>
          </div>
        )}
        {isVirtual ? (
          <VirtualRows rows={rows} onSelect={onSelect} />
        ) : (
          rows.map((row, index) => <FunctionRow key={row.name} row={row} index={index} onSelect={onSelect} />)
        )}
      </div>
    </div>
  )
}

type Rows = { readonly rows: readonly FunctionWork[]; readonly onSelect: FunctionProgressProps['onSelect'] }

function VirtualRows({ rows, onSelect }: Rows) {
  const t = useText(messages)
  const box = useRef<HTMLDivElement>(null)
  // oxlint-disable-next-line react/incompatible-library -- what it returns is used in this render alone
  const virtual = useVirtualizer({ count: rows.length, getScrollElement: () => box.current, estimateSize: () => rowHeight, overscan: 8 })
  return (
    <div ref={box} role="rowgroup" aria-label={t('functionsHidden')} tabIndex={0} className="h-[480px] overflow-y-auto">
      <div role="presentation" className="relative" style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map(({ index, start }) => {
          const row = rows[index]
          return row && <FunctionRow key={row.name} row={row} index={index} onSelect={onSelect} top={start} />
        })}
      </div>
    </div>
  )
}

type FunctionRowProps = {
  readonly row: FunctionWork
  readonly index: number
  readonly onSelect: FunctionProgressProps['onSelect']
  /** Where it stands in a list that is shown in part. */
  readonly top?: number
}

function FunctionRow({ row, index, onSelect, top }: FunctionRowProps) {
  const t = useText(messages)
  const format = useFormat()
  const total = workStates.reduce((sum, state) => sum + row[state], 0)
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      className={classNames(columns, 'border-b hover:bg-hover', top !== undefined && 'absolute inset-x-0')}
      style={{ height: rowHeight, ...(top !== undefined && { top }) }}
    >
      <span role="rowheader" className="min-w-0 font-mono">
        {onSelect ? (
          <button
            type="button"
            title={row.name}
            onClick={() => onSelect(row.name)}
            className="block h-6 max-w-full truncate text-accent hover:underline"
          >
            {row.name}
          </button>
        ) : (
          <span title={row.name} className="block truncate">
            {row.name}
          </span>
        )}
      </span>
      <span role="cell" className="flex items-center gap-2">
        <span className="min-w-0 flex-1">
          <StackedBar
            label={row.name}
            segments={workStates.map((state) => ({ label: t(state), value: row[state], tone: stateTones[state] }))}
          />
        </span>
        <span className="w-9 text-right tabular-nums">{total === 0 ? '–' : format.percent(row.finished / total)}</span>
      </span>
      {workStates.map((state) => (
        <span key={state} role="cell" className="text-right tabular-nums">
          <StateCount row={row} state={state} onSelect={onSelect} />
        </span>
      ))}
      <span role="cell" className="text-right text-soft tabular-nums">
        {typeof row.perSecond === 'number' ? t('perSecond', { rate: format.number(Math.round(row.perSecond * 10) / 10) }) : '–'}
      </span>
      <span role="cell" className="truncate text-right text-soft tabular-nums">
        {typeof row.leftMs === 'number' ? format.duration(row.leftMs) : '–'}
      </span>
    </div>
  )
}

type StateCountProps = { readonly row: FunctionWork; readonly state: WorkState; readonly onSelect: FunctionProgressProps['onSelect'] }

function StateCount({ row, state, onSelect }: StateCountProps) {
  const t = useText(messages)
  const format = useFormat()
  const count = format.number(row[state])
  if (row[state] === 0) return <span className="px-1 text-faint">0</span>
  if (!onSelect) return <span className={classNames('px-1', state === 'failed' && textTones.bad)}>{count}</span>
  return (
    <button
      type="button"
      aria-label={t('openState', { name: row.name, count, state: t(state) })}
      onClick={() => onSelect(row.name, state)}
      className={classNames(
        'h-6 min-w-6 rounded-md px-1 text-right hover:bg-selected hover:underline',
        state === 'failed' && 'font-medium text-bad',
      )}
    >
      {count}
    </button>
  )
}
