import { X } from 'lucide-react'
import { Dialog as Radix } from 'radix-ui'
import type { ReactNode } from 'react'
import { useText } from '../i18n/messages.ts'
import { IconButton } from './button.tsx'
import { classNames } from './class-names.ts'
import { messages } from './messages.ts'

type DialogProps = {
  readonly title: ReactNode
  readonly description?: ReactNode
  readonly isOpen: boolean
  readonly onClose: () => void
  readonly footer?: ReactNode
  readonly width?: 'sm' | 'md' | 'lg'
  readonly children?: ReactNode
}

const widths = { sm: 'max-w-[420px]', md: 'max-w-[640px]', lg: 'max-w-[960px]' } as const

/** What one fills in, else the dialog as a whole: never a button, whose tooltip would take the first Escape. */
function focusFirstControl(event: Event): void {
  const content = event.currentTarget
  if (!(content instanceof HTMLElement)) return
  event.preventDefault()
  const control = content.querySelector<HTMLElement>('input:not([type=hidden]), textarea, select')
  ;(control ?? content).focus()
}

export function Dialog({ title, description, isOpen, onClose, footer, width = 'md', children }: DialogProps) {
  const t = useText(messages)
  return (
    <Radix.Root open={isOpen} onOpenChange={(open) => !open && onClose()}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 bg-shade" />
        <Radix.Content
          {...(description === undefined && { 'aria-describedby': undefined })}
          tabIndex={-1}
          onOpenAutoFocus={focusFirstControl}
          className={classNames(
            'fixed top-1/2 left-1/2 z-40 flex outline-none max-h-[88vh] w-[calc(100vw-32px)] -translate-x-1/2 -translate-y-1/2 flex-col rounded-lg border bg-surface shadow-float',
            widths[width],
          )}
        >
          <header className="flex items-start gap-3 border-b px-4 py-3">
            <div className="min-w-0 flex-1">
              <Radix.Title className="text-lg font-semibold">{title}</Radix.Title>
              {description !== undefined && <Radix.Description className="mt-0.5 text-soft">{description}</Radix.Description>}
            </div>
            <IconButton label={t('close')} icon={X} size="sm" onClick={onClose} />
          </header>
          <div className="min-h-0 flex-1 overflow-y-auto px-4 py-3">{children}</div>
          {footer && <footer className="flex flex-wrap justify-end gap-2 border-t px-4 py-3">{footer}</footer>}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}
