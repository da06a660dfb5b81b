import type { ReactNode } from 'react'
import { useFormat } from '../../i18n/format.ts'
import { useText } from '../../i18n/messages.ts'
import { Dot, type Tone } from '../badge.tsx'
import type { BarState } from './bar-table.ts'
import { messages } from './messages.ts'
import type { Hit } from './pick.ts'
import { axisPx } from './scene.ts'
import type { TimelineController } from './timeline-controller.ts'
import { lengthText } from './timeline-words.ts'
import { useSignal } from './use-signal.ts'

const toneOfState: Readonly<Record<BarState, Tone>> = {
  running: 'info',
  blocked: 'warn',
  finished: 'good',
  failed: 'bad',
  cancelled: 'idle',
}
const widthPx = 260

/** What lies under the pointer, in words. */
export function TimelineTooltip({ controller }: { readonly controller: TimelineController }) {
  useSignal(controller.pointing)
  const { pointed, size } = controller
  if (!pointed) return null
  const isLow = pointed.y > size.height / 2
  const left = pointed.x + 16 + widthPx > size.width ? Math.max(4, pointed.x - 16 - widthPx) : pointed.x + 16
  return (
    <div
      aria-hidden
      className="pointer-events-none absolute z-20 rounded-md border bg-raised px-3 py-2 text-sm text-ink shadow-float"
      style={{ left, width: widthPx, ...(isLow ? { bottom: size.height - pointed.y + 12 } : { top: axisPx + pointed.y + 12 }) }}
    >
      <HitText hit={pointed.hit} controller={controller} />
    </div>
  )
}

function HitText({ hit, controller }: { readonly hit: Hit; readonly controller: TimelineController }) {
  const t = useText(messages)
  const format = useFormat()
  switch (hit.kind) {
    case 'bar':
      return <BarText bar={hit.bar} others={hit.others} controller={controller} />
    case 'crowd':
      return t('crowd', { count: hit.count })
    case 'group':
      return (
        <Titled title={hit.line.label || t('unknown')}>
          {t('busy', { running: format.number(hit.running), busy: format.percent(hit.busy) })}
        </Titled>
      )
    case 'idle':
      return <Titled title={t('idle')}>{lengthText(format, hit.span.toMs - hit.span.fromMs)}</Titled>
  }
}

type BarTextProps = { readonly bar: number; readonly others: number; readonly controller: TimelineController }

function BarText({ bar, others, controller: { store, input } }: BarTextProps) {
  const t = useText(messages)
  const format = useFormat()
  if (!store.bars.isUsed(bar)) return null
  const { name, state, startMs, endMs, nodeId, workerId, attempt } = store.bar(bar)
  const length = lengthText(format, (endMs ?? input.nowMs()) - startMs)
  const facts: readonly (readonly [string, ReactNode])[] = [
    [t('start'), format.clock(startMs)],
    [t('length'), endMs === null ? t('soFar', { length }) : length],
    [t('node'), store.labelOf(nodeId) || t('unknown')],
    [t('worker'), store.labelOf(workerId) || t('unknown')],
    [t('attempt'), format.number(attempt)],
  ]
  return (
    <>
      <p className="truncate font-medium">{name || t('unknown')}</p>
      <p className="mb-1 flex items-center gap-2 text-soft">
        <Dot tone={toneOfState[state]} />
        {t(state)}
      </p>
      <dl className="grid grid-cols-[auto_1fr] gap-x-3">
        {facts.map(([label, value]) => (
          <Fact key={label} label={label}>
            {value}
          </Fact>
        ))}
      </dl>
      {others > 0 && <p className="mt-1 text-faint">{t('others', { count: others })}</p>}
    </>
  )
}

function Fact({ label, children }: { readonly label: string; readonly children: ReactNode }) {
  return (
    <>
      <dt className="text-faint">{label}</dt>
      <dd className="truncate text-right tabular-nums">{children}</dd>
    </>
  )
}

function Titled({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <>
      <p className="truncate font-medium">{title}</p>
      <p className="text-soft tabular-nums">{children}</p>
    </>
  )
}
