import { useFormat } from '../../i18n/format.ts'
import { useText } from '../../i18n/messages.ts'
import { Button } from '../button.tsx'
import { useNow } from '../use-now.ts'
import { messages } from './messages.ts'
import type { TimelineController } from './timeline-controller.ts'
import { useSignal } from './use-signal.ts'

/** Over lanes that are empty, as nothing runs now: when something did, and the way there. */
export function TimelineQuiet({ controller }: { readonly controller: TimelineController }) {
  const t = useText(messages)
  const format = useFormat()
  useSignal(controller.choices)
  useNow() // the window goes on with time
  const sinceMs = controller.quietSinceMs
  if (sinceMs === undefined) return null
  return (
    <div className="pointer-events-none absolute inset-x-0 top-1/3 flex justify-center px-4">
      <p className="pointer-events-auto flex flex-wrap items-center justify-center gap-3 rounded-lg border bg-raised px-4 py-2 shadow-float">
        <span title={format.time(sinceMs)}>{t('quiet', { when: format.relative(sinceMs, controller.input.nowMs()) })}</span>
        <Button size="sm" onClick={() => controller.showLast()}>
          {t('showLast')}
        </Button>
      </p>
    </div>
  )
}
