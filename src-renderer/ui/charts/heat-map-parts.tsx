import { Ban, CircleCheck, CircleHelp, CircleX, type LucideIcon, TriangleAlert } from 'lucide-react'
import type { CSSProperties } from 'react'
import { type Format, useFormat } from '../../i18n/format.ts'
import { type Translate, useText } from '../../i18n/messages.ts'
import { type Tone, textTones } from '../badge.tsx'
import { classNames } from '../class-names.ts'
import { Meter } from '../meter.tsx'
import { type RampStep, stepOf } from './colours.ts'
import { type HeatItem, type HeatMetric, isNearlyFull, nodeFigures, type NodeState } from './heat-map-items.ts'
import { type Box, shortName } from './heat-map-layout.ts'
import { messages } from './messages.ts'

type Words = Translate<keyof typeof messages.en>

const stateLooks: Readonly<Record<NodeState, { readonly icon: LucideIcon; readonly tone: Tone }>> = {
  alive: { icon: CircleCheck, tone: 'good' },
  draining: { icon: Ban, tone: 'warn' },
  suspect: { icon: CircleHelp, tone: 'warn' },
  dead: { icon: CircleX, tone: 'bad' },
}

const hatched: CSSProperties = {
  backgroundImage: 'repeating-linear-gradient(135deg, var(--line) 0 2px, transparent 2px 6px)',
}

function StateMark({ state, size = 12 }: { readonly state: NodeState; readonly size?: number }) {
  const { icon: Icon, tone } = stateLooks[state]
  return <Icon size={size} aria-hidden className={classNames('shrink-0', textTones[tone])} />
}

/** Name, state and all figures in one sentence. */
export function itemText(item: HeatItem, t: Words, format: Format): string {
  const figures = nodeFigures.flatMap((name) => {
    const value = item.values[name] ?? null
    return value === null ? [] : [`${t(name)} ${format.percent(value)}`]
  })
  return [item.name, t(item.state), ...(figures.length === 0 ? [t('noFigure')] : figures), ...(item.note ? [item.note] : [])].join(', ')
}

export type ItemProps = {
  readonly item: HeatItem
  /** In pixels. */
  readonly size: Pick<Box, 'width' | 'height'>
  readonly metric: HeatMetric
  readonly ramp: readonly RampStep[]
  readonly isSelected: boolean
  readonly isActive: boolean
}

const itemClass = ({ item, isSelected, isActive }: ItemProps) =>
  classNames(
    'h-full overflow-hidden border',
    item.state === 'draining' && 'border-dashed border-ink',
    item.state === 'dead' && 'border-strong',
    item.state === 'suspect' && 'border-warn-line',
    item.state !== 'dead' && isNearlyFull(item) && 'border-solid border-warn inset-ring-1 inset-ring-warn',
    isSelected && 'ring-2 ring-ink',
    isActive && 'outline-2 outline-offset-1 outline-focus',
  )

const cardFigures = ['cpu', 'memory', 'gpu', 'objectStore'] as const

/** All there is about a node, for a few of them. */
export function NodeCard(props: ItemProps) {
  const { item } = props
  const t = useText(messages)
  const format = useFormat()
  const isDead = item.state === 'dead'
  return (
    <div className={classNames(itemClass(props), 'rounded-lg bg-surface px-3 py-2 hover:bg-hover')} style={isDead ? hatched : undefined}>
      <div className="flex items-center gap-1.5">
        <span className="min-w-0 flex-1 truncate font-medium">{item.name}</span>
        <StateMark state={item.state} size={14} />
        <span className={classNames('text-sm', item.state === 'alive' ? 'text-soft' : textTones[stateLooks[item.state].tone])}>
          {t(item.state)}
        </span>
      </div>
      <dl className="mt-1 grid grid-cols-[auto_1fr_36px] items-center gap-x-2 text-xs leading-[18px]">
        {cardFigures.map((name) => {
          const value = isDead ? null : (item.values[name] ?? null)
          const isFull = (name === 'memory' || name === 'objectStore') && value !== null && value > 0.95
          return (
            <div key={name} className="contents">
              <dt className="text-soft">{t(name)}</dt>
              <dd>
                {value === null ? (
                  <span className="block h-1.5" />
                ) : (
                  <Meter value={value} tone={isFull ? 'warn' : 'info'} label={t(name)} className="border border-line" />
                )}
              </dd>
              <dd className={classNames('text-right tabular-nums', isFull ? 'font-semibold text-warn' : 'text-ink')}>
                {value === null ? <span className="text-soft">–</span> : format.percent(value)}
              </dd>
            </div>
          )
        })}
      </dl>
    </div>
  )
}

// of the widest fonts there are; what is still too long is cut
const letterWidths = { small: 7, large: 7.6 } as const

