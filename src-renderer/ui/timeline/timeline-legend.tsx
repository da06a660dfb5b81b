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

/** More are in a list of their own. */
const shownCount = 6

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
  const item = (entry: Entry) => (
    <LegendItem key={entry.key} entry={entry} isPressed={isolated.has(entry.key)} onToggle={() => toggle(entry.key)} />
  )
  const [shown, rest] = [entries.slice(0, shownCount), entries.slice(shownCount)]
  return (
    <div
      role="group"
      aria-label={t(input.colourBy === 'state' ? 'byState' : 'byFunction')}
      className="flex min-w-0 flex-1 items-center gap-0.5 overflow-hidden"
    >
      {shown.map(item)}
      {rest.length > 0 && (
        <Popover
          label={t('byFunction')}
          trigger={
            <button type="button" className={buttonClass({ variant: 'quiet', size: 'sm' })}>
              {t('more', { count: rest.length })}
            </button>
          }
        >
          <div className="flex w-72 flex-col">{rest.map(item)}</div>
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

type LegendItemProps = { readonly entry: Entry; readonly isPressed: boolean; readonly onToggle: () => void }

function LegendItem({ entry, isPressed, onToggle }: LegendItemProps) {
  const t = useText(messages)
  const format = useFormat()
  return (
    <button
      type="button"
      aria-pressed={isPressed}
      title={t('isolateHint')}
      onClick={onToggle}
      className={classNames(
        'flex h-6 max-w-52 min-w-12 items-center gap-1.5 rounded-md px-1.5 text-sm text-soft hover:bg-hover hover:text-ink focus-visible:outline-offset-[-2px]',
        isPressed && 'bg-selected font-medium text-ink',
      )}
    >
      <span aria-hidden className="size-2.5 shrink-0 rounded-[2px]" style={{ background: entry.colour }} />
      <span className="truncate">{entry.label}</span>
      <span className="ml-auto shrink-0 text-xs text-faint tabular-nums">{format.number(entry.count)}</span>
    </button>
  )
}
