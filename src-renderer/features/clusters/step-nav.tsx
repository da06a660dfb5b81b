import { type ReactNode, useEffect, useId, useRef } from 'react'
import { useText } from '../../i18n/messages.ts'
import { classNames } from '../../ui/class-names.ts'
import { messages } from './new-messages.ts'
import { type BuildStep, buildSteps } from './steps.ts'

type StepNavProps = { readonly step: BuildStep; readonly furthest: BuildStep; readonly onStep: (step: BuildStep) => void }

/** Where one is on the way, and back to what is done. */
export function StepNav({ step, furthest, onStep }: StepNavProps) {
  const t = useText(messages)
  const last = buildSteps.indexOf(furthest)
  return (
    <nav aria-label={t('steps')} className="mb-4">
      <ol className="flex flex-wrap gap-1">
        {buildSteps.map((each, index) => (
          <li key={each}>
            <button
              type="button"
              disabled={index > last}
              {...(each === step && { 'aria-current': 'step' as const })}
              onClick={() => onStep(each)}
              className={classNames(
                'flex h-7 items-center gap-2 rounded-md px-2 disabled:text-faint',
                each === step ? 'bg-selected font-medium text-ink' : 'text-soft enabled:hover:bg-hover',
              )}
            >
              <span
                className={classNames(
                  'flex size-4 items-center justify-center rounded-full text-xs tabular-nums',
                  each === step ? 'bg-accent text-on-accent' : 'border',
                )}
              >
                {index + 1}
              </span>
              {t(each)}
            </button>
          </li>
        ))}
      </ol>
    </nav>
  )
}

/** One step under its name. The button that led here is gone, so the focus comes here unless the step has put it in a field. */
export function StepSection({ step, children }: { readonly step: BuildStep; readonly children: ReactNode }) {
  const t = useText(messages)
  const id = useId()
  const heading = useRef<HTMLHeadingElement>(null)
  const shown = useRef(step)
  useEffect(() => {
    if (shown.current === step) return
    shown.current = step
    if (document.activeElement === document.body) heading.current?.focus()
  }, [step])
  return (
    <section aria-labelledby={id} className="**:scroll-mb-12">
      <h2 id={id} ref={heading} tabIndex={-1} className="sr-only">
        {t(step)}
      </h2>
      {children}
    </section>
  )
}

type StepFooterProps = {
  /** Said when it changes. */
  readonly note: ReactNode
  /** To be decided before one goes on. */
  readonly choice?: ReactNode
  readonly children: ReactNode
}

/** What is chosen so far, and the way on; it stays in sight. */
export function StepFooter({ children, note, choice }: StepFooterProps) {
  return (
    <footer className="sticky bottom-0 z-10 -mx-6 mt-4 -mb-6 flex flex-wrap items-center gap-x-4 gap-y-2 border-t bg-canvas px-6 py-3">
      <div className="flex min-w-0 flex-1 flex-wrap items-center gap-x-4 gap-y-1 text-soft">
        <div role="status">{note}</div>
        {choice}
      </div>
      <div className="flex gap-2">{children}</div>
    </footer>
  )
}
