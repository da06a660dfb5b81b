import type { ReactNode } from 'react'
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

/** What is chosen so far, and the way on; it stays in sight. */
export function StepFooter({ children, note }: { readonly children: ReactNode; readonly note: ReactNode }) {
  return (
    <footer className="sticky bottom-0 z-10 -mx-6 mt-4 -mb-6 flex flex-wrap items-center gap-x-4 gap-y-2 border-t bg-canvas px-6 py-3">
      <div role="status" className="min-w-0 flex-1 text-soft">
        {note}
      </div>
      <div className="flex gap-2">{children}</div>
    </footer>
  )
}
