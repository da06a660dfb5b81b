import type { ReactNode } from 'react'
import { classNames } from './class-names.ts'

type CardProps = { readonly title?: ReactNode; readonly actions?: ReactNode; readonly className?: string; readonly children: ReactNode }

export function Card({ title, actions, className, children }: CardProps) {
  return (
    <section className={classNames('min-w-0 rounded-lg border bg-surface', className)}>
      {(title !== undefined || actions !== undefined) && (
        <header className="flex min-h-10 items-center gap-2 px-4 pt-2">
          <h2 className="min-w-0 flex-1 truncate font-semibold">{title}</h2>
          {actions}
        </header>
      )}
      <div className="px-4 pt-2 pb-4">{children}</div>
    </section>
  )
}
