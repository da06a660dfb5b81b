import { classNames } from './class-names.ts'
import { dotTones, type Tone } from './badge.tsx'

type MeterProps = { readonly value: number; readonly tone?: Tone; readonly label: string; readonly className?: string }

/** How full, from 0 to 1; the figure stands beside it. */
export function Meter({ value, tone, label, className }: MeterProps) {
  const part = Number.isFinite(value) ? Math.min(1, Math.max(0, value)) : 0
  const colour = dotTones[tone ?? (part > 0.95 ? 'bad' : part > 0.85 ? 'warn' : 'info')]
  return (
    <span
      role="meter"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(part * 100)}
      className={classNames('block h-1.5 min-w-10 overflow-hidden rounded-full bg-sunken', className)}
    >
      <span className={classNames('block h-full rounded-full', colour)} style={{ width: `${part * 100}%` }} />
    </span>
  )
}

export type Segment = { readonly label: string; readonly value: number; readonly tone: Tone }

/** Parts of a whole, side by side. */
export function StackedBar({ segments, label }: { readonly segments: readonly Segment[]; readonly label: string }) {
  const total = segments.reduce((sum, { value }) => sum + value, 0)
  const words = segments.filter(({ value }) => value > 0).map((segment) => `${segment.label}: ${segment.value}`)
  return (
    <span role="img" aria-label={`${label}: ${words.join(', ')}`} className="flex h-2 overflow-hidden rounded-full bg-sunken">
      {segments.map((segment) =>
        segment.value > 0 ? (
          <span
            key={segment.label}
            title={`${segment.label}: ${segment.value}`}
            className={classNames('h-full min-w-0.5', dotTones[segment.tone])}
            style={{ width: `${(segment.value / total) * 100}%` }}
          />
        ) : null,
      )}
    </span>
  )
}
