import { ChevronsDownUp, ChevronsRight, ChevronsUpDown, Maximize2, ZoomIn, ZoomOut } from 'lucide-react'
import { useText } from '../../i18n/messages.ts'
import { Button, IconButton } from '../button.tsx'
import { Tooltip } from '../tooltip.tsx'
import { messages } from './messages.ts'
import type { TimelineController } from './timeline-controller.ts'
import { TimelineLegend } from './timeline-legend.tsx'
import { useSignal } from './use-signal.ts'

const zoomFactor = 1.6

/** What the colours mean, and the moves that also have keys. */
export function TimelineToolbar({ controller }: { readonly controller: TimelineController }) {
  const t = useText(messages)
  useSignal(controller.choices)
  const { store, input, mode, collapsed } = controller
  return (
    <div className="flex h-9 shrink-0 items-center gap-2 px-2">
      <TimelineLegend controller={controller} />
      <span role="status" className="shrink-0 text-xs text-faint">
        {store.isRegrouping && t('arranging')}
      </span>
      <div className="flex shrink-0 items-center gap-1">
        {input.grouping === 'worker' && (
          <IconButton
            size="sm"
            label={t(collapsed.size > 0 ? 'expand' : 'collapse')}
            icon={collapsed.size > 0 ? ChevronsUpDown : ChevronsDownUp}
            onClick={() => controller.setAllCollapsed(collapsed.size === 0)}
          />
        )}
        <IconButton size="sm" label={t('zoomOut')} icon={ZoomOut} onClick={() => controller.zoom(zoomFactor)} />
        <IconButton size="sm" label={t('zoomIn')} icon={ZoomIn} onClick={() => controller.zoom(1 / zoomFactor)} />
        <IconButton size="sm" label={t('whole')} icon={Maximize2} isPressed={mode === 'whole'} onClick={() => controller.showWhole()} />
        {input.isLive && (
          <Tooltip text={t('followHint')}>
            <Button
              size="sm"
              icon={ChevronsRight}
              aria-pressed={mode === 'follow'}
              variant={mode === 'follow' ? 'quiet' : 'default'}
              className="aria-pressed:bg-selected aria-pressed:text-accent"
              onClick={() => controller.follow()}
            >
              {t('follow')}
            </Button>
          </Tooltip>
        )}
      </div>
    </div>
  )
}
