import type { LucideIcon } from 'lucide-react'
import { useFormat } from '../../i18n/format.ts'
import { dotTones, textTones, type Tone } from '../badge.tsx'
import { classNames } from '../class-names.ts'

export type StateShare<State extends string = string> = {
  readonly state: State
  readonly label: string
  readonly count: number
  readonly tone: Tone
  readonly icon?: LucideIcon
}

type StateBarProps<State extends string> = {
  readonly label: string
  /** All states there are, in an order that stays: those with none are in the legend too, so that nothing moves. */
  readonly shares: readonly StateShare<State>[]
  /** Makes the legend and the parts of the bar choose a state. */
  readonly onSelect?: (state: State) => void
  readonly selected?: State | undefined
}

/** How many are in each state: a bar of parts, and a legend that can be chosen from. */
export function StateBar<State extends string>({ label, shares, onSelect, selected }: StateBarProps<State>) {
  const total = shares.reduce((sum, { count }) => sum + count, 0)
  return (
    <div className="min-w-0">
      <div aria-hidden className="flex h-2.5 gap-px overflow-hidden rounded-[4px] bg-sunken">
        {shares.map(({ state, count, tone, label: name }) =>
          count > 0 ? (
            <span
              key={state}
              title={name}
              onClick={onSelect && (() => onSelect(state))} // the legend does the same by keys
              className={classNames(
                'h-full min-w-1 transition-[flex-grow] duration-300',
                dotTones[tone],
                selected !== undefined && selected !== state && 'opacity-40',
              )}
              style={{ flexGrow: count / total, flexBasis: 0 }}
            />
          ) : null,
        )}
      </div>
      <ul aria-label={label} className="mt-1 -ml-1.5 flex flex-wrap gap-x-2">
        {shares.map((share) => (
          <li key={share.state}>
            {onSelect ? (
              <button
                type="button"
                aria-pressed={selected === undefined ? undefined : selected === share.state}
                onClick={() => onSelect(share.state)}
                className="flex h-6 items-center gap-1 rounded-md px-1.5 text-sm hover:bg-hover aria-pressed:bg-selected"
              >
                <LegendEntry {...share} />
              </button>
            ) : (
              <span className="flex h-6 items-center gap-1 px-1.5 text-sm">
                <LegendEntry {...share} />
              </span>
            )}
          </li>
        ))}
      </ul>
    </div>
  )
}

function LegendEntry({ label, count, tone, icon: Icon }: StateShare) {
  const format = useFormat()
  const isNone = count === 0
  return (
    <>
      {Icon ? (
        <Icon size={12} aria-hidden className={classNames('shrink-0', isNone ? 'text-faint' : textTones[tone])} />
      ) : (
        <span aria-hidden className={classNames('size-2 shrink-0 rounded-[2px]', dotTones[tone], isNone && 'opacity-40')} />
      )}
      <span className={isNone ? 'text-faint' : 'text-soft'}>{label}</span>
      <span className={classNames('tabular-nums', isNone ? 'text-faint' : 'font-medium text-ink')}>{format.number(count)}</span>
    </>
  )
}
