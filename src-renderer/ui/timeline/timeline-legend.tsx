import { useFormat } from '../../i18n/format.ts'
import { useText } from '../../i18n/messages.ts'
import { Button, buttonClass } from '../button.tsx'
import { classNames } from '../class-names.ts'
import { Popover } from '../popover.tsx'
import { barStates } from './bar-table.ts'
import { messages } from './messages.ts'
import { seriesOf } from './shading.ts'
import type { TimelineController } from './timeline-controller.ts'
import { useSignal } from './use-signal.ts'

type Entry = { readonly key: string; readonly label: string; readonly count: number; readonly colour: string }

/** All are in a list of their own. */
const shownCount = 6
const roomClass = 'nth-[n+5]:max-lg:hidden nth-[n+3]:max-md:hidden'

const colourOfState = {
  running: 'var(--info)',
  blocked: 'var(--warn)',
  finished: 'var(--good)',
  failed: 'var(--bad)',
  cancelled: 'var(--idle)',
} as const

/** Each function, or state, with its colour and number of bars. One that is pressed stands out, the others are dimmed. */
export function TimelineLegend({ controller }: { readonly controller: TimelineController }) {
  const t = useText(messages)
  useSignal(controller.choices)
  const { isolated, input } = controller
  const entries = useEntries(controller)
  const toggle = (key: string) => controller.isolate(isolated.has(key) ? [...isolated].filter((each) => each !== key) : [...isolated, key])
  const item = (entry: Entry, className?: string) => (
    <LegendItem
      key={entry.key}
      entry={entry}
      className={className}
      isPressed={isolated.has(entry.key)}
      onToggle={() => toggle(entry.key)}
    />
  )
  return (
    <div
      role="group"
      aria-label={t(input.colourBy === 'state' ? 'byState' : 'byFunction')}
      className="flex min-w-0 flex-1 items-center gap-0.5 overflow-hidden"
    >
      {entries.slice(0, shownCount).map((entry) => item(entry, roomClass))}
      {entries.length > 2 && (
        <Popover
          label={t(input.colourBy === 'state' ? 'byState' : 'byFunction')}
          trigger={
            <button type="button" className={buttonClass({ variant: 'quiet', size: 'sm' })}>
              {t('all', { count: entries.length })}
            </button>
          }
        >
          <div className="flex w-72 flex-col">{entries.map((entry) => item(entry))}</div>
        </Popover>
      )}
      {isolated.size > 0 && (
        <Button variant="quiet" size="sm" onClick={() => controller.isolate([])}>
          {t('showAll')}
        </Button>
      )}
    </div>
  )
}

/** Those with most bars first; states in their own order. */
function useEntries({ store, input }: TimelineController): readonly Entry[] {
  const t = useText(messages)
  const { countOfName, countOfState } = store.totals
  if (input.colourBy === 'state') {
    const states = barStates.map((state, number) => ({
      key: state,
      label: t(state),
      count: countOfState[number] ?? 0,
      colour: colourOfState[state],
    }))
    return states.filter(({ count }) => count > 0)
  }
  return store.names.texts
    .map((name, number) => ({
      key: name,
      label: name || t('unknown'),
      count: countOfName[number] ?? 0,
      colour: `var(--series-${seriesOf(name) + 1})`,
    }))
    .filter(({ count }) => count > 0)
    .sort((one, other) => other.count - one.count || (one.key < other.key ? -1 : 1))
}

type LegendItemProps = {
  readonly entry: Entry
  readonly isPressed: boolean
  readonly onToggle: () => void
  readonly className: string | undefined
}

function LegendItem({ entry, isPressed, onToggle, className }: LegendItemProps) {
  const t = useText(messages)
  const format = useFormat()
  return (
    <button
      type="button"
      aria-pressed={isPressed}
      title={t('isolateHint')}
      onClick={onToggle}
      className={classNames(
        'flex h-6 max-w-52 min-w-12 items-center gap-2 rounded-md px-2 text-sm text-soft hover:bg-hover hover:text-ink focus-visible:outline-offset-[-2px]',
        isPressed && 'bg-selected font-medium text-ink',
        className,
      )}
    >
      <span aria-hidden className="size-2 shrink-0 rounded-[2px]" style={{ background: entry.colour }} />
      <span className="truncate">{entry.label}</span>
      <span className="ml-auto shrink-0 text-xs text-faint tabular-nums">{format.number(entry.count)}</span>
    </button>
  )
}
