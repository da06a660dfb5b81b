import { TriangleAlert } from 'lucide-react'
import { useFormat } from '../../i18n/format.ts'
import { useText } from '../../i18n/messages.ts'
import { stateNumbers } from './bar-table.ts'
import { messages } from './messages.ts'
import type { TimelineController } from './timeline-controller.ts'
import { lengthText } from './timeline-words.ts'
import { useSignal } from './use-signal.ts'
import { spanOf } from './view-window.ts'

/** One line: the focused bar, which is also said aloud, or the chosen span, or how to choose one; and what is missing. */
export function TimelineFooter({ controller }: { readonly controller: TimelineController }) {
  const t = useText(messages)
  const format = useFormat()
  useSignal(controller.choices)
  const { dropped, bars } = controller.store
  const gone = t('dropped', { kept: format.number(bars.count), count: dropped.bars, before: format.time(dropped.beforeMs) })
  return (
    <div className="flex h-7 shrink-0 items-center gap-3 border-t px-3 text-xs text-soft tabular-nums">
      <span role="status" className="min-w-0 flex-1 truncate">
        <StatusText controller={controller} />
      </span>
      {dropped.bars > 0 && (
        <span className="flex min-w-0 items-center gap-1 text-warn">
          <TriangleAlert size={14} aria-hidden className="shrink-0" />
          <span title={gone} className="truncate">
            {gone}
          </span>
        </span>
      )}
    </div>
  )
}

function StatusText({ controller }: { readonly controller: TimelineController }) {
  const t = useText(messages)
  const format = useFormat()
  const { focusedBar, span, store, input } = controller
  if (focusedBar >= 0) {
    const { name, state, startMs, endMs, workerId, nodeId } = store.bar(focusedBar)
    const length = lengthText(format, (endMs ?? input.nowMs()) - startMs)
    const lane = [store.labelOf(workerId), store.labelOf(nodeId)].filter((text) => text !== '').join(', ')
    return t('focused', {
      name,
      state: t(state),
      start: format.clock(startMs),
      length: endMs === null ? t('soFar', { length }) : length,
      lane,
    })
  }
  if (span) return t('selectedSpan', { length: lengthText(format, span.toMs - span.fromMs) })
  return <span className="text-faint">{t('hint')}</span>
}

/** The picture in a sentence, for those who do not see it. */
export function TimelineSummary({ id, controller }: { readonly id: string; readonly controller: TimelineController }) {
  const t = useText(messages)
  const format = useFormat()
  useSignal(controller.choices)
  const { store, view, size, whole } = controller
  const { countOfState } = store.totals
  const shown = spanOf(view, size.width)
  const text = t('summary', {
    bars: store.bars.count,
    lanes: store.layout?.lanes.size ?? 0,
    running: format.number(store.runningCount),
    failed: format.number(countOfState[stateNumbers.failed] ?? 0),
    from: format.time(whole.fromMs),
    to: format.time(whole.toMs),
    shownFrom: format.clock(shown.fromMs),
    shownTo: format.clock(shown.toMs),
  })
  return (
    <p id={id} className="sr-only">
      {store.bars.count === 0 ? t('empty') : text}
    </p>
  )
}
