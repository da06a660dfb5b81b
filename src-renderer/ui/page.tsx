import { type ReactNode, useEffect, useRef } from 'react'
import { useText } from '../i18n/messages.ts'
import { safeText } from '../util/safe-text.ts'
import { classNames } from './class-names.ts'
import { messages } from './messages.ts'

type PageProps = {
  readonly title: ReactNode
  readonly subtitle?: ReactNode
  readonly actions?: ReactNode
  /** Links to what this is a part of, the outermost first. */
  readonly breadcrumbs?: readonly ReactNode[]
  /** Fills the window without scrolling as a whole: for tables, logs and canvases. @default false */
  readonly isFull?: boolean
  readonly children: ReactNode
}

export function Page({ title, subtitle, actions, breadcrumbs = [], isFull = false, children }: PageProps) {
  const t = useText(messages)
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => void (document.title = `${safeText(heading.current?.textContent ?? '', 120)} · Shoal`), [title])
  return (
    <div className={classNames('flex min-h-0 flex-1 flex-col', !isFull && 'overflow-y-auto')}>
      <header className="flex flex-wrap items-start gap-x-4 gap-y-2 px-6 pt-4 pb-3">
        <div className="min-w-0 flex-1">
          {breadcrumbs.length > 0 && (
            <nav aria-label={t('breadcrumbs')}>
              <ol className="flex flex-wrap gap-1 text-sm text-faint">
                {breadcrumbs.map((crumb, index) => (
                  // The place in the path is what a crumb is.
                  <li key={index} className="flex gap-1">
                    {crumb}
                    <span aria-hidden>/</span>
                  </li>
                ))}
              </ol>
            </nav>
          )}
          <h1 ref={heading} className="truncate text-xl font-semibold">
            {title}
          </h1>
          {subtitle !== undefined && <div className="text-soft">{subtitle}</div>}
        </div>
        {actions !== undefined && <div className="flex flex-wrap items-center gap-2">{actions}</div>}
      </header>
      <div className={classNames('px-6 pb-6', isFull && 'flex min-h-0 flex-1 flex-col')}>{children}</div>
    </div>
  )
}
