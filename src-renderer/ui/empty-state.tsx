import type { LucideIcon } from 'lucide-react'
import type { ReactNode } from 'react'

type EmptyStateProps = { readonly icon: LucideIcon; readonly title: string; readonly action?: ReactNode; readonly children?: ReactNode }

/** Nothing is here: why, and what to do next. */
export function EmptyState({ icon: Icon, title, action, children }: EmptyStateProps) {
  return (
    <div className="mx-auto flex max-w-[440px] flex-col items-center gap-2 px-4 py-12 text-center">
      <Icon size={28} strokeWidth={1.5} aria-hidden className="text-faint" />
      <h2 className="text-lg font-semibold">{title}</h2>
      {children !== undefined && <div className="text-soft">{children}</div>}
      {action !== undefined && <div className="mt-2 flex flex-wrap justify-center gap-2">{action}</div>}
    </div>
  )
}
