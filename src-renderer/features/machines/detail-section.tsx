import type { ReactNode } from 'react'

type DetailSectionProps = { readonly title: string; readonly actions?: ReactNode; readonly children: ReactNode }

/** A part of what is told of a machine, under its own heading. */
export function DetailSection({ title, actions, children }: DetailSectionProps) {
  return (
    <section className="min-w-0">
      <div className="mb-1 flex min-h-6 items-center gap-2">
        <h3 className="min-w-0 flex-1 font-semibold">{title}</h3>
        {actions}
      </div>
      {children}
    </section>
  )
}

type Line = { readonly label: string; readonly value: ReactNode }

/** Names beside values, one a line; a value that is null is left out. */
export function Lines({ items }: { readonly items: readonly Line[] }) {
  return (
    <dl className="grid grid-cols-[minmax(88px,auto)_minmax(0,1fr)] items-baseline gap-x-4 gap-y-1">
      {items
        .filter(({ value }) => value !== null)
        .map(({ label, value }) => (
          <div key={label} className="contents">
            <dt className="text-faint">{label}</dt>
            <dd className="min-w-0 break-words">{value}</dd>
          </div>
        ))}
    </dl>
  )
}
