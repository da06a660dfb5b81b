import { ChevronDown, ChevronRight } from 'lucide-react'
import { useText } from '../../i18n/messages.ts'
import { classNames } from '../class-names.ts'
import type { Line } from './lane-stack.ts'
import { messages } from './messages.ts'
import type { TimelineController } from './timeline-controller.ts'
import { useSignal } from './use-signal.ts'

/** Names of the lanes in sight, and a little beyond. */
export function LaneLabels({ controller }: { readonly controller: TimelineController }) {
  useSignal(controller.scrolling)
  return controller.shownLines.map((line) => (
    <div
      key={`${line.kind} ${line.key}`}
      className={classNames('absolute inset-x-0 flex items-start border-b text-sm', line.kind === 'group' && 'bg-canvas')}
      style={{ top: line.top, height: line.height }}
    >
      {line.kind === 'group' ? <GroupLabel line={line} controller={controller} /> : <LaneLabel line={line} />}
    </div>
  ))
}

function GroupLabel({ line, controller }: { readonly line: Line; readonly controller: TimelineController }) {
  const t = useText(messages)
  const Icon = line.isCollapsed ? ChevronRight : ChevronDown
  return (
    <button
      type="button"
      aria-expanded={!line.isCollapsed}
      title={line.label === '' ? line.id : `${line.label} (${line.id})`}
      onClick={() => controller.toggleGroup(line.key)}
      className="flex h-full w-full min-w-0 items-center gap-1 px-2 text-ink hover:bg-hover focus-visible:outline-offset-[-2px]"
    >
      <Icon size={14} aria-hidden className="shrink-0 text-faint" />
      <span className="truncate font-medium">{line.label || t('unknown')}</span>
      {/* The name needs the room first. */}
      <span className="ml-auto min-w-0 shrink-[99] truncate pl-1 text-xs text-faint tabular-nums max-md:hidden">
        {t('workers', { count: line.lanes.length })}
      </span>
    </button>
  )
}

function LaneLabel({ line }: { readonly line: Line }) {
  const t = useText(messages)
  return (
    <span title={line.id} className={classNames('truncate pt-[3px] pr-2 text-soft', line.isInner ? 'pl-6' : 'pl-3')}>
      {line.label || t('unknown')}
    </span>
  )
}