/** The name in short, and one figure. */
export function NodeTile(props: ItemProps) {
  const { item, size, metric, ramp } = props
  const format = useFormat()
  const isDead = item.state === 'dead'
  const value = isDead ? null : (item.values[metric] ?? null)
  const step = value === null ? undefined : stepOf(ramp, value)
  const isLarge = size.height >= 44
  const letters = Math.floor((size.width - 14) / (isLarge ? letterWidths.large : letterWidths.small))
  return (
    <div
      className={classNames(
        itemClass(props),
        'flex flex-col justify-center rounded-md px-1.5',
        isLarge && 'gap-0.5',
        !step && 'bg-surface',
      )}
      style={{
        ...(isDead && hatched),
        ...(step && { backgroundColor: step.fill, color: step.text }), // the ramp's own colours: a figure, not a look
      }}
    >
      <span className={classNames('overflow-hidden whitespace-nowrap', isLarge ? 'text-sm' : 'text-xs leading-[14px]')}>
        {shortName(item.name, letters)}
      </span>
      <span className={classNames('flex items-center gap-1 font-semibold tabular-nums', isLarge ? 'text-base' : 'text-xs leading-[14px]')}>
        <span className="flex-1">{value === null ? '–' : format.percent(value)}</span>
        {item.state === 'suspect' && <span aria-hidden>?</span>}
        {item.state === 'draining' && <Ban size={12} aria-hidden />}
        {isDead && <StateMark state="dead" />}
        {!isDead && isNearlyFull(item) && <TriangleAlert size={12} aria-hidden />}
      </span>
    </div>
  )
}

/** All about one node, beside it. */
export function NodeTip({ item, metric, side }: { readonly item: HeatItem; readonly metric: HeatMetric; readonly side: CSSProperties }) {
  const t = useText(messages)
  const format = useFormat()
  return (
    <div
      aria-hidden
      className="pointer-events-none absolute z-30 w-56 rounded-md border bg-raised px-3 py-2 text-sm shadow-float"
      style={side}
    >
      <div className="font-medium break-words">{item.name}</div>
      <div className="flex items-center gap-1 text-soft">
        <StateMark state={item.state} />
        {t(item.state)}
        {item.group !== undefined && <span className="ml-auto truncate pl-2 text-faint">{item.group}</span>}
      </div>
      <dl className="mt-1 grid grid-cols-[1fr_auto] gap-x-3">
        {nodeFigures.map((name) => {
          const value = item.values[name] ?? null
          const isFull = (name === 'memory' || name === 'objectStore') && value !== null && value > 0.95
          return (
            <div key={name} className={classNames('contents', name === metric && 'font-medium')}>
              <dt className="text-soft">{t(name)}</dt>
              <dd className={classNames('flex items-center justify-end gap-1 tabular-nums', isFull && 'text-warn')}>
                {isFull && <TriangleAlert size={12} />}
                {value === null ? '–' : format.percent(value)}
              </dd>
            </div>
          )
        })}
      </dl>
      {item.note && <p className="mt-1 text-soft">{item.note}</p>}
    </div>
  )
}

/** What colours and marks mean. */
export function HeatLegend({ metric, ramp }: { readonly metric: HeatMetric; readonly ramp: readonly RampStep[] }) {
  const t = useText(messages)
  const format = useFormat()
  const box = 'inline-block size-3 shrink-0 rounded-[2px] border'
  const glyph = 'border-soft text-center text-[11px] leading-[10px] font-semibold text-ink'
  return (
    <div className="mt-2 flex min-h-5 flex-wrap items-center gap-x-4 gap-y-1 text-xs text-soft">
      <span className="flex items-center gap-1.5">
        {t(metric)}
        <span className="tabular-nums">{format.percent(0)}</span>
        <span aria-hidden className="flex h-2.5 w-28 overflow-hidden rounded-[2px] border">
          {ramp.map(({ fill }) => (
            <span key={fill} className="flex-1" style={{ backgroundColor: fill }} />
          ))}
        </span>
        <span className="tabular-nums">{format.percent(1)}</span>
      </span>
      <span className="flex items-center gap-1.5">
        <span aria-hidden className={classNames(box, 'border-2 border-warn')} />
        {t('nearlyFull', { limit: format.percent(0.95) })}
      </span>
      <span className="flex items-center gap-1.5">
        <span aria-hidden className={classNames(box, 'border-dashed border-ink')} />
        {t('draining')}
      </span>
      <span className="flex items-center gap-1.5">
        <span aria-hidden className={classNames(box, glyph)}>
          ?
        </span>
        {t('suspect')}
      </span>
      <span className="flex items-center gap-1.5">
        <span aria-hidden className={classNames(box, glyph)} style={hatched}>
          ×
        </span>
        {t('dead')}
      </span>
      <span className="flex items-center gap-1.5">
        <span aria-hidden className={box} />
        {t('noFigure')}
      </span>
    </div>
  )
}
