import { Activity } from 'lucide-react'
import { useEffect, useId, useMemo, useRef } from 'react'
import { useText } from '../../i18n/messages.ts'
import { EmptyState } from '../empty-state.tsx'
import { pressKey } from './keyboard.ts'
import type { Grouping } from './layout.ts'
import { messages } from './messages.ts'
import { overviewPx } from './paint-overview.ts'
import { axisPx } from './scene.ts'
import type { ColourBy } from './shading.ts'
import { type BarId, TimelineController, type TimelineInput } from './timeline-controller.ts'
import { TimelineFooter, TimelineSummary } from './timeline-footer.tsx'
import { LaneLabels } from './timeline-labels.tsx'
import { TimelineQuiet } from './timeline-quiet.tsx'
import type { TimelineBar, TimelineStore } from './timeline-store.ts'
import { TimelineToolbar } from './timeline-toolbar.tsx'
import { TimelineTooltip } from './timeline-tooltip.tsx'
import { useSignal } from './use-signal.ts'
import { useStage } from './use-stage.ts'
import type { TimeSpan } from './view-window.ts'

type TimelineViewProps = {
  readonly store: TimelineStore
  readonly grouping: Grouping
  readonly colourBy: ColourBy
  /** New bars come, and those that run grow. */
  readonly isLive: boolean
  /** What has run already is still on its way. */
  readonly isReading?: boolean
  /** The clock of those who tell the times. @default Date.now */
  readonly nowMs?: () => number
  readonly selected?: BarId | null
  /** Shows the lineage of these tasks: the others are dimmed, and arrows go from parent to child. */
  readonly litTasks?: ReadonlySet<string> | undefined
  readonly onSelect: (bar: TimelineBar | null) => void
  readonly onOpen: (bar: TimelineBar) => void
  readonly onSpan: (span: TimeSpan | null) => void
  /** What it is a timeline of. */
  readonly label: string
}

/** Bars of attempts in lanes over time, as high as its container. */
export function TimelineView({
  store,
  label,
  isReading = false,
  nowMs = Date.now,
  selected = null,
  litTasks,
  ...choices
}: TimelineViewProps) {
  const input: TimelineInput = { ...choices, nowMs, selected, litTasks }
  const controller = useMemo(() => new TimelineController(store), [store])
  useEffect(() => controller.update(input))
  return (
    <section aria-label={label} className="flex h-full min-h-0 min-w-0 flex-col overflow-hidden rounded-lg border bg-surface">
      <TimelineToolbar controller={controller} />
      <TimelineBody controller={controller} label={label} isReading={isReading} />
      <TimelineFooter controller={controller} />
    </section>
  )
}

type BodyProps = { readonly controller: TimelineController; readonly label: string; readonly isReading: boolean }

function TimelineBody({ controller, label, isReading }: BodyProps) {
  const t = useText(messages)
  const [keysId, summaryId] = [useId(), useId()]
  const application = useRef<HTMLDivElement>(null)
  useStage(controller, application)
  return (
    // One widget with its own keys: what is drawn has no elements that could be focused. The focused bar is said by the live region in the footer.
    <div
      ref={application}
      role="application"
      tabIndex={0}
      aria-label={label}
      aria-describedby={`${summaryId} ${keysId}`}
      onKeyDown={(event) => {
        if (event.target !== event.currentTarget || !pressKey(controller, event)) return
        event.preventDefault()
        event.stopPropagation()
      }}
      className="group/timeline relative flex min-h-0 flex-1 flex-col border-t focus-visible:outline-none"
    >
      <p id={keysId} className="sr-only">
        {t('keys')}
      </p>
      <TimelineSummary id={summaryId} controller={controller} />
      <div data-part="scroller" className="min-h-0 flex-1 overflow-x-hidden overflow-y-auto" tabIndex={-1}>
        <div data-part="spacer">
          <div data-part="layer" className="sticky top-0 flex overflow-clip">
            <div className="relative w-44 shrink-0 border-r max-md:w-28">
              <div className="relative z-10 flex items-center border-b bg-surface px-3" style={{ height: axisPx }}>
                <span data-part="day" className="truncate text-xs text-soft" />
              </div>
              <div data-part="labels" className="absolute inset-x-0" style={{ top: axisPx }}>
                <LaneLabels controller={controller} />
              </div>
            </div>
            <div className="relative min-w-0 flex-1">
              <canvas data-part="lanes" aria-hidden className="absolute inset-0 size-full touch-none" />
              <TimelineTooltip controller={controller} />
              <TimelineQuiet controller={controller} />
              <Empty controller={controller} isReading={isReading} />
            </div>
          </div>
        </div>
      </div>
      <div className="flex border-t">
        <div className="w-44 shrink-0 border-r max-md:w-28" />
        <canvas data-part="overview" aria-hidden className="min-w-0 flex-1 touch-none" style={{ height: overviewPx }} />
      </div>
      {/* The ring lies over the lanes, whose ground would hide an outline. */}
      <span
        aria-hidden
        className="pointer-events-none absolute inset-0 z-30 hidden border-2 border-focus group-focus-visible/timeline:block"
      />
    </div>
  )
}

function Empty({ controller, isReading }: { readonly controller: TimelineController; readonly isReading: boolean }) {
  const t = useText(messages)
  useSignal(controller.choices)
  if (controller.store.range) return null
  return (
    <div className="absolute inset-0 flex items-center justify-center bg-surface">
      {isReading ? (
        <p className="text-soft">{t('reading')}</p>
      ) : (
        <EmptyState icon={Activity} title={t('empty')}>
          {controller.input.isLive && t('emptyLive')}
        </EmptyState>
      )}
    </div>
  )
}
